//! Finds spans that stand for the cells of a heat map.
//!
//! Of up to [`READ_ALL`] spans all are read, so each cell has its newest spans. Of more, the range
//! is taken as [`PARTS`] parts, and of each part its newest spans are read; a cell of which none is
//! among them has no exemplar. Which spans are read is told by the counts, not by what comes first,
//! so the same question has the same answer.

use std::cmp::Reverse;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use futures::TryStreamExt;
use schemas::{SpanId, TraceId, UnixNanos, columns};

use super::heatmap::{Exemplar, Heatmap, HeatmapCell, HeatmapQuery};
use super::query::nanos;
use super::{RedQuery, TimeSpan, condition};
use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;

/// So many spans are read whatever the range.
const READ_ALL: u64 = 250_000;
/// The parts of a range that has more.
const PARTS: u64 = 32;

/// Adds to each cell its newest spans, as far as they are read.
pub(super) async fn find(
    spans: &Scan<'_>,
    query: &HeatmapQuery,
    heatmap: &mut Heatmap,
    counting: &Counting,
) -> Result<(), QueryError> {
    if query.exemplars == 0 {
        return Ok(());
    }
    let memory = spans.reserve_memory("exemplars");
    memory.try_grow(heatmap.cells.len() * query.exemplars * size_of::<Exemplar>())?;
    for window in windows(&query.red, heatmap) {
        let of_window = RedQuery {
            range: window,
            ..query.red.clone()
        };
        let wanted = [
            columns::TRACE_ID,
            columns::SPAN_ID,
            columns::START_TIME_UNIX_NANO,
            columns::DURATION_NANO,
        ];
        let condition = condition::of_spans(&of_window);
        let mut rows = spans.matching(condition, &wanted).await?;
        while let Some(batch) = rows.try_next().await? {
            counting.read_spans(batch.num_rows());
            let trace_ids = batch.column(0).as_fixed_size_binary();
            let span_ids = batch.column(1).as_fixed_size_binary();
            let starts = batch.column(2).as_primitive::<Int64Type>();
            let durations = batch.column(3).as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                let exemplar = Exemplar {
                    trace_id: TraceId(trace_ids.value(row).try_into().unwrap_or_default()),
                    span_id: SpanId(span_ids.value(row).try_into().unwrap_or_default()),
                    start: UnixNanos(starts.value(row)),
                    duration_nano: durations.value(row),
                };
                let cell = heatmap.cell_of(&query.red, exemplar.start, exemplar.duration_nano);
                if let Some(cell) = cell {
                    see(cell, exemplar, query.exemplars);
                }
            }
        }
    }
    Ok(())
}

/// Keeps the newest spans, one of each trace.
fn see(cell: &mut HeatmapCell, exemplar: Exemplar, limit: usize) {
    let order = |exemplar: &Exemplar| {
        let Exemplar { start, .. } = exemplar;
        (Reverse(*start), exemplar.trace_id, exemplar.span_id)
    };
    let kept = &mut cell.exemplars;
    let place = kept.partition_point(|other| order(other) < order(&exemplar));
    if place >= limit {
        return;
    }
    let of_trace = |other: &Exemplar| other.trace_id == exemplar.trace_id;
    match kept.iter().position(of_trace) {
        Some(newer) if newer < place => {}
        Some(older) => {
            kept.remove(older);
            kept.insert(place, exemplar);
        }
        None => {
            kept.truncate(limit - 1);
            kept.insert(place, exemplar);
        }
    }
}

/// The parts of the range that are read, newest first.
fn windows(query: &RedQuery, heatmap: &Heatmap) -> Vec<TimeSpan> {
    let mut by_step: Vec<(u32, u64)> = Vec::new();
    for ((step, _), cell) in &heatmap.cells {
        match by_step.last_mut() {
            Some((last, count)) if last == step => *count += cell.count,
            _ => by_step.push((*step, cell.count)),
        }
    }
    let all: u64 = by_step.iter().map(|(_, count)| count).sum();
    if all <= READ_ALL {
        return if all == 0 {
            Vec::new()
        } else {
            vec![query.range]
        };
    }
    let steps = query.range.length().as_nanos() / query.step.as_nanos().max(1);
    let in_part = u32::try_from(steps.div_ceil(PARTS.into())).unwrap_or(u32::MAX);
    let parts = by_step.chunk_by(|(one, _), (next, _)| one / in_part == next / in_part);
    let windows = parts.rev().map(|part| newest_of(query, part));
    windows.collect()
}

/// The newest steps of a part with no more spans than the part may have read; where one step has
/// more, the end of it.
fn newest_of(query: &RedQuery, steps: &[(u32, u64)]) -> TimeSpan {
    let step_nano = nanos(query.step);
    let allowed = READ_ALL / PARTS;
    let mut from = i64::MAX;
    let mut to = i64::MIN;
    let mut taken = 0;
    for (step, count) in steps.iter().rev() {
        let start = query.start_of_step(*step).0;
        to = to.max(start.saturating_add(step_nano));
        if taken + count > allowed {
            if taken == 0 {
                let share = allowed as f64 / *count as f64;
                let part = (step_nano as f64 * share) as i64;
                from = start + step_nano - part.clamp(1, step_nano);
            }
            break;
        }
        taken += count;
        from = start;
    }
    TimeSpan {
        from: UnixNanos(from),
        to: UnixNanos(to),
    }
}

#[cfg(test)]
mod tests;
