//! The parts of the native trace JSON that the tree needs.

use serde::Deserialize;

use crate::cli::number::number_or_text;

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
    /// What to add to the start, by the clock of the host that called it.
    #[serde(default, deserialize_with = "number_or_text")]
    pub(super) clock_skew_nano: i64,
    pub(super) status_code: String,
    #[serde(default)]
    pub(super) status_message: String,
    #[serde(default)]
    pub(super) marks: Vec<String>,
    #[serde(default = "once")]
    pub(super) copies: usize,
    /// The called side's span of an RPC.
    pub(super) server_half: Option<Box<Self>>,
}

impl SpanDocument {
    /// Whether the status of the span, or of a half of its RPC, is an error.
    pub(super) fn is_error(&self) -> bool {
        self.halves().any(Self::has_error_status)
    }

    /// Whether the span's own status is an error.
    pub(super) fn has_error_status(&self) -> bool {
        self.status_code == "error"
    }

    /// Whether it stands for a parent that is not stored.
    pub(super) fn is_placeholder(&self) -> bool {
        self.marks.iter().any(|mark| mark == "missing")
    }

    /// The span, and the called side's of an RPC.
    pub(super) fn halves(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.server_half.as_deref())
    }

    /// When it started by its caller's clock, in nanoseconds since the epoch.
    pub(super) fn adjusted_start(&self) -> i64 {
        self.start_time_unix_nano
            .saturating_add(self.clock_skew_nano)
    }

    /// When it ended by its caller's clock, in nanoseconds since the epoch.
    pub(super) fn adjusted_end(&self) -> i64 {
        self.adjusted_start().saturating_add(self.duration_nano)
    }
}

fn once() -> usize {
    1
}
