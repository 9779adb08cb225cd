//! A topology from the rollups, and from the spans that are not rolled up yet.

use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, col, lit};
use futures::TryStreamExt;
use schemas::rollups::{DIMENSION, EDGE_DIMENSION_STEPS};
use schemas::{TraceId, UnixNanos};
use tokio::task::JoinSet;

use super::changes::{Change, Changes};
use super::fetch::{SpanSource, around};
use super::graph::GraphSums;
use super::names::Names;
use super::operations::KeptOperations;
use super::rollup::{EdgeDimension, EdgeRows};
use super::spans::{LinkedSpan, by_trace};
use super::{Topology, TopologyDimension, TopologyQuery, TopologySource};
use crate::QueryError;
use crate::red::{RED_BUCKET, TimeSpan, nanos};
use crate::rollups::rows_of_range;

/// Sums the rows of a range, and adds what the spans that are not rolled up yet change in it.
pub(super) async fn from_rollups(
    source: &TopologySource<'_>,
    query: &TopologyQuery,
) -> Result<Topology, QueryError> {
    let query = Arc::new(query.clone());
    let no_sums = || {
        let memory = source.edges.reserve_memory("sums of a topology");
        GraphSums::new(Arc::clone(&query), memory)
    };
    let columns = EdgeRows::columns(&query.by);
    let partitions = source.edges.select_partitions(condition(&query), columns);
    // Each partition of the rows is added up on a thread of its own.
    let mut parts = JoinSet::new();
    for rows in partitions.await? {
        parts.spawn(sums_of(rows, no_sums()));
    }
    let (mut sums, mut names) = (no_sums(), Names::default());
    while let Some(part) = parts.join_next().await {
        let (part, part_names) = part??;
        sums.join(part, &names.take_over(&part_names));
        sums.reserve_memory()?;
    }
    add_unrolled(source, &query, &mut sums, &mut names).await?;
    sums.finish(&mut names).await
}

/// Adds up a partition of the rows, with names of its own.
async fn sums_of(
    mut rows: SendableRecordBatchStream,
    mut sums: GraphSums,
) -> Result<(GraphSums, Names), QueryError> {
    let mut names = Names::default();
    while let Some(batch) = rows.try_next().await? {
        sums.add_rows(EdgeRows::of(&batch)?, &mut names);
        sums.reserve_memory()?;
    }
    Ok((sums, names))
}

/// Adds what unrolled spans change: in their traces, of which some spans may be rolled up.
async fn add_unrolled(
    source: &TopologySource<'_>,
    query: &TopologyQuery,
    sums: &mut GraphSums,
    names: &mut Names,
) -> Result<(), QueryError> {
    let of = |scan| SpanSource {
        scan,
        counting: source.counting,
    };
    let (unrolled, rolled) = (of(&source.unrolled_spans), of(&source.rolled_spans));
    let mut fresh = unrolled.no_spans();
    unrolled
        .add_range(around(query.range), &mut fresh, names)
        .await?;
    let fresh = fresh.in_order(names);
    let ids: Vec<TraceId> = by_trace(fresh).map(|trace| trace[0].trace_id).collect();
    let mut earlier = rolled.no_spans();
    rolled
        .add_traces(&ids, around(starts(fresh)), &mut earlier, names)
        .await?;
    let earlier = earlier.in_order(names);
    let mut kept = KeptOperations::of(source.rollups);
    Changes::default().each(fresh, earlier, names, |change, names| {
        if let Change::Call(call, sign) = change {
            sums.add(&kept.call(call, names), sign);
        }
    });
    sums.reserve_memory()?;
    Ok(())
}

/// When spans start.
fn starts(spans: &[LinkedSpan]) -> TimeSpan {
    let first = spans.iter().map(|span| span.start).min();
    let last = spans.iter().map(|span| span.start).max();
    TimeSpan {
        from: first.unwrap_or_default(),
        to: UnixNanos(last.unwrap_or_default().0.saturating_add(1)),
    }
}

/// Whether the rows tell all apart that is asked for, and have buckets of which the range and its
/// points are whole ones.
pub(super) fn has_rows_for(query: &TopologyQuery) -> bool {
    let TimeSpan { from, to } = query.range;
    let mut lengths = [from.0, to.0, query.step.map_or(0, nanos)].into_iter();
    let shortest = shortest_bucket(&query.by).map(nanos);
    query.by.is_empty()
        || shortest.is_some_and(|shortest| lengths.all(|length| length % shortest == 0))
}

/// The shortest buckets of rows that tell so much apart; none where no rows do.
pub(crate) fn shortest_bucket(by: &[TopologyDimension]) -> Option<Duration> {
    match EdgeDimension::of_query(by).len() {
        0 => Some(RED_BUCKET),
        1 => Some(Duration::from_secs(EDGE_DIMENSION_STEPS[0].cast_unsigned())),
        _ => None,
    }
}

/// The rows that make up the range: of the longest steps, and fresh ones.
fn condition(query: &TopologyQuery) -> Expr {
    let dimension = EdgeDimension::of_query(&query.by).pop_first();
    rows_of_range(query.range, query.step, |_| match dimension {
        None => col(DIMENSION).is_null(),
        Some(dimension) => col(DIMENSION).eq(lit(dimension.name())),
    })
}
