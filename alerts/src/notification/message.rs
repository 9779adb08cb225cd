//! What is told, in our JSON.

use schemas::UnixNanos;
use serde::Serialize;
use utoipa::ToSchema;

use super::due::Due;
use crate::book::{Alert, Book};
use crate::figures::Labels;
use crate::instant::rfc3339;
use crate::phase::Phase;

/// An alert.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Alert, example = json!({
    "rule": "checkout fails",
    "state": "firing",
    "severity": "critical",
    "description": "Customers cannot pay.",
    "labels": {"alertname": "checkout fails", "severity": "critical", "service": "checkout"},
    "fingerprint": "5a8e1b7f0c2d9e43",
    "metric": "error_rate",
    "value": 0.12,
    "valueText": "12%",
    "threshold": 0.05,
    "thresholdText": "> 5%",
    "overSince": "2026-11-23T18:00:00.000Z",
    "startsAt": "2026-11-23T18:01:00.000Z",
    "endsAt": null,
    "silencedBy": [],
}))]
pub(crate) struct AlertJson {
    /// The rule's name.
    pub(crate) rule: String,
    /// `pending`, `firing`, `silenced` (it fires, and nobody is told) or `resolved`.
    pub(crate) state: &'static str,
    /// How urgent it is.
    pub(crate) severity: String,
    /// What it means.
    pub(crate) description: String,
    /// `alertname`, `severity`, the rule's labels, and what makes the series.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub(crate) labels: Labels,
    /// A short text that no other alert has.
    pub(crate) fingerprint: String,
    /// What is measured.
    pub(crate) metric: String,
    /// The last value: nanoseconds, a share from 0 to 1, or a number; none without calls.
    pub(crate) value: Option<f64>,
    /// The value for people.
    pub(crate) value_text: String,
    /// The bound, in the value's unit.
    pub(crate) threshold: f64,
    /// The bound for people.
    pub(crate) threshold_text: String,
    /// Since when the condition holds, in RFC 3339; none when it holds no more.
    pub(crate) over_since: Option<String>,
    /// When it began to fire; none when it does not yet.
    pub(crate) starts_at: Option<String>,
    /// When it was resolved.
    pub(crate) ends_at: Option<String>,
    /// The ids of the silences that keep it quiet.
    pub(crate) silenced_by: Vec<String>,
}

impl AlertJson {
    pub(crate) fn of(alert: &Alert, silenced_by: Vec<String>) -> Self {
        let (starts_at, ends_at) = match alert.phase {
            Phase::Inactive | Phase::Pending { .. } => (None, None),
            Phase::Firing { starts_at, .. } => (Some(starts_at), None),
            Phase::Resolved { starts_at, ends_at } => (Some(starts_at), Some(ends_at)),
        };
        let is_silenced = alert.phase.is_firing() && !silenced_by.is_empty();
        let label = |name| alert.labels.get(name).cloned().unwrap_or_default();
        Self {
            rule: alert.rule.clone(),
            state: match is_silenced {
                true => "silenced",
                false => alert.phase.name(),
            },
            severity: label("severity"),
            description: alert.description.clone(),
            labels: alert.labels.clone(),
            fingerprint: alert.fingerprint.clone(),
            metric: alert.metric.clone(),
            value: alert.value,
            value_text: alert.value_text.clone(),
            threshold: alert.threshold,
            threshold_text: alert.threshold_text.clone(),
            over_since: alert.phase.over_since().map(rfc3339),
            starts_at: starts_at.map(rfc3339),
            ends_at: ends_at.map(rfc3339),
            silenced_by,
        }
    }

    /// All alerts of a book that are or were about something.
    pub(crate) fn all(book: &Book, now: UnixNanos) -> Vec<Self> {
        let of_interest = book.alerts().filter(|alert| alert.phase != Phase::Inactive);
        let shown = of_interest.map(|alert| Self::of(alert, book.silenced_by(alert, now)));
        shown.collect()
    }
}

/// What a webhook gets: the alerts of one rule, the firing ones first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    /// The version of this shape.
    version: &'static str,
    receiver: String,
    rule: String,
    /// `firing` as long as any alert is.
    status: &'static str,
    severity: String,
    description: String,
    sent_at: String,
    pub(crate) alerts: Vec<AlertJson>,
}

impl Message {
    pub(crate) fn of(receiver: &str, due: &Due, now: UnixNanos) -> Self {
        let all = due.firing.iter().chain(&due.resolved);
        let alerts: Vec<AlertJson> = all.map(|alert| AlertJson::of(alert, Vec::new())).collect();
        let first = alerts.first();
        let text = |of: fn(&AlertJson) -> &String| first.map(of).cloned().unwrap_or_default();
        Self {
            version: "1",
            receiver: receiver.to_owned(),
            rule: due.rule.clone(),
            status: match due.firing.is_empty() {
                true => "resolved",
                false => "firing",
            },
            severity: text(|alert| &alert.severity),
            description: text(|alert| &alert.description),
            sent_at: rfc3339(now),
            alerts,
        }
    }
}
