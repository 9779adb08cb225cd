//! What was sent by remote write.

use std::sync::atomic::Ordering::Relaxed;

use super::super::remote_write::RemoteWriteCounters;
use super::exposition::{Exposition, Kind};

pub(super) fn write(exposition: &mut Exposition, counters: &RemoteWriteCounters) {
    exposition
        .family(
            "spanhouse_remote_write_requests_total",
            Kind::Counter,
            "Requests of remote write, by how they ended.",
        )
        .sample(
            &[("outcome", "delivered")],
            counters.delivered.load(Relaxed),
        )
        .sample(&[("outcome", "refused")], counters.refused.load(Relaxed))
        .sample(&[("outcome", "given_up")], counters.given_up.load(Relaxed));
    exposition.counter(
        "spanhouse_remote_write_retries_total",
        "Requests of remote write that were sent again.",
        counters.retries.load(Relaxed),
    );
    exposition.counter(
        "spanhouse_remote_write_samples_total",
        "Samples that the receiver of remote write took.",
        counters.samples.load(Relaxed),
    );
    exposition.counter(
        "spanhouse_remote_write_rounds_failed_total",
        "Rounds of remote write without figures, because the question for them failed.",
        counters.rounds_failed.load(Relaxed),
    );
}
