//! What a governance platform needs to open circuit breakers or lower limits: which edges are over
//! which threshold, and for how long.

use schemas::UnixNanos;
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::{Alert, Book};
use crate::instant;
use crate::phase::Phase;
use crate::rule::{Condition, Metric, Rule};

/// What is over a threshold, edge by edge.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "version": "9f86d081884c7d65",
    "breakers": [{
        "caller": "web",
        "callee": "payment",
        "connection": "rpc",
        "rule": "payment fails",
        "metric": "error_rate",
        "value": 0.62,
        "threshold": 0.5,
        "state": "open",
        "overSince": "2026-11-23T18:00:00.000Z",
        "overSeconds": 70,
        "advice": "open_circuit",
    }],
}))]
pub(crate) struct Breakers {
    /// Changes when an edge's state does; give it as `after` to wait for the next change.
    pub(crate) version: String,
    /// Edges over a threshold, and those that were within the last 15 minutes; an edge that is not
    /// here is within all thresholds.
    pub(crate) breakers: Vec<Breaker>,
}

/// An edge and a threshold.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Breaker {
    /// The calling node.
    caller: String,
    /// The called node.
    callee: String,
    /// The means: `rpc`, `database`, `messaging_system` or `virtual_node`.
    connection: String,
    /// The rule with the threshold.
    rule: String,
    /// What is measured.
    metric: String,
    /// The last value: nanoseconds, a share from 0 to 1, or a number; none without calls.
    value: Option<f64>,
    /// The bound, in the value's unit.
    threshold: f64,
    /// `over`: over the threshold, not yet for as long as the rule says. `open`: for that long, so
    /// act. `closed`: within it again.
    state: &'static str,
    /// Since when it is over the threshold, in RFC 3339; none when it is within.
    over_since: Option<String>,
    /// For how many seconds it is over the threshold; 0 when it is within.
    over_seconds: u64,
    /// What to do while `open`: `open_circuit` where calls fail or are slow, `lower_limit` where
    /// there are too many.
    advice: &'static str,
}

impl Breakers {
    /// How all edges stand at an instant.
    pub(crate) fn of(book: &Book, now: UnixNanos) -> Self {
        let rules = book.rules.values().map(|listed| &listed.rule);
        let with_breakers =
            rules.filter(|rule| rule.is_of_edges() && rule.spec().breaker.unwrap_or(true));
        let mut breakers = Vec::new();
        for rule in with_breakers {
            let state = book.states.get(rule.name());
            let alerts = state.into_iter().flat_map(|state| state.alerts.values());
            breakers.extend(alerts.filter_map(|alert| Breaker::of(rule, alert, now)));
        }
        Self {
            version: version(&breakers),
            breakers,
        }
    }
}

impl Breaker {
    fn of(rule: &Rule, alert: &Alert, now: UnixNanos) -> Option<Self> {
        let state = match alert.phase {
            Phase::Inactive => return None,
            Phase::Pending { .. } => "over",
            Phase::Firing { .. } => "open",
            Phase::Resolved { .. } => "closed",
        };
        let label = |name| alert.series.get(name).cloned().unwrap_or_default();
        let over_since = alert.phase.over_since();
        Some(Self {
            caller: label("caller"),
            callee: label("callee"),
            connection: label("connection"),
            rule: alert.rule.clone(),
            metric: alert.metric.clone(),
            value: alert.value,
            threshold: alert.threshold,
            state,
            over_since: over_since.map(instant::rfc3339),
            over_seconds: over_since.map_or(0, |since| instant::between(since, now).as_secs()),
            advice: advice(&rule.condition),
        })
    }
}

/// What helps against what a condition is about.
fn advice(condition: &Condition) -> &'static str {
    match condition {
        Condition::Threshold { metric, .. } | Condition::Ratio { metric, .. } => match metric {
            Metric::Qps | Metric::Calls => "lower_limit",
            Metric::Errors
            | Metric::ErrorRate
            | Metric::SuccessRate
            | Metric::AvgTime
            | Metric::Max
            | Metric::Percentile(_)
            | Metric::Apdex { .. } => "open_circuit",
        },
        Condition::BurnRate(_) => "open_circuit",
    }
}

/// A text that is another one when an edge's state is, and the same one after a restart.
fn version(breakers: &[Breaker]) -> String {
    let texts = breakers.iter().flat_map(|breaker| {
        let since = breaker.over_since.as_deref().unwrap_or_default();
        [
            breaker.rule.as_str(),
            &breaker.caller,
            &breaker.callee,
            &breaker.connection,
            breaker.state,
            since,
        ]
    });
    let bytes = texts.flat_map(|text| text.bytes().chain([0xff]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
