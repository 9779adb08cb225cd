//! A topology from the spans themselves.

use std::collections::HashSet;
use std::sync::Arc;

use schemas::{SpanId, SpanKind, TraceId};

use super::call::Sign;
use super::fetch::{SpanSource, around};
use super::graph::GraphSums;
use super::link::Linker;
use super::names::Names;
use super::operations::KeptOperations;
use super::spans::{LinkedSpan, by_trace};
use super::{Topology, TopologyQuery, TopologySource};
use crate::QueryError;
use crate::red::TimeSpan;

/// Finds the calls of a range in the spans themselves. Operations go by the names that count in
/// the rollups, unless the exact answer is asked for.
pub(super) async fn from_spans(
    source: &TopologySource<'_>,
    query: &TopologyQuery,
) -> Result<Topology, QueryError> {
    let all_spans = SpanSource {
        scan: &source.spans,
        counting: source.counting,
    };
    let mut names = Names::default();
    let mut traces = all_spans.no_spans();
    all_spans
        .add_range(query.range, &mut traces, &mut names)
        .await?;
    let beyond = reaching_beyond(traces.in_order(&names), query.range);
    all_spans
        .add_traces(&beyond, around(query.range), &mut traces, &mut names)
        .await?;
    let mut sums = GraphSums::new(
        Arc::new(query.clone()),
        source.spans.reserve_memory("sums of a topology"),
    );
    let mut linker = Linker::default();
    let mut kept = (!query.exact).then(|| KeptOperations::of(source.rollups));
    for trace in by_trace(traces.in_order(&names)) {
        for call in linker.link(trace, &names) {
            match &mut kept {
                Some(kept) => sums.add(&kept.call(call, &mut names), Sign::Added),
                None => sums.add(call, Sign::Added),
            }
        }
    }
    sums.reserve_memory()?;
    sums.finish(&mut names).await
}

/// Clocks of hosts may differ by so much, in nanoseconds.
const CLOCK_SKEW_NANO: i64 = 60_000_000_000;

/// The traces in which a call of the range may have a part outside it.
fn reaching_beyond(spans: &[LinkedSpan], range: TimeSpan) -> Vec<TraceId> {
    let traces = by_trace(spans).filter(|trace| reaches_beyond(trace, range));
    traces.map(|trace| trace[0].trace_id).collect()
}

fn reaches_beyond(trace: &[LinkedSpan], range: TimeSpan) -> bool {
    let there: HashSet<SpanId> = trace.iter().map(|span| span.span_id).collect();
    let parents: HashSet<SpanId> = trace.iter().filter_map(|span| span.parent).collect();
    // Those that share an id stand on both sides of one call.
    let answering = trace.iter().filter(|span| span.is_answering());
    let answering: HashSet<SpanId> = answering.map(|span| span.span_id).collect();
    trace.iter().any(|span| {
        let lacks_parent = span.parent.is_some_and(|parent| !there.contains(&parent));
        // The other half may have started before it, by a clock that is behind.
        let may_lack_caller = span.is_answering()
            && span.parent.is_none()
            && span.start.0.saturating_sub(range.from.0) < CLOCK_SKEW_NANO;
        let lacks_answer = matches!(span.role(), SpanKind::Client | SpanKind::Producer)
            && !parents.contains(&span.span_id)
            && !answering.contains(&span.span_id);
        let is_near_end = span.end().saturating_add(CLOCK_SKEW_NANO) >= range.to.0;
        lacks_parent
            || may_lack_caller
            || span.end() >= range.to.0
            || span.call_path.is_some()
            || (lacks_answer && (is_near_end || span.kind == SpanKind::Producer))
    })
}
