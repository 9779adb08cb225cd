//! `GET /api/v1/services` and `GET /api/v1/services/{service}/operations`.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::failure::{ApiError, ErrorAnswer, NativeError};
use super::super::{Api, Body};
use super::span_json::kind_name;

/// All services.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"services": [{"name": "checkout", "operationCount": 7}]}))]
pub(in crate::http) struct ServicesAnswer {
    /// By name.
    services: Vec<Service>,
}

/// A service.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Service {
    /// Its `service.name`; `unknown_service` stands for spans whose resource has none.
    name: String,
    /// How many distinct names and kinds its spans have.
    operation_count: usize,
}

/// The operations of a service.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"service": "checkout", "operations": [{"name": "POST /orders", "kind": "server"}]}))]
pub(in crate::http) struct OperationsAnswer {
    /// The service.
    service: String,
    /// By name, then by kind.
    operations: Vec<OperationJson>,
}

/// An operation of a service.
#[derive(Serialize, ToSchema)]
#[schema(as = Operation)]
struct OperationJson {
    /// The spans' name.
    name: String,
    /// `unspecified`, `internal`, `server`, `client`, `producer` or `consumer`.
    kind: &'static str,
}

/// The services that have spans.
#[utoipa::path(
    get,
    path = "/api/v1/services",
    tag = "services",
    responses(
        (status = 200, description = "All services by name", body = ServicesAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn services(State(api): State<Api>) -> Result<Body, NativeError> {
    let body = api.engine.ask(|question| async move {
        let services = question
            .operations()
            .await?
            .into_iter()
            .map(|(name, operations)| Service {
                name,
                operation_count: operations.len(),
            });
        Body::json(&ServicesAnswer {
            services: services.collect(),
        })
    });
    Ok(body.await?)
}

/// What a service does: the distinct names and kinds of its spans.
#[utoipa::path(
    get,
    path = "/api/v1/services/{service}/operations",
    tag = "services",
    params(("service" = String, Path, description = "The service's name, percent-encoded", example = "checkout")),
    responses(
        (status = 200, description = "All operations by name and kind", body = OperationsAnswer),
        (status = 404, description = "No span of this service is stored", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn operations(
    State(api): State<Api>,
    service: Result<Path<String>, PathRejection>,
) -> Result<Body, NativeError> {
    let Path(service) =
        service.map_err(|rejection| ApiError::malformed("service", rejection.body_text()))?;
    let asked = service.clone();
    let body = api.engine.ask(move |question| async move {
        let Some(operations) = question.operations().await?.remove(&service) else {
            return Ok(None);
        };
        let operations = operations.into_iter().map(|operation| OperationJson {
            name: operation.name,
            kind: kind_name(operation.kind),
        });
        Body::json(&OperationsAnswer {
            service,
            operations: operations.collect(),
        })
        .map(Some)
    });
    Ok(body.await?.ok_or(ApiError::ServiceNotFound(asked))?)
}
