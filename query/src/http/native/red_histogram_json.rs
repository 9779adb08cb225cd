//! Heat maps in the native JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::red::{Exemplar, Heatmap, HeatmapCell, RedQuery};

/// Durations by step and bucket.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedHistogram, example = json!({
    "fromUnixNano": "1795446240000000000",
    "toUnixNano": "1795447140000000000",
    "stepSeconds": 10,
    "bordersNano": [16777216, 33554432, 67108864],
    "steps": [{
        "startTimeUnixNano": "1795446240000000000",
        "cells": [{
            "bucket": 1, "count": 12, "errors": 1,
            "exemplars": [{
                "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
                "spanId": "00f067aa0ba902b7",
                "startTimeUnixNano": "1795446245123456789",
                "durationNano": 41250000,
            }],
        }],
    }],
}))]
pub(in crate::http) struct RedHistogramJson {
    /// The first instant of the range, nanoseconds since 1970 as decimal text: a multiple of the step.
    from_unix_nano: String,
    /// The first instant after the range.
    to_unix_nano: String,
    /// The length of a step, seconds.
    step_seconds: u64,
    /// The borders of the buckets, nanoseconds: bucket 0 holds durations from the first one up to,
    /// but not including, the second one. Empty without spans.
    borders_nano: Vec<i64>,
    /// The steps in which there were spans, in order.
    steps: Vec<StepJson>,
}

/// A column of the map.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedHistogramStep)]
struct StepJson {
    /// The first instant of the step, nanoseconds since 1970 as decimal text.
    start_time_unix_nano: String,
    /// The buckets that have spans, from the shortest durations to the longest.
    cells: Vec<CellJson>,
}

/// The spans of a step in a bucket.
#[derive(Serialize, ToSchema)]
#[schema(as = RedHistogramCell)]
struct CellJson {
    /// The number of the bucket, from 0.
    bucket: usize,
    /// The number of spans.
    count: u64,
    /// How many of them have the status `error`.
    errors: u64,
    /// Some of the spans, of different traces, newest first.
    exemplars: Vec<ExemplarJson>,
}

/// A span that stands for those of its cell.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedExemplar)]
struct ExemplarJson {
    /// 32 hex digits.
    trace_id: String,
    /// 16 hex digits.
    span_id: String,
    /// Nanoseconds since 1970 as decimal text.
    start_time_unix_nano: String,
    /// Nanoseconds.
    duration_nano: i64,
}

impl RedHistogramJson {
    pub(in crate::http) fn of(query: &RedQuery, heatmap: &Heatmap) -> Self {
        let mut steps: Vec<(u32, Vec<CellJson>)> = Vec::new();
        for ((step, bucket), cell) in &heatmap.cells {
            let cell = CellJson::of(*bucket, cell);
            match steps.last_mut() {
                Some((last, cells)) if last == step => cells.push(cell),
                _ => steps.push((*step, vec![cell])),
            }
        }
        let steps = steps.into_iter().map(|(step, cells)| StepJson {
            start_time_unix_nano: query.start_of_step(step).0.to_string(),
            cells,
        });
        Self {
            from_unix_nano: query.range.from.0.to_string(),
            to_unix_nano: query.range.to.0.to_string(),
            step_seconds: query.step.as_secs(),
            borders_nano: heatmap.borders.clone(),
            steps: steps.collect(),
        }
    }
}

impl CellJson {
    fn of(bucket: usize, cell: &HeatmapCell) -> Self {
        Self {
            bucket,
            count: cell.count,
            errors: cell.errors,
            exemplars: cell.exemplars.iter().map(ExemplarJson::of).collect(),
        }
    }
}

impl ExemplarJson {
    fn of(exemplar: &Exemplar) -> Self {
        Self {
            trace_id: exemplar.trace_id.to_string(),
            span_id: exemplar.span_id.to_string(),
            start_time_unix_nano: exemplar.start.0.to_string(),
            duration_nano: exemplar.duration_nano,
        }
    }
}
