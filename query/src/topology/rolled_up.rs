//! A topology from the rollups, and from the spans that are not rolled up yet.

use datafusion::logical_expr::{Expr, col, lit};
use futures::TryStreamExt;
use schemas::rollups::{BUCKET_START, edge_schema};
use schemas::{TraceId, UnixNanos};

use super::changes::each_change;
use super::exact::{add_range, add_traces};
use super::graph::GraphSums;
use super::names::Names;
use super::rollup::EdgeRows;
use super::spans::{TraceSpans, by_trace};
use super::{Topology, TopologyQuery};
use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;
use crate::red::TimeSpan;
use crate::rollups::{cover, longest_within};

/// The spans of a trace start within so much of each other, in nanoseconds.
const TRACE_NANO: i64 = 24 * 60 * 60 * 1_000_000_000;

/// What a topology is made of, all of one snapshot.
pub(crate) struct RolledUp<'a> {
    /// The rows of the spans that are rolled up.
    pub(crate) edges: Scan<'a>,
    /// The spans that are rolled up.
    pub(crate) rolled_spans: Scan<'a>,
    /// The spans that are not.
    pub(crate) unrolled_spans: Scan<'a>,
}

/// Sums the rows of a range, and adds what the spans that are not rolled up yet change in it.
pub(crate) async fn from_rollups(
    tables: &RolledUp<'_>,
    query: &TopologyQuery,
    counting: &Counting,
) -> Result<Topology, QueryError> {
    let mut names = Names::default();
    let mut sums = GraphSums::new(query);
    let memory = tables.edges.reserve_memory("rows of a topology");
    let all = edge_schema().fields().iter().map(|field| field.name().as_str());
    let mut rows = tables.edges.named_columns(condition(query), all).await?;
    while let Some(batch) = rows.try_next().await? {
        memory.try_grow(batch.get_array_memory_size())?;
        sums.add_rows(EdgeRows::of(&batch)?, &mut names);
    }

    let range = TimeSpan {
        from: UnixNanos(query.range.from.0.saturating_sub(TRACE_NANO)),
        to: UnixNanos(query.range.to.0.saturating_add(TRACE_NANO)),
    };
    let of_spans = |scan: &Scan<'_>| TraceSpans::new(scan.reserve_memory("spans of a topology"));
    let mut fresh = of_spans(&tables.unrolled_spans);
    add_range(&tables.unrolled_spans, range, counting, &mut fresh, &mut names).await?;
    let fresh = fresh.in_order(&names);
    let ids: Vec<TraceId> = by_trace(fresh).map(|trace| trace[0].trace_id).collect();
    let mut earlier = of_spans(&tables.rolled_spans);
    add_traces(&tables.rolled_spans, &ids, counting, &mut earlier, &mut names).await?;
    let earlier = earlier.in_order(&names);
    each_change(fresh, earlier, &names, |call, sign| sums.add(&call, sign));
    sums.finish(&mut names)
}

/// The rows that make up the range.
fn condition(query: &TopologyQuery) -> Expr {
    let longest = query.step.map_or(i64::MAX, longest_within);
    let starts_in = |range: TimeSpan| {
        col(BUCKET_START)
            .gt_eq(lit(range.from.0))
            .and(col(BUCKET_START).lt(lit(range.to.0)))
    };
    let parts = cover(query.range, longest).into_iter().map(|buckets| {
        col("step_seconds")
            .eq(lit(buckets.step))
            .and(starts_in(buckets.range))
    });
    let part = parts.reduce(Expr::or).unwrap_or_else(|| lit(false));
    let is_total = col("is_total").eq(lit(query.by.is_empty()));
    is_total.and(starts_in(query.range)).and(part)
}
