//! Figures from rollups, and from the spans that are not rolled up yet.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use schemas::{SpanBatch, TraceId, UnixNanos};
use tokio::task::JoinSet;

use super::cells::Cells;
use super::query::{RED_BUCKET, RedQuery, TimeSpan, nanos};
use super::row_sums::RowSums;
use super::span_columns::{self, SpanColumns};
use super::{RedDimension, RedSource, Series, condition};
use crate::QueryError;
use crate::rollups::RedRows;

/// So many traces are looked up at a time.
const LOOK_UPS: usize = 5_000;

/// Whether the rows tell all apart that is asked for, and have buckets of which the range and its
/// points are whole ones.
pub(super) fn has_rows_for(query: &RedQuery) -> bool {
    let RedQuery { range, step, .. } = query;
    let mut lengths = [nanos(*step), range.from.0, range.to.0].into_iter();
    RedDimension::of_query(query).len() <= 1
        && lengths.all(|length| length % nanos(RED_BUCKET) == 0)
}

/// Adds up the rows, and the spans that they do not count yet.
pub(super) async fn series(source: &RedSource<'_>, query: &RedQuery) -> Result<Series, QueryError> {
    let mut cells = Cells::new(query, source.red.reserve_memory("figures of rollups"));
    let wanted = RedRows::columns(&query.group_by);
    let condition = condition::of_rows(query);
    let shared = Arc::new(query.clone());
    // Each partition of the rows is added up on a thread of its own.
    let mut partitions = JoinSet::new();
    for rows in source.red.select_partitions(condition, wanted).await? {
        let memory = source.red.reserve_memory("rows of rollups");
        let rows = rows.map_err(QueryError::from).boxed();
        partitions.spawn(RowSums::of(Arc::clone(&shared), rows, memory));
    }
    while let Some(sums) = partitions.join_next().await {
        cells.add_rows(sums??)?;
    }
    add_unrolled(source, query, &mut cells).await?;
    Ok(cells.into_series())
}

/// A span that is not rolled up yet may be one that was sent before, and is rolled up.
async fn add_unrolled(
    source: &RedSource<'_>,
    query: &RedQuery,
    cells: &mut Cells<'_>,
) -> Result<(), QueryError> {
    let held = source.red.reserve_memory("spans not rolled up");
    let mut unrolled = Vec::new();
    let mut stream = source
        .unrolled_spans
        .matching(condition::of_any_operation(query), span_columns::all())
        .await?;
    while let Some(batch) = stream.try_next().await? {
        source.counting.read_spans(batch.num_rows());
        held.try_grow(batch.get_array_memory_size())?;
        unrolled.push(SpanBatch::try_from_record_batch(&batch)?);
    }
    let (ids, range) = traces_of(&unrolled, query);
    for ids in ids.chunks(LOOK_UPS) {
        let mut stream = source
            .rolled_spans
            .matching(condition::of_traces(ids, range), span_columns::all())
            .await?;
        while let Some(batch) = stream.try_next().await? {
            source.counting.read_spans(batch.num_rows());
            cells.leave_out(&SpanBatch::try_from_record_batch(&batch)?)?;
        }
    }
    for batch in &unrolled {
        cells.add(batch, source.rollups)?;
    }
    Ok(())
}

/// The traces of spans, and when these start: the same spans, sent before, start then too, and few
/// files have spans of that time.
fn traces_of(batches: &[SpanBatch], query: &RedQuery) -> (Vec<TraceId>, TimeSpan) {
    let mut ids = BTreeSet::new();
    let (mut first, mut last) = (query.range.to.0, query.range.from.0);
    for batch in batches {
        let Some(columns) = SpanColumns::of(batch) else {
            continue;
        };
        let mut last_id = None;
        for row in 0..batch.rows() {
            first = first.min(columns.start(row));
            last = last.max(columns.start(row));
            let id = columns.trace_id(row);
            if last_id != Some(id) {
                ids.extend(id.try_into().map(TraceId));
                last_id = Some(id);
            }
        }
    }
    let range = TimeSpan {
        from: UnixNanos(first),
        to: UnixNanos(last.saturating_add(1)),
    };
    (ids.into_iter().collect(), range)
}
