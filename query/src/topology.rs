//! Topology: who calls whom, through what, how often, how long and how well.
//!
//! ```text
//!   TopologyQuery ──► spans of the range ─┐
//!                     (a dozen columns)   ├─► by trace ──► link ──► calls ──► Topology
//!                     whole traces, where ┘              (pure)    by edge
//!                     one reaches beyond the range
//! ```
//!
//! A call counts in the range in which its first half started. Calls are found in whole traces, so
//! a span that came late, or a call that crosses the ends of the range, is neither lost nor doubled.

mod call;
mod columns;
mod graph;
mod link;
mod peer;
mod query;
mod spans;

use std::collections::HashSet;

use datafusion::logical_expr::lit;
use futures::TryStreamExt;
use schemas::{SpanBatch, TraceId};

use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;
use crate::search::column;

pub use graph::{HalfFigures, Topology, TopologyEdge, TopologyNode};
pub use peer::{ConnectionType, NodeKind};
pub use query::TopologyQuery;

pub(crate) use columns::all as columns;

use graph::Graph;
use link::link;
use spans::{Names, TraceSpans};

/// Finds the calls of a range in the spans themselves.
pub(crate) async fn from_spans(
    spans: &Scan<'_>,
    query: &TopologyQuery,
    counting: &Counting,
) -> Result<Topology, QueryError> {
    let mut names = Names::default();
    let mut traces = TraceSpans::new(spans.reserve_memory("spans of a topology"));
    let start = || column(schemas::columns::START_TIME_UNIX_NANO);
    let in_range = start()
        .gt_eq(lit(query.range.from.0))
        .and(start().lt(lit(query.range.to.0)));
    let mut rows = spans.matching(in_range, columns::all()).await?;
    while let Some(batch) = rows.try_next().await? {
        counting.read_spans(batch.num_rows());
        traces.add(&SpanBatch::try_from_record_batch(&batch)?, &mut names)?;
    }
    let beyond = traces.reaching_beyond(query.range);
    add_whole_traces(spans, &beyond, &mut traces, &mut names).await?;
    let mut graph = Graph::new(query);
    for trace in traces.by_trace() {
        link(trace, &names, |call| graph.add(call));
    }
    Ok(graph.finish(&names))
}

/// So many traces are looked up at a time.
const LOOK_UPS: usize = 1_000;

async fn add_whole_traces(
    spans: &Scan<'_>,
    ids: &HashSet<TraceId>,
    traces: &mut TraceSpans,
    names: &mut Names,
) -> Result<(), QueryError> {
    let mut ids: Vec<TraceId> = ids.iter().copied().collect();
    ids.sort_unstable();
    for ids in ids.chunks(LOOK_UPS) {
        for batch in spans.traces(ids).await?.batches() {
            traces.add(batch, names)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
