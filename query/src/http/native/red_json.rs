//! Figures in the native JSON.

use serde::Serialize;
use utoipa::ToSchema;

use super::figures_json::{ChangeJson, FiguresJson};
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
    total: TotalJson,
    /// By group, sorted by what makes a group.
    series: Vec<SeriesJson<'a>>,
}

/// The figures of a group.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
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
    total: TotalJson,
    /// The steps in which there were spans, in order.
    points: Vec<PointJson>,
    /// The steps of the earlier range in which there were spans, at the times with which they are
    /// compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier_points: Option<Vec<PointJson>>,
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

/// Figures, and those of the range that they are compared with.
#[derive(Serialize, ToSchema)]
#[schema(as = RedTotal)]
struct TotalJson {
    #[serde(flatten)]
    figures: FiguresJson,
    /// The same of the earlier range, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier: Option<FiguresJson>,
    /// What became of the earlier figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<ChangeJson>,
}

impl<'a> RedJson<'a> {
    pub(in crate::http) fn of(query: &RedQuery, answer: &'a RedAnswer) -> Self {
        let series = answer.series.iter();
        Self {
            series: series
                .map(|series| SeriesJson::of(query, series, None))
                .collect(),
            ..Self::without_series(query, TotalJson::of(query, &answer.total, None))
        }
    }

    /// Both answers have the same series in the same order.
    pub(in crate::http) fn compared(
        query: &RedQuery,
        answer: &'a RedAnswer,
        earlier: &RedAnswer,
    ) -> Self {
        let series = answer.series.iter().zip(&earlier.series);
        let total = TotalJson::of(query, &answer.total, Some(&earlier.total));
        Self {
            series: series
                .map(|(series, earlier)| SeriesJson::of(query, series, Some(earlier)))
                .collect(),
            ..Self::without_series(query, total)
        }
    }

    fn without_series(query: &RedQuery, total: TotalJson) -> Self {
        Self {
            from_unix_nano: query.range.from.0.to_string(),
            to_unix_nano: query.range.to.0.to_string(),
            step_seconds: query.step.as_secs(),
            total,
            series: Vec::new(),
        }
    }
}

impl<'a> SeriesJson<'a> {
    fn of(query: &RedQuery, series: &'a RedSeries, earlier: Option<&RedSeries>) -> Self {
        Self {
            service: series.value(GroupBy::Service),
            operation: series.value(GroupBy::Operation),
            kind: series.value(GroupBy::Kind),
            status: series.value(GroupBy::Status),
            instance: series.value(GroupBy::Instance),
            version: series.value(GroupBy::Version),
            zone: series.value(GroupBy::Zone),
            total: TotalJson::of(query, &series.total, earlier.map(|series| &series.total)),
            points: points(query, series),
            earlier_points: earlier.map(|series| points(query, series)),
        }
    }
}

fn points(query: &RedQuery, series: &RedSeries) -> Vec<PointJson> {
    let points = series.points.iter().map(|(start, figures)| PointJson {
        start_time_unix_nano: start.0.to_string(),
        figures: FiguresJson::of(&query.percentiles, figures),
    });
    points.collect()
}

impl TotalJson {
    fn of(query: &RedQuery, figures: &RedFigures, earlier: Option<&RedFigures>) -> Self {
        let percentiles = &query.percentiles;
        Self {
            figures: FiguresJson::of(percentiles, figures),
            earlier: earlier.map(|earlier| FiguresJson::of(percentiles, earlier)),
            change: earlier.map(|earlier| ChangeJson::of(percentiles, figures, earlier)),
        }
    }
}
