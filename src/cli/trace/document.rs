//! The parts of the native trace JSON that the tree needs.

use serde::{Deserialize, Deserializer, de};

/// A trace as `GET /api/v1/traces/{id}` answers it; spans stand in tree pre-order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TraceDocument {
    pub(super) trace_id: String,
    pub(super) spans: Vec<SpanDocument>,
}

/// One span of the trace.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpanDocument {
    /// Absent far down in a deep tree.
    pub(super) call_path: Option<String>,
    pub(super) depth: usize,
    pub(super) name: String,
    pub(super) service_name: String,
    #[serde(deserialize_with = "number_or_text")]
    pub(super) start_time_unix_nano: i64,
    #[serde(deserialize_with = "number_or_text")]
    pub(super) duration_nano: i64,
    pub(super) status_code: String,
    #[serde(default)]
    pub(super) status_message: String,
    #[serde(default)]
    pub(super) marks: Vec<String>,
    #[serde(default = "once")]
    pub(super) copies: usize,
}

impl SpanDocument {
    /// Whether the span's status is an error.
    pub(super) fn is_error(&self) -> bool {
        self.status_code == "error"
    }

    /// When it ended, in nanoseconds since the epoch.
    pub(super) fn end_time_unix_nano(&self) -> i64 {
        self.start_time_unix_nano.saturating_add(self.duration_nano)
    }
}

fn once() -> usize {
    1
}

/// Numbers that may pass 2^53 come as text.
fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(de::Error::custom),
    }
}
