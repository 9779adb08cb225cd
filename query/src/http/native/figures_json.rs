//! Rate, errors and durations in the native JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::red::RedFigures;

/// Rate, errors and durations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedFigures)]
pub(super) struct FiguresJson {
    /// The number of spans.
    count: u64,
    /// How many of them have the status `error`.
    errors: u64,
    /// Spans a second.
    qps: f64,
    /// The part of spans without error, from 0 to 1; absent without spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    success_rate: Option<f64>,
    /// The part of spans with an error, from 0 to 1; absent without spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_rate: Option<f64>,
    /// The mean duration, nanoseconds; absent without spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_time_nano: Option<f64>,
    /// The longest duration, nanoseconds; absent without spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_time_nano: Option<i64>,
    /// Durations in nanoseconds by percentile; empty without spans.
    percentiles_nano: BTreeMap<String, i64>,
    /// From 0 to 1, where a threshold was given; absent without spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    apdex: Option<f64>,
}

/// What became of earlier figures, as a part of them: 0.25 is a quarter more, −1 is none left.
/// Absent where there was nothing.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedChange)]
pub(super) struct ChangeJson {
    /// Of spans a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    qps: Option<f64>,
    /// Of the part of spans with an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_rate: Option<f64>,
    /// Of the mean duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_time: Option<f64>,
    /// Of the longest duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_time: Option<f64>,
    /// Of durations by percentile.
    percentiles: BTreeMap<String, f64>,
}

impl FiguresJson {
    pub(super) fn of(percentiles: &[f64], figures: &RedFigures) -> Self {
        let by_percentile = percentiles.iter().zip(&figures.percentiles_nano);
        Self {
            count: figures.count,
            errors: figures.errors,
            qps: figures.qps,
            success_rate: part(figures, figures.count - figures.errors),
            error_rate: part(figures, figures.errors),
            avg_time_nano: figures.avg_time_nano,
            max_time_nano: figures.max_time_nano,
            percentiles_nano: by_percentile
                .map(|(percentile, nanos)| (percentile.to_string(), *nanos))
                .collect(),
            apdex: figures.apdex,
        }
    }
}

impl ChangeJson {
    pub(super) fn of(percentiles: &[f64], now: &RedFigures, earlier: &RedFigures) -> Self {
        let nanos = |nanos: i64| nanos as f64;
        let both = now.percentiles_nano.iter().zip(&earlier.percentiles_nano);
        let changes = both.map(|(now, earlier)| change(Some(nanos(*now)), Some(nanos(*earlier))));
        let by_percentile = percentiles.iter().zip(changes);
        Self {
            qps: change(Some(now.qps), Some(earlier.qps)),
            error_rate: change(part(now, now.errors), part(earlier, earlier.errors)),
            avg_time: change(now.avg_time_nano, earlier.avg_time_nano),
            max_time: change(
                now.max_time_nano.map(nanos),
                earlier.max_time_nano.map(nanos),
            ),
            percentiles: by_percentile
                .filter_map(|(percentile, change)| Some((percentile.to_string(), change?)))
                .collect(),
        }
    }
}

fn part(figures: &RedFigures, number: u64) -> Option<f64> {
    (figures.count > 0).then(|| number as f64 / figures.count as f64)
}

fn change(now: Option<f64>, earlier: Option<f64>) -> Option<f64> {
    let (now, earlier) = (now?, earlier?);
    (earlier > 0.0).then(|| (now - earlier) / earlier)
}
