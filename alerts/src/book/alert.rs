//! One alert: a rule and one of its series.

use schemas::UnixNanos;
use serde::{Deserialize, Serialize};

use crate::evaluation::Reading;
use crate::figures::Labels;
use crate::instant;
use crate::phase::Phase;
use crate::rule::Rule;

/// One alert, with all that is told of it, so that it can be told when its rule is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alert {
    pub(crate) rule: String,
    /// A short text that no other rule and series has.
    pub(crate) fingerprint: String,
    /// What makes its series.
    pub(crate) series: Labels,
    /// `alertname`, `severity`, the rule's labels and those of the series.
    pub(crate) labels: Labels,
    pub(crate) description: String,
    pub(crate) metric: String,
    /// The value when it was last measured.
    pub(crate) value: Option<f64>,
    pub(crate) threshold: f64,
    /// The value for people.
    pub(crate) value_text: String,
    /// The bound for people, such as `> 300ms`.
    pub(crate) threshold_text: String,
    #[serde(flatten)]
    pub(crate) phase: Phase,
    /// When its series had calls last.
    #[serde(with = "instant::text")]
    pub(crate) heard_at: UnixNanos,
}

impl Alert {
    /// An alert of a rule; `series` are the labels of one of its series.
    pub(crate) fn new(rule: &Rule, series: &Labels, phase: Phase, reading: Reading) -> Self {
        let mut labels = series.clone();
        labels.extend(rule.spec().labels.clone());
        labels.insert("alertname".to_owned(), rule.name().to_owned());
        labels.insert("severity".to_owned(), rule.severity().to_owned());
        let condition = &rule.condition;
        let value_text = reading.value.map(|value| condition.text(value));
        Self {
            rule: rule.name().to_owned(),
            fingerprint: fingerprint(rule.name(), series),
            series: series.clone(),
            labels,
            description: rule.spec().description.clone().unwrap_or_default(),
            metric: condition.metric_name(),
            value: reading.value,
            threshold: reading.threshold,
            value_text: value_text.unwrap_or_else(|| "no calls".to_owned()),
            threshold_text: format!(
                "{} {}",
                condition.operator().sign(),
                condition.text(reading.threshold)
            ),
            phase,
            heard_at: UnixNanos(0),
        }
    }

    /// Ends it, because its rule is gone.
    pub(super) fn end(&mut self, at: UnixNanos) {
        self.phase = match self.phase {
            Phase::Firing { starts_at, .. } => Phase::Resolved {
                starts_at,
                ends_at: at,
            },
            Phase::Pending { .. } | Phase::Inactive => {
                self.heard_at = UnixNanos(0);
                Phase::Inactive
            }
            resolved @ Phase::Resolved { .. } => resolved,
        };
    }
}

/// FNV-1a of the names and values, each ended by a byte that no text has.
fn fingerprint(rule: &str, series: &Labels) -> String {
    let texts = series.iter().flat_map(|(name, value)| [name, value]);
    let texts = std::iter::once(rule).chain(texts.map(String::as_str));
    let bytes = texts.flat_map(|text| text.bytes().chain([0xff]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

impl Alert {
    /// Alerts with which templates are tried: one that fires, one that is over.
    pub(crate) fn examples() -> [Self; 2] {
        let labels = |pairs: [(&str, &str); 2]| -> Labels {
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into()
        };
        let firing = Self {
            rule: "example".to_owned(),
            fingerprint: "0".repeat(16),
            series: Labels::from([("service".to_owned(), "checkout".to_owned())]),
            labels: labels([("alertname", "example"), ("severity", "warning")]),
            description: "An \"example\" with\nall that texts may have: 超时".to_owned(),
            metric: "p99.9".to_owned(),
            value: Some(5e8),
            threshold: 3e8,
            value_text: "500ms".to_owned(),
            threshold_text: "> 300ms".to_owned(),
            phase: Phase::Firing {
                since: UnixNanos(0),
                starts_at: UnixNanos(0),
            },
            heard_at: UnixNanos(0),
        };
        let mut resolved = firing.clone();
        resolved.end(UnixNanos(0));
        [firing, resolved]
    }
}
