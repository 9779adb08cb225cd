//! The HTTP API: spanhouse's own, and Jaeger's.
//!
//! | path | answer |
//! |---|---|
//! | `GET /api/v1/traces/{id}` | the trace as a tree, or its spans in OTLP |
//! | `GET /api/v1/traces/{id}/diagnosis` | where its time went, and what went wrong |
//! | `GET /api/v1/traces/{id}/skeleton` | its tree as Arrow columns, for drawing |
//! | `GET /api/v1/services`, `/api/v1/services/{service}/operations` | what sends spans |
//! | `GET /api/v1/red` | QPS, AvgTime, success rate and percentiles, over time |
//! | `GET /api/v1/red/histogram` | durations by time and size, with traces as examples |
//! | `GET /api/v1/catalog/services`, `/api/v1/catalog/instances` | who sent spans lately, and how they do |
//! | `GET /api/v1/topology` | who calls whom, with the figures of each edge |
//! | `GET /metrics/red` | the same figures for Prometheus |
//! | `GET /api/v1/openapi.json` | the description of all of this |
//! | `GET /api/v2/dependencies`, `/zipkin/api/v2/dependencies` | who calls whom, as Zipkin answers |
//! | `GET /api/traces`, `/api/traces/{id}`, `/api/services`, `/api/services/{service}/operations`, `/api/operations`, `/api/dependencies` | the same in Jaeger's JSON |
//!
//! Shapes of answers are born here; nothing else in the crate knows them. Answers are written on
//! the engine's threads, not on those that serve sockets.

mod attribute_json;
mod failure;
mod jaeger;
mod native;
mod openapi;
mod otlp;
mod otlp_json;
mod parameters;
mod prometheus_handler;
mod server_paths;
mod zipkin;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use schemas::UnixNanos;
use serde::Serialize;

use crate::{Engine, QueryError};

pub use openapi::{openapi, openapi_json};

/// What every handler is given.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    engine: Engine,
    clock: Clock,
}

/// Tells the present: where a request names no end of its time range, it ends now.
pub type Clock = fn() -> UnixNanos;

/// The routes of Zipkin's API; its server has them at its own port, and below `/zipkin`.
pub const ZIPKIN_PATHS: [&str; 2] = ["/api/v2/dependencies", "/zipkin/api/v2/dependencies"];

/// All routes of the HTTP API. Unknown paths are answered with 404 and the way to the API's
/// description.
pub fn router(engine: Engine, clock: Clock) -> Router {
    Router::new()
        .route("/api/v1/traces/{id}", get(native::trace))
        .route("/api/v1/traces/{id}/diagnosis", get(native::diagnosis))
        .route("/api/v1/traces/{id}/skeleton", get(native::skeleton))
        .route("/api/v1/services", get(native::services))
        .route(
            "/api/v1/services/{service}/operations",
            get(native::operations),
        )
        .route("/api/v1/red", get(native::red))
        .route("/api/v1/red/histogram", get(native::red_histogram))
        .route("/api/v1/catalog/services", get(native::catalog_services))
        .route("/api/v1/catalog/instances", get(native::catalog_instances))
        .route("/api/v1/topology", get(native::topology))
        .route("/metrics/red", get(prometheus_handler::red_metrics))
        .route("/api/v1/openapi.json", get(openapi::serve))
        .route("/api/traces", get(jaeger::search))
        .route("/api/traces/{id}", get(jaeger::trace))
        .route("/api/services", get(jaeger::services))
        .route(
            "/api/services/{service}/operations",
            get(jaeger::service_operations),
        )
        .route("/api/operations", get(jaeger::operations))
        .route("/api/dependencies", get(jaeger::dependencies))
        .route(ZIPKIN_PATHS[0], get(zipkin::dependencies))
        .route(ZIPKIN_PATHS[1], get(zipkin::dependencies_below_zipkin))
        .fallback(failure::no_such_endpoint)
        .method_not_allowed_fallback(failure::method_not_allowed)
        .with_state(Api { engine, clock })
}

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";
const ARROW_STREAM: &str = "application/vnd.apache.arrow.stream";

/// An answer that was written on the engine's threads.
#[derive(Debug)]
pub(crate) struct Body {
    content_type: &'static str,
    bytes: Bytes,
}

impl Body {
    fn json(answer: &impl Serialize) -> Result<Self, QueryError> {
        Ok(Self {
            content_type: JSON,
            bytes: serde_json::to_vec(answer)?.into(),
        })
    }
}

impl IntoResponse for Body {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, self.content_type)], self.bytes).into_response()
    }
}

#[cfg(test)]
mod tests;
