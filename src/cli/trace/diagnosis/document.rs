//! The parts of the diagnosis JSON that are told.

use serde::Deserialize;

use crate::cli::number::number_or_text;

/// A diagnosis as `GET /api/v1/traces/{id}/diagnosis` answers it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli::trace) struct DiagnosisDocument {
    pub(super) services: Vec<ServiceShare>,
    pub(super) critical_path: Option<CriticalPath>,
    pub(super) bottleneck: Option<Bottleneck>,
    pub(super) first_error: Option<FirstError>,
    pub(super) repeated_call_count: usize,
    pub(super) repeated_calls: Vec<RepeatedCalls>,
    pub(super) serial_sibling_count: usize,
    pub(super) serial_siblings: Vec<SerialSiblings>,
    pub(super) zone_crossing_count: usize,
    pub(super) zone_crossings: Vec<ZoneCrossing>,
    /// By row.
    pub(super) self_times_nano: Vec<Nanos>,
}

/// Nanoseconds, which come as text beyond 2^53.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Nanos(#[serde(deserialize_with = "number_or_text")] pub(super) i64);

/// A span by its names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpanReference {
    pub(super) row: usize,
    pub(super) call_path: Option<String>,
    pub(super) span_id: Option<String>,
    pub(super) service_name: String,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceShare {
    pub(super) name: String,
    #[serde(deserialize_with = "number_or_text")]
    pub(super) critical_path_nano: i64,
    pub(super) critical_path_share: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CriticalPath {
    #[serde(deserialize_with = "number_or_text")]
    pub(super) duration_nano: i64,
    pub(super) spans: Vec<CriticalSpan>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CriticalSpan {
    pub(super) span: SpanReference,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bottleneck {
    pub(super) span: SpanReference,
    #[serde(deserialize_with = "number_or_text")]
    pub(super) critical_path_nano: i64,
    pub(super) critical_path_share: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FirstError {
    pub(super) origin: SpanReference,
    #[serde(default)]
    pub(super) status_message: String,
    pub(super) reached: SpanReference,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RepeatedCalls {
    pub(super) parent: SpanReference,
    pub(super) first: SpanReference,
    pub(super) count: usize,
    #[serde(deserialize_with = "number_or_text")]
    pub(super) elapsed_nano: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SerialSiblings {
    pub(super) parent: SpanReference,
    pub(super) count: usize,
    pub(super) target_count: usize,
    pub(super) targets: Vec<Target>,
    #[serde(deserialize_with = "number_or_text")]
    pub(super) saved_nano: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    pub(super) service_name: String,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ZoneCrossing {
    pub(super) child: SpanReference,
    pub(super) from: String,
    pub(super) to: String,
}

/// What a diagnosis says of the rows of a tree.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli::trace) struct RowFindings {
    pub(in crate::cli::trace) is_on_critical_path: bool,
    pub(in crate::cli::trace) self_nano: i64,
}

impl RowFindings {
    /// Both halves of an RPC as one.
    pub(in crate::cli::trace) fn together_with(self, other: Self) -> Self {
        Self {
            is_on_critical_path: self.is_on_critical_path || other.is_on_critical_path,
            self_nano: self.self_nano.saturating_add(other.self_nano),
        }
    }
}

impl DiagnosisDocument {
    /// What it says of each row.
    pub(in crate::cli::trace) fn rows(&self) -> Vec<RowFindings> {
        let self_times = self.self_times_nano.iter().map(|time| RowFindings {
            is_on_critical_path: false,
            self_nano: time.0,
        });
        let mut rows: Vec<RowFindings> = self_times.collect();
        for on_path in self.critical_path.iter().flat_map(|path| &path.spans) {
            if let Some(row) = rows.get_mut(on_path.span.row) {
                row.is_on_critical_path = true;
            }
        }
        rows
    }
}
