//! The query engine's figures.

use query::Counters;

use super::exposition::{Exposition, Kind};
use super::seconds;

pub(super) fn write(exposition: &mut Exposition, counters: &Counters) {
    exposition.counter(
        "spanhouse_query_questions_total",
        "Questions that were asked.",
        counters.questions,
    );
    exposition.gauge(
        "spanhouse_query_questions_open",
        "Questions that wait or are being answered now.",
        counters.questions_open,
    );
    exposition
        .family(
            "spanhouse_query_failures_total",
            Kind::Counter,
            "Questions without an answer, by reason.",
        )
        .sample(&[("reason", "busy")], counters.refused_busy)
        .sample(&[("reason", "timeout")], counters.timed_out)
        .sample(&[("reason", "too_large")], counters.too_large)
        .sample(&[("reason", "failed")], counters.failed);
    exposition.counter(
        "spanhouse_query_answer_seconds_total",
        "Time spent on questions, waiting included, in seconds.",
        seconds(counters.answer_time_nano),
    );
    exposition.counter(
        "spanhouse_query_spans_read_total",
        "Spans read to answer.",
        counters.spans_read,
    );
    exposition.counter(
        "spanhouse_query_traces_assembled_total",
        "Traces put together.",
        counters.traces_assembled,
    );
    exposition.counter(
        "spanhouse_query_search_windows_total",
        "Time windows that searches looked through.",
        counters.search_windows,
    );
    exposition.gauge(
        "spanhouse_query_memory_bytes",
        "Memory that queries hold now.",
        counters.memory_bytes,
    );
}
