//! A topology from the spans themselves.

use std::collections::HashSet;

use datafusion::logical_expr::lit;
use futures::TryStreamExt;
use schemas::{SpanBatch, SpanId, SpanKind, TraceId};

use super::call::Sign;
use super::graph::GraphSums;
use super::link::Linker;
use super::names::Names;
use super::spans::{LinkedSpan, TraceSpans, by_trace};
use super::{Topology, TopologyQuery, columns};
use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;
use crate::red::TimeSpan;
use crate::search::column;

/// Finds the calls of a range in the spans themselves.
pub(crate) async fn from_spans(
    spans: &Scan<'_>,
    query: &TopologyQuery,
    counting: &Counting,
) -> Result<Topology, QueryError> {
    let mut names = Names::default();
    let mut traces = TraceSpans::new(spans.reserve_memory("spans of a topology"));
    add_range(spans, query.range, counting, &mut traces, &mut names).await?;
    let beyond = reaching_beyond(traces.in_order(&names), query.range);
    add_traces(spans, &beyond, counting, &mut traces, &mut names).await?;
    let mut sums = GraphSums::new(query);
    let mut linker = Linker::default();
    for trace in by_trace(traces.in_order(&names)) {
        linker.link(trace, &names, |call| sums.add(&call, Sign::Added));
    }
    sums.finish(&mut names)
}

/// Adds the spans that started in a range.
pub(super) async fn add_range(
    spans: &Scan<'_>,
    range: TimeSpan,
    counting: &Counting,
    traces: &mut TraceSpans,
    names: &mut Names,
) -> Result<(), QueryError> {
    let start = || column(schemas::columns::START_TIME_UNIX_NANO);
    let in_range = start()
        .gt_eq(lit(range.from.0))
        .and(start().lt(lit(range.to.0)));
    let mut rows = spans.matching(in_range, columns::all()).await?;
    while let Some(batch) = rows.try_next().await? {
        counting.read_spans(batch.num_rows());
        traces.add(&SpanBatch::try_from_record_batch(&batch)?, names)?;
    }
    Ok(())
}

/// So many traces are looked up at a time.
const LOOK_UPS: usize = 4_096;

/// Adds all spans of some traces.
pub(super) async fn add_traces(
    spans: &Scan<'_>,
    ids: &[TraceId],
    counting: &Counting,
    traces: &mut TraceSpans,
    names: &mut Names,
) -> Result<(), QueryError> {
    for ids in ids.chunks(LOOK_UPS) {
        let found = spans.columns_of_traces(ids, columns::all()).await?;
        counting.read_spans(found.len());
        for batch in found.batches() {
            traces.add(batch, names)?;
        }
    }
    Ok(())
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
    let answering = trace.iter().filter(|span| is_answering(span));
    let answering: HashSet<SpanId> = answering.map(|span| span.span_id).collect();
    trace.iter().any(|span| {
        let lacks_parent = span.parent.is_some_and(|parent| !there.contains(&parent));
        // The other half may have started before it, by a clock that is behind.
        let may_lack_caller = is_answering(span)
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

fn is_answering(span: &LinkedSpan) -> bool {
    matches!(span.kind, SpanKind::Server | SpanKind::Consumer)
}
