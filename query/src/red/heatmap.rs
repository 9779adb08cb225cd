//! Durations counted by step and by size, for heat maps.

mod borders;

use std::collections::BTreeMap;

use schemas::{SpanId, StatusCode, TraceId, UnixNanos};

use super::histogram::{DurationHistogram, MalformedHistogram};
use super::query::{GroupBy, nanos};
use super::{RedQuery, Series};

/// What a heat map shows.
#[derive(Clone, Debug)]
pub(crate) struct HeatmapQuery {
    /// The spans, the range and the step. What makes a series has no meaning here.
    pub(crate) red: RedQuery,
    /// The most buckets of durations.
    pub(crate) buckets: usize,
    /// The most exemplars of a cell.
    pub(crate) exemplars: usize,
}

impl HeatmapQuery {
    /// The question for the cells that the map is made of: errors are counted apart.
    pub(super) fn of_cells(&self) -> RedQuery {
        RedQuery {
            group_by: vec![GroupBy::Status],
            ..self.red.clone()
        }
    }
}

/// Durations by step and bucket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heatmap {
    /// The borders of the buckets, in nanoseconds: bucket i holds durations from the border i up to,
    /// but not including, the border i + 1. One more than there are buckets; empty without spans.
    pub(crate) borders: Vec<i64>,
    /// The cells that have spans, by the number of their step and then of their bucket.
    pub(crate) cells: BTreeMap<(u32, usize), HeatmapCell>,
}

/// The spans of a step in a bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct HeatmapCell {
    /// How many.
    pub(crate) count: u64,
    /// How many of them have the status `error`.
    pub(crate) errors: u64,
    /// Some of them, in different traces, newest first.
    pub(crate) exemplars: Vec<Exemplar>,
}

/// A span that stands for those of its cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) start: UnixNanos,
    pub(crate) duration_nano: i64,
}

impl Heatmap {
    pub(super) fn of_series(
        query: &HeatmapQuery,
        mut series: Series,
    ) -> Result<Self, MalformedHistogram> {
        let mut lowest = i64::MAX;
        let mut highest = 0;
        let all_cells = series.iter_mut().flat_map(|(_, cells)| cells);
        for (_, cell) in all_cells {
            cell.unpack(&mut DurationHistogram::default())?;
            for (low, high, _) in cell.durations.buckets() {
                lowest = lowest.min(low);
                highest = highest.max(high);
            }
        }
        let mut heatmap = Self {
            borders: borders::finest(lowest, highest, query.buckets),
            cells: BTreeMap::new(),
        };
        for (group, cells) in series {
            let failed = group.value(GroupBy::Status) == Some(StatusCode::Error.name());
            for (step, mut cell) in cells {
                for (low, _, count) in cell.durations.buckets() {
                    let Some(bucket) = bucket_of(&heatmap.borders, low) else {
                        continue;
                    };
                    let cell = heatmap.cells.entry((step, bucket)).or_default();
                    cell.count += count;
                    cell.errors += if failed { count } else { 0 };
                }
            }
        }
        Ok(heatmap)
    }

    /// The cell that a span is in.
    pub(super) fn cell_of(
        &mut self,
        query: &RedQuery,
        start: UnixNanos,
        duration_nano: i64,
    ) -> Option<&mut HeatmapCell> {
        let step = start.0.checked_sub(query.range.from.0)? / nanos(query.step);
        let bucket = bucket_of(&self.borders, duration_nano.max(0))?;
        self.cells.get_mut(&(u32::try_from(step).ok()?, bucket))
    }
}

fn bucket_of(borders: &[i64], nanos: i64) -> Option<usize> {
    let above = borders.partition_point(|border| *border <= nanos);
    // The longest duration there can be is the last border itself.
    let bucket = above.min(borders.len().saturating_sub(1));
    bucket.checked_sub(1)
}

#[cfg(test)]
mod tests;
