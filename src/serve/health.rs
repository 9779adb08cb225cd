//! `/healthz`: the process answers. `/readyz`: it takes spans and answers queries.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use storage::wal::ReplayProgress;

use super::readiness::{Phase, Readiness};

/// Answers 200 from the moment that the listener is bound.
pub(super) async fn alive() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// Answers 200 when ready; 503 with the progress while the log is replayed, and while stopping.
pub(super) async fn ready(State(readiness): State<Arc<Readiness>>) -> Response {
    match readiness.phase() {
        Phase::Ready => Json(json!({ "status": "ready" })).into_response(),
        Phase::Replaying(progress) => {
            unready(json!({ "status": "replaying", "replay": Progress::from(progress) }))
        }
        Phase::Stopping => unready(json!({ "status": "stopping" })),
    }
}

fn unready(body: serde_json::Value) -> Response {
    let retry = [(header::RETRY_AFTER, "1")];
    (StatusCode::SERVICE_UNAVAILABLE, retry, Json(body)).into_response()
}

/// How far the replay is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    records: u64,
    records_total: u64,
    bytes: u64,
    bytes_total: u64,
}

impl From<ReplayProgress> for Progress {
    fn from(progress: ReplayProgress) -> Self {
        Self {
            records: progress.records,
            records_total: progress.records_total,
            bytes: progress.bytes,
            bytes_total: progress.bytes_total,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn check(readiness: &Arc<Readiness>, status: u16, body: serde_json::Value) {
        let response = ready(State(Arc::clone(readiness))).await;
        assert_eq!(response.status().as_u16(), status);
        let bytes = to_bytes(response.into_body(), 1 << 16).await;
        let bytes = bytes.expect("the body is in memory");
        let answered: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(answered, body);
    }

    #[tokio::test]
    async fn readiness_follows_the_phases() {
        let readiness = Arc::new(Readiness::new());
        readiness.replayed(ReplayProgress {
            records: 5,
            records_total: 20,
            bytes: 500,
            bytes_total: 4_096,
        });
        let progress =
            json!({ "records": 5, "recordsTotal": 20, "bytes": 500, "bytesTotal": 4096 });
        let replaying = json!({ "status": "replaying", "replay": progress });
        check(&readiness, 503, replaying).await;
        readiness.become_ready();
        check(&readiness, 200, json!({ "status": "ready" })).await;
        readiness.begin_stopping();
        readiness.become_ready();
        check(&readiness, 503, json!({ "status": "stopping" })).await;
    }
}
