//! Figures in the native JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::red::{GroupBy, RedAnswer, RedFigures, RedQuery, RedSeries};

/// The rate, errors and durations of spans, in total and by group, over time.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Red, example = json!({
    "fromUnixNano": "1795446240000000000",
    "toUnixNano": "1795447140000000000",
    "stepSeconds": 10,
    "total": {
        "count": 18000, "errors": 18, "qps": 20.0, "successRate": 0.999, "errorRate": 0.001,
        "avgTimeNano": 31250000.0, "maxTimeNano": 912000000, "percentilesNano": {"50": 24510464, "99.9": 801112064},
    },
    "series": [{
        "service": "checkout",
        "total": {
            "count": 18000, "errors": 18, "qps": 20.0, "successRate": 0.999, "errorRate": 0.001,
            "avgTimeNano": 31250000.0, "maxTimeNano": 912000000, "percentilesNano": {"50": 24510464, "99.9": 801112064},
        },
        "points": [{
            "startTimeUnixNano": "1795446240000000000",
            "count": 200, "errors": 0, "qps": 20.0, "successRate": 1.0, "errorRate": 0.0,
            "avgTimeNano": 30100000.0, "maxTimeNano": 88000000, "percentilesNano": {"50": 24510464, "99.9": 87999488},
        }],
    }],
}))]
pub(in crate::http) struct RedJson<'a> {
    /// The first instant of the range, nanoseconds since 1970 as decimal text: a multiple of the step.
    from_unix_nano: String,
    /// The first instant after the range.
    to_unix_nano: String,
    /// The length of a point, seconds.
    step_seconds: u64,
    /// Of all series together.
    total: FiguresJson,
    /// By group, sorted by what makes a group.
    series: Vec<SeriesJson<'a>>,
}

/// The figures of a group.
#[derive(Serialize, ToSchema)]
#[schema(as = RedSeries)]
struct SeriesJson<'a> {
    /// The service, where asked for; `unknown_service` for spans that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    /// The spans' name, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    /// The spans' kind, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    /// The spans' status, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    /// The `service.instance.id`, where asked for; absent for spans that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    /// The `service.version`, where asked for; absent for spans that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    /// The `cloud.availability_zone`, where asked for; absent for spans that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<&'a str>,
    /// Over the whole range.
    total: FiguresJson,
    /// The steps in which there were spans, in order.
    points: Vec<PointJson>,
}

/// The figures of a step.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedPoint)]
struct PointJson {
    /// The first instant of the step, nanoseconds since 1970 as decimal text.
    start_time_unix_nano: String,
    #[serde(flatten)]
    figures: FiguresJson,
}

/// Rate, errors and durations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedFigures)]
struct FiguresJson {
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
}

impl<'a> RedJson<'a> {
    pub(in crate::http) fn of(query: &RedQuery, answer: &'a RedAnswer) -> Self {
        let series = answer
            .series
            .iter()
            .map(|series| SeriesJson::of(query, series));
        Self {
            from_unix_nano: query.range.from.0.to_string(),
            to_unix_nano: query.range.to.0.to_string(),
            step_seconds: query.step.as_secs(),
            total: FiguresJson::of(query, &answer.total),
            series: series.collect(),
        }
    }
}

impl<'a> SeriesJson<'a> {
    fn of(query: &RedQuery, series: &'a RedSeries) -> Self {
        let points = series.points.iter().map(|(start, figures)| PointJson {
            start_time_unix_nano: start.0.to_string(),
            figures: FiguresJson::of(query, figures),
        });
        Self {
            service: series.value(GroupBy::Service),
            operation: series.value(GroupBy::Operation),
            kind: series.value(GroupBy::Kind),
            status: series.value(GroupBy::Status),
            instance: series.value(GroupBy::Instance),
            version: series.value(GroupBy::Version),
            zone: series.value(GroupBy::Zone),
            total: FiguresJson::of(query, &series.total),
            points: points.collect(),
        }
    }
}

impl FiguresJson {
    fn of(query: &RedQuery, figures: &RedFigures) -> Self {
        let part = |number: u64| (figures.count > 0).then(|| number as f64 / figures.count as f64);
        let percentiles = query.percentiles.iter().zip(&figures.percentiles_nano);
        Self {
            count: figures.count,
            errors: figures.errors,
            qps: figures.qps,
            success_rate: part(figures.count - figures.errors),
            error_rate: part(figures.errors),
            avg_time_nano: figures.avg_time_nano,
            max_time_nano: figures.max_time_nano,
            percentiles_nano: percentiles
                .map(|(percentile, nanos)| (percentile.to_string(), *nanos))
                .collect(),
        }
    }
}
