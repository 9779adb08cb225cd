//! Figures, from cells.

use std::time::Duration;

use schemas::UnixNanos;

use super::cells::{Cell, Group};
use super::query::{GroupBy, nanos};
use super::{RedQuery, Series};

/// The figures of some spans.
#[derive(Clone, Debug, PartialEq)]
pub struct RedFigures {
    /// How many there are.
    pub count: u64,
    /// How many of them have the status `error`.
    pub errors: u64,
    /// How many there are a second.
    pub qps: f64,
    /// The mean duration, in nanoseconds; none without spans.
    pub avg_time_nano: Option<f64>,
    /// The longest duration, in nanoseconds; none without spans.
    pub max_time_nano: Option<i64>,
    /// The percentiles asked for, in their order, in nanoseconds; empty without spans.
    pub percentiles_nano: Vec<i64>,
}

/// The figures of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct RedSeries {
    group: Group,
    /// Over the whole range.
    pub total: RedFigures,
    /// By the start of each step that has spans, in order.
    pub points: Vec<(UnixNanos, RedFigures)>,
}

impl RedSeries {
    /// What makes the group; none where it was not asked for, and for spans that name no instance.
    pub fn value(&self, by: GroupBy) -> Option<&str> {
        self.group.value(by)
    }
}

/// What a question for figures is answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct RedAnswer {
    /// Over all series.
    pub total: RedFigures,
    /// By group.
    pub series: Vec<RedSeries>,
}

pub(super) fn of_series(query: &RedQuery, cells: Series) -> RedAnswer {
    let range = query.range.length();
    let mut total = Cell::default();
    let mut series = Vec::new();
    for (group, cells) in cells {
        let mut group_total = Cell::default();
        let mut points = Vec::with_capacity(cells.len());
        for (bucket, mut cell) in cells {
            group_total.merge(&cell);
            let start = query.range.from.0 + i64::from(bucket) * nanos(query.step);
            points.push((
                UnixNanos(start),
                figures(&mut cell, query.step, &query.percentiles),
            ));
        }
        total.merge(&group_total);
        series.push(RedSeries {
            group,
            total: figures(&mut group_total, range, &query.percentiles),
            points,
        });
    }
    RedAnswer {
        total: figures(&mut total, range, &query.percentiles),
        series,
    }
}

fn figures(cell: &mut Cell, over: Duration, percentiles: &[f64]) -> RedFigures {
    let has_spans = cell.count > 0;
    RedFigures {
        count: cell.count,
        errors: cell.errors,
        qps: cell.count as f64 / over.as_secs_f64(),
        avg_time_nano: has_spans.then(|| cell.sum_nano as f64 / cell.count as f64),
        max_time_nano: has_spans.then_some(cell.max_nano),
        // The middle of the last bucket may lie beyond the longest duration.
        percentiles_nano: cell
            .durations
            .percentiles(percentiles)
            .into_iter()
            .flatten()
            .map(|nanos| nanos.min(cell.max_nano))
            .collect(),
    }
}
