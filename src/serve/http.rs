//! The HTTP API's router: health and metrics from the first moment, queries once they can be
//! answered.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tower::ServiceExt;

use super::health;
use super::metrics;
use super::openapi;
use super::readiness::Readiness;

/// Seconds after which a client may ask again while the log is replayed.
const RETRY_AFTER_SECONDS: &str = "1";

/// The answer to questions before that, in the shape of the native API's errors.
const NOT_READY: &str = r#"{"error":{"code":"not_ready","message":"the write-ahead log is being replayed","hint":"GET /readyz tells how far it is"}}"#;

/// The query routes, which come into being after the replay.
pub(super) type LateRoutes = Arc<OnceLock<Router>>;

/// Everything that the HTTP listener answers.
pub(super) fn router(
    readiness: Arc<Readiness>,
    sources: Arc<metrics::Sources>,
    queries: LateRoutes,
) -> Router {
    let health = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .with_state(readiness);
    let metrics = Router::new()
        .route("/metrics", get(metrics::answer))
        .with_state(sources);
    let description = Router::new().route("/api/v1/openapi.json", get(openapi::serve));
    let queries = Router::new().fallback(query).with_state(queries);
    health
        .merge(metrics)
        .merge(description)
        .fallback_service(queries)
}

/// Those of the query routes that Zipkin's clients look for at Zipkin's port.
pub(super) fn zipkin_questions(queries: LateRoutes) -> Router {
    let paths = query::ZIPKIN_PATHS.into_iter();
    paths
        .fold(Router::new(), |router, path| router.route(path, any(query)))
        .with_state(queries)
}

async fn query(State(routes): State<LateRoutes>, request: Request) -> Response {
    match routes.get() {
        // A Router is a handle: cloning it copies one pointer.
        Some(router) => router.clone().oneshot(request).await.into_response(),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            [
                (header::RETRY_AFTER, RETRY_AFTER_SECONDS),
                (header::CONTENT_TYPE, "application/json"),
            ],
            NOT_READY,
        )
            .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    async fn status(router: &Router, path: &str) -> (u16, bool) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.into_response();
        let has_retry_after = response.headers().contains_key(header::RETRY_AFTER);
        (response.status().as_u16(), has_retry_after)
    }

    #[tokio::test]
    async fn questions_wait_for_the_replay_and_health_does_not() {
        let readiness = Arc::new(Readiness::new());
        let routes = LateRoutes::default();
        let sources = metrics::Sources {
            receivers: Arc::default(),
            store: Arc::default(),
            engine: Arc::default(),
            alerting: Arc::default(),
            remote_write: Arc::default(),
            readiness: Arc::clone(&readiness),
        };
        let router = router(readiness, Arc::new(sources), Arc::clone(&routes));
        assert_eq!(status(&router, "/healthz").await, (200, false));
        assert_eq!(status(&router, "/readyz").await, (503, true));
        assert_eq!(status(&router, "/metrics").await, (200, false));
        assert_eq!(status(&router, "/api/v1/openapi.json").await, (200, false));
        assert_eq!(status(&router, "/api/v1/services").await, (503, true));

        let late = Router::new().route("/api/v1/services", get(|| async { "[]" }));
        routes.set(late).expect("set once");
        assert_eq!(status(&router, "/api/v1/services").await, (200, false));
        assert_eq!(status(&router, "/elsewhere").await, (404, false));
    }

    #[tokio::test]
    async fn the_port_of_zipkin_answers_the_questions_of_its_api_alone() {
        let routes = LateRoutes::default();
        let router = zipkin_questions(Arc::clone(&routes));
        let path = "/api/v2/dependencies";
        assert_eq!(status(&router, path).await, (503, true));
        let late = Router::new().fallback(get(|| async { "[]" }));
        routes.set(late).expect("set once");
        assert_eq!(status(&router, path).await, (200, false));
        assert_eq!(
            status(&router, "/zipkin/api/v2/dependencies").await,
            (200, false)
        );
        assert_eq!(status(&router, "/api/v1/services").await, (404, false));
    }
}
