//! The description of what the server answers besides the API: its health, and metrics of itself.

use utoipa::ToSchema;

/// That the process answers.
#[derive(ToSchema)]
#[schema(example = json!({"status": "ok"}))]
#[expect(dead_code, reason = "describes what the server answers")]
pub(super) struct HealthSchema {
    /// `ok`.
    status: String,
}

/// Which part of its life the server is in.
#[derive(ToSchema)]
#[schema(example = json!({
    "status": "replaying",
    "replay": {"records": 5, "recordsTotal": 20, "bytes": 500, "bytesTotal": 4096},
}))]
#[expect(dead_code, reason = "describes what the server answers")]
pub(super) struct ReadinessSchema {
    /// `ready`, `replaying` or `stopping`.
    status: String,
    /// How far the replay is, while it lasts.
    replay: Option<ReplaySchema>,
}

/// How far the write-ahead log is read.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what the server answers")]
struct ReplaySchema {
    records: u64,
    records_total: u64,
    bytes: u64,
    bytes_total: u64,
}

/// Whether the process answers; also while the write-ahead log is replayed.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "meta",
    operation_id = "health",
    responses((status = 200, description = "It does", body = HealthSchema)),
)]
#[expect(dead_code, reason = "describes a handler of the server")]
fn health() {}

/// Whether spans are taken and questions answered.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "meta",
    operation_id = "readiness",
    responses(
        (status = 200, description = "They are", body = ReadinessSchema, example = json!({"status": "ready"})),
        (status = 503, description = "The write-ahead log is being replayed, or the server stops", body = ReadinessSchema),
    ),
)]
#[expect(dead_code, reason = "describes a handler of the server")]
fn readiness() {}

/// Metrics of the server itself, for Prometheus: receivers, storage, questions, rollups, alerts.
///
/// Those of spans and calls are at `/metrics/red`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "meta",
    operation_id = "metrics",
    responses((
        status = 200, description = "The metrics", body = String, content_type = "text/plain; version=0.0.4; charset=utf-8",
        example = "# HELP spanhouse_ready 1 when spans are taken and queries answered\n# TYPE spanhouse_ready gauge\nspanhouse_ready 1\n",
    )),
)]
#[expect(dead_code, reason = "describes a handler of the server")]
fn metrics() {}
