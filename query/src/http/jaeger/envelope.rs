//! The envelope around all of Jaeger's answers.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::failure::JaegerErrorDetail;
use super::trace_json::TraceJson;

/// Data with the fields that all of Jaeger's answers have.
#[derive(Serialize)]
pub(super) struct Envelope<T> {
    pub(super) data: T,
    pub(super) total: usize,
    limit: usize,
    offset: usize,
    pub(super) errors: Option<Vec<JaegerErrorDetail>>,
}

impl<T> Envelope<T> {
    /// Jaeger counts names in `total`, but not traces.
    pub(super) fn of(data: T, total: usize) -> Self {
        Self {
            data,
            total,
            limit: 0,
            offset: 0,
            errors: None,
        }
    }
}

/// Jaeger's answer with traces.
#[derive(ToSchema)]
#[schema(example = json!({
    "data": [{
        "traceID": "4bf92f3577b34da6a3ce929d0e0e4736",
        "spans": [{
            "traceID": "4bf92f3577b34da6a3ce929d0e0e4736",
            "spanID": "00f067aa0ba902b7",
            "flags": 1,
            "operationName": "POST /orders",
            "references": [],
            "startTime": 1_795_446_245_123_456_i64,
            "duration": 120_000,
            "tags": [{"key": "span.kind", "type": "string", "value": "server"}],
            "logs": [],
            "processID": "p1",
            "warnings": null,
        }],
        "processes": {"p1": {"serviceName": "checkout", "tags": []}},
        "warnings": null,
    }],
    "total": 0, "limit": 0, "offset": 0, "errors": null,
}))]
#[expect(dead_code, reason = "describes what Envelope writes")]
pub(in crate::http) struct JaegerTracesAnswer {
    /// The traces.
    #[schema(value_type = Vec<TraceJson>)]
    data: (),
    /// Always 0.
    total: usize,
    /// Always 0.
    limit: usize,
    /// Always 0.
    offset: usize,
    /// Traces that were asked for by id and are not stored; null for none.
    errors: Option<Vec<JaegerErrorDetail>>,
}
