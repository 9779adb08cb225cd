//! A rule as people write it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::figures::Labels;

/// An alert rule: what is measured, and when it is too much. The same in the configuration file,
/// where names may also be written `like_this`, and over the API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "name": "checkout is slow",
    "description": "Customers wait.",
    "severity": "critical",
    "labels": {"team": "shop"},
    "service": "checkout",
    "by": ["service", "operation"],
    "metric": "p99.9",
    "window": "1m",
    "threshold": "> 300ms",
    "for": "2m",
    "minCalls": 20,
}))]
pub struct RuleSpec {
    /// Its name, which no other rule has.
    pub name: String,
    /// What it means, and what to do; told in notifications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How urgent it is, such as `critical`; `warning` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// Labels that its alerts have besides those of their series.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub labels: Labels,
    /// The receivers that are told, by name; all of them by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receivers: Vec<String>,

    /// `red` (default): the spans of services. `edge`: the calls between nodes of the topology.
    #[serde(default, skip_serializing_if = "Scope::is_default")]
    pub scope: Scope,
    /// Of this service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Spans of this name only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Of this `service.instance.id` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Spans of this kind only; by default the requests that services answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Of this `service.version` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Of this `cloud.availability_zone` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What makes a series with an alert of its own: `service`, `operation`, `kind`, `instance`,
    /// `version`, `zone`. By default `service`, or nothing where a service is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Vec<String>>,
    /// Calls of this node only; with the scope `edge`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Calls to this node only; with the scope `edge`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callee: Option<String>,
    /// Calls by this means only: `rpc`, `database`, `messaging_system`, `virtual_node`; with the
    /// scope `edge`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,

    /// What is measured: `qps`, `calls`, `errors`, `error_rate`, `success_rate`, `avg_time`, `max`,
    /// `apdex`, or a percentile such as `p50` or `p99.9`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The time over which it is measured, a multiple of 10 s; `1m` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// The longest duration that satisfies users, for `apdex`; `500ms` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satisfied: Option<String>,

    /// The condition as a bound of the metric, such as `> 300ms`, `>= 5%`, `< 10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    /// With `ratio`: how much earlier the window lies with which the metric is compared, `1d`.
    #[serde(
        default,
        alias = "compared_with",
        skip_serializing_if = "Option::is_none"
    )]
    pub compared_with: Option<String>,
    /// The condition as a bound of the metric divided by its earlier value, such as `> 1.5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<String>,
    /// The condition as an objective whose error budget burns too fast, such as `99.9%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo: Option<String>,
    /// With `slo`: calls that are slower, such as `300ms`, or fail count against the objective; by
    /// default only those that fail do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow: Option<String>,
    /// With `slo`: how fast is too fast; by default 14.4 over 1h and 5m, or 6 over 6h and 30m.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub burn: Vec<BurnSpec>,
    /// For how long the condition must hold before the alert fires; at once by default.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub hold_for: Option<String>,

    /// What a series without calls means: `ok` (default), `keep` what it was, or `alert`.
    #[serde(default, alias = "no_data", skip_serializing_if = "NoData::is_default")]
    pub no_data: NoData,
    /// Windows with fewer calls never meet the condition.
    #[serde(default, alias = "min_calls", skip_serializing_if = "Option::is_none")]
    pub min_calls: Option<u64>,
    /// The most series that are looked at, those with the most calls first; 100 by default.
    #[serde(default, alias = "max_series", skip_serializing_if = "Option::is_none")]
    pub max_series: Option<usize>,
    /// Whether `/api/v1/breakers` tells of it, with the scope `edge`; true by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<bool>,
}

impl RuleSpec {
    /// The names of all fields, as they are written in the configuration file.
    pub const FIELDS: [&str; 30] = [
        "name",
        "description",
        "severity",
        "labels",
        "receivers",
        "scope",
        "service",
        "operation",
        "instance",
        "kind",
        "version",
        "zone",
        "by",
        "caller",
        "callee",
        "connection",
        "metric",
        "window",
        "satisfied",
        "threshold",
        "compared_with",
        "ratio",
        "slo",
        "slow",
        "burn",
        "for",
        "no_data",
        "min_calls",
        "max_series",
        "breaker",
    ];
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The spans of services.
    #[default]
    Red,
    /// The calls between nodes.
    Edge,
}

impl Scope {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a series without calls means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NoData {
    /// The condition does not hold.
    #[default]
    Ok,
    /// All stays as it was.
    Keep,
    /// The condition holds.
    Alert,
}

impl NoData {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Two windows over which an error budget burns too fast: the long one says that it matters, the
/// short one that it still goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"long": "1h", "short": "5m", "factor": 14.4}))]
pub struct BurnSpec {
    /// The long window.
    pub long: String,
    /// The short window.
    pub short: String,
    /// How many times faster than it may the budget burns.
    pub factor: f64,
}
