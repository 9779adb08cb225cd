//! RED by counting: the spans of each group and step as sorted lists, compared with the server's
//! answer.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sent::{Sent, SpanKind, distinct};

/// Percentiles that are asked for, as the answer names them.
pub(crate) const PERCENTILES: [(&str, f64); 4] =
    [("50", 50.0), ("90", 90.0), ("99", 99.0), ("99.9", 99.9)];

/// How far a percentile may be from the exact value, as a part of it.
const TOLERANCE: f64 = 0.001;

const NANOS: i64 = 1_000_000_000;

/// A question for figures; times in seconds since 1970.
#[derive(Clone, Debug)]
pub(crate) struct RedQuestion {
    pub(crate) service: Option<String>,
    /// Of all kinds, or of requests that are answered only.
    pub(crate) kinds: Kinds,
    pub(crate) by: &'static [&'static str],
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) step: i64,
}

/// Which kinds count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kinds {
    All,
    Answering,
}

impl RedQuestion {
    /// The path that asks it.
    pub(crate) fn path(&self) -> String {
        let service = self.service.as_deref();
        let service = service.map_or(String::new(), |service| format!("&service={service}"));
        let kinds = match self.kinds {
            Kinds::All => "&kind=all",
            Kinds::Answering => "",
        };
        let (by, from, to, step) = (self.by.join(","), self.from, self.to, self.step);
        format!(
            "/api/v1/red?by={by}&from={from}&to={to}&step={step}s&percentiles=50,90,99,99.9{kinds}{service}"
        )
    }

    /// The range in whole steps, in nanoseconds.
    fn range(&self) -> (i64, i64) {
        let from = self.from.div_euclid(self.step) * self.step;
        let steps = (self.to - from + self.step - 1) / self.step;
        (from * NANOS, (from + steps * self.step) * NANOS)
    }

    fn wants(&self, span: &Sent) -> bool {
        let is_of_service = self
            .service
            .as_ref()
            .is_none_or(|service| *service == span.service);
        let answers = matches!(span.kind, SpanKind::Server | SpanKind::Consumer);
        let (from, to) = self.range();
        is_of_service
            && (self.kinds == Kinds::All || answers)
            && from <= span.start
            && span.start < to
    }

    fn group(&self, span: &Sent) -> Vec<String> {
        let value = |by: &&str| match *by {
            "service" if span.service.is_empty() => "unknown_service".to_owned(),
            "service" => span.service.clone(),
            "operation" => span.name.clone(),
            "kind" => kind_name(span.kind).to_owned(),
            "status" if span.is_error => "error".to_owned(),
            "status" => "unset".to_owned(),
            other => panic!("the oracle knows no {other}"),
        };
        self.by.iter().map(value).collect()
    }
}

/// A kind as answers name it.
pub(crate) fn kind_name(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "unspecified",
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}

/// Checks an answer against the spans that were sent.
pub(crate) fn check_red(answer: &Value, question: &RedQuestion, spans: &[Sent]) {
    let spans = distinct(spans);
    let wanted: Vec<&Sent> = spans
        .into_iter()
        .filter(|span| question.wants(span))
        .collect();
    let (from, to) = question.range();
    assert_eq!(answer["fromUnixNano"], from.to_string(), "{question:?}");
    assert_eq!(answer["toUnixNano"], to.to_string(), "{question:?}");
    let what = format!("{question:?}");
    check_figures(&what, &answer["total"], &wanted, to - from);

    let mut groups = BTreeMap::<Vec<String>, Vec<&Sent>>::new();
    for span in wanted {
        groups.entry(question.group(span)).or_default().push(span);
    }
    let series = answer["series"].as_array().unwrap();
    let found = series.iter().map(|series| found_group(series, question.by));
    let names: Vec<_> = groups.keys().cloned().collect();
    let mut found: Vec<_> = found.collect();
    found.sort();
    assert_eq!(found, names, "groups of {question:?}");
    for series in series {
        let group = found_group(series, question.by);
        let spans = &groups[&group];
        let what = format!("{group:?} of {question:?}");
        check_figures(&what, &series["total"], spans, to - from);
        check_points(&what, &series["points"], spans, question.step * NANOS);
    }
}

fn found_group(series: &Value, by: &[&str]) -> Vec<String> {
    let value = |by: &&str| series[*by].as_str().unwrap_or_default().to_owned();
    by.iter().map(value).collect()
}

fn check_points(what: &str, points: &Value, spans: &[&Sent], step: i64) {
    let mut expected = BTreeMap::<i64, Vec<&Sent>>::new();
    for span in spans {
        let start = span.start.div_euclid(step) * step;
        expected.entry(start).or_default().push(span);
    }
    let points = points.as_array().unwrap();
    let starts = points.iter().map(|point| {
        let start = point["startTimeUnixNano"].as_str().unwrap();
        start.parse().unwrap()
    });
    let starts: Vec<i64> = starts.collect();
    let expected_starts: Vec<i64> = expected.keys().copied().collect();
    assert_eq!(starts, expected_starts, "points of {what}");
    for (point, (start, spans)) in points.iter().zip(&expected) {
        check_figures(&format!("{what} at {start}"), point, spans, step);
    }
}

fn check_figures(what: &str, figures: &Value, spans: &[&Sent], over_nanos: i64) {
    let context = || format!("{what}\nof {} spans: {figures}", spans.len());
    let count = spans.len() as u64;
    assert_eq!(figures["count"], count, "count {}", context());
    let errors = spans.iter().filter(|span| span.is_error).count();
    assert_eq!(figures["errors"], errors as u64, "errors {}", context());
    let qps = count as f64 / (over_nanos as f64 / NANOS as f64);
    let close =
        |found: &Value, exact: f64| (found.as_f64().unwrap() - exact).abs() <= exact * 1e-12;
    assert!(close(&figures["qps"], qps), "qps {}", context());
    if spans.is_empty() {
        assert!(figures.get("avgTimeNano").is_none(), "{}", context());
        return;
    }
    let error_rate = errors as f64 / count as f64;
    assert!(close(&figures["errorRate"], error_rate), "{}", context());
    assert!(close(&figures["successRate"], 1.0 - error_rate) || error_rate > 0.0);
    let durations = spans.iter().map(|span| span.duration).collect();
    let max = check_durations(figures, durations, &context);
    assert_eq!(figures["maxTimeNano"], max, "max {}", context());
}

/// Checks the sum and the percentiles; returns the longest.
pub(crate) fn check_durations(
    figures: &Value,
    mut durations: Vec<i64>,
    context: &impl Fn() -> String,
) -> i64 {
    durations.sort_unstable();
    let sum: i64 = durations.iter().sum();
    let count = durations.len();
    // A mean is a rounded quotient; times the count and rounded again it is the sum.
    let found = figures["avgTimeNano"].as_f64().unwrap() * count as f64;
    assert!((found - sum as f64).abs() < 0.5, "sum {sum} {}", context());
    let found = &figures["percentilesNano"];
    assert_eq!(found.as_object().unwrap().len(), PERCENTILES.len());
    for (name, percentile) in PERCENTILES {
        let rank = (percentile / 100.0 * count as f64).ceil() as usize;
        let exact = durations[rank.clamp(1, count) - 1];
        let is_near = near(found[name].as_i64().unwrap(), exact);
        assert!(is_near, "P{name} is {exact} {}", context());
    }
    durations[count - 1]
}

/// Whether a duration is as near to the exact one as a histogram promises.
pub(crate) fn near(found: i64, exact: i64) -> bool {
    found.abs_diff(exact) as f64 <= exact as f64 * TOLERANCE
}
