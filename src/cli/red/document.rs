//! The parts of the figures' JSON that the table needs.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cli::number::number_or_text;

/// Figures as `GET /api/v1/red` answers them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RedDocument {
    #[serde(deserialize_with = "number_or_text")]
    pub(super) from_unix_nano: i64,
    #[serde(deserialize_with = "number_or_text")]
    pub(super) to_unix_nano: i64,
    pub(super) step_seconds: u64,
    pub(super) total: Figures,
    pub(super) series: Vec<Series>,
}

/// The figures of a group, which its values name.
#[derive(Debug, Deserialize)]
pub(super) struct Series {
    pub(super) service: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) status: Option<String>,
    pub(super) instance: Option<String>,
    pub(super) version: Option<String>,
    pub(super) zone: Option<String>,
    pub(super) total: Figures,
    pub(super) points: Vec<Point>,
}

/// The figures of a step.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Point {
    #[serde(deserialize_with = "number_or_text")]
    pub(super) start_time_unix_nano: i64,
    #[serde(flatten)]
    pub(super) figures: Figures,
}

/// Rate, errors and durations.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Figures {
    pub(super) count: u64,
    pub(super) qps: f64,
    pub(super) success_rate: Option<f64>,
    pub(super) avg_time_nano: Option<f64>,
    pub(super) max_time_nano: Option<i64>,
    #[serde(default)]
    pub(super) percentiles_nano: BTreeMap<String, i64>,
}

impl Series {
    /// What makes the group, by the name of the dimension.
    pub(super) fn values(&self) -> [(&'static str, Option<&str>); 7] {
        [
            ("service", self.service.as_deref()),
            ("operation", self.operation.as_deref()),
            ("kind", self.kind.as_deref()),
            ("status", self.status.as_deref()),
            ("instance", self.instance.as_deref()),
            ("version", self.version.as_deref()),
            ("zone", self.zone.as_deref()),
        ]
    }
}
