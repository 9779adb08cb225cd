//! `GET /api/services`, `/api/services/{service}/operations` and `/api/operations`.

use std::collections::BTreeSet;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::failure::{ApiError, JaegerError, JaegerErrorAnswer};
use super::super::parameters::{Parameters, QueryPairs};
use super::super::{Api, Body};
use super::envelope::Envelope;

/// Jaeger's answer with names.
#[derive(ToSchema)]
#[schema(example = json!({"data": ["cart", "checkout"], "total": 2, "limit": 0, "offset": 0, "errors": null}))]
#[expect(dead_code, reason = "describes what Envelope writes")]
pub(in crate::http) struct JaegerNamesAnswer {
    /// The names, sorted.
    data: Vec<String>,
    /// How many they are.
    total: usize,
    /// Always 0.
    limit: usize,
    /// Always 0.
    offset: usize,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    errors: (),
}

/// Jaeger's answer with operations.
#[derive(ToSchema)]
#[schema(example = json!({
    "data": [{"name": "POST /orders", "spanKind": "server"}],
    "total": 1, "limit": 0, "offset": 0, "errors": null,
}))]
#[expect(dead_code, reason = "describes what Envelope writes")]
pub(in crate::http) struct JaegerOperationsAnswer {
    /// By name and kind.
    data: Vec<OperationJson>,
    /// How many they are.
    total: usize,
    /// Always 0.
    limit: usize,
    /// Always 0.
    offset: usize,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    errors: (),
}

/// An operation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JaegerOperation)]
struct OperationJson {
    /// The spans' name.
    name: String,
    /// `server`, `client`, `producer`, `consumer`, `internal`, or empty.
    span_kind: &'static str,
}

/// The names of all services.
#[utoipa::path(
    get,
    path = "/api/services",
    tag = "jaeger",
    operation_id = "jaeger_services",
    responses(
        (status = 200, description = "All services", body = JaegerNamesAnswer),
        (status = 500, description = "The storage cannot be read", body = JaegerErrorAnswer),
        (status = 503, description = "Too many queries", body = JaegerErrorAnswer),
        (status = 504, description = "The query took too long", body = JaegerErrorAnswer),
    ),
)]
pub(in crate::http) async fn services(State(api): State<Api>) -> Result<Body, JaegerError> {
    let body = api.engine.ask(|question| async move {
        let names: Vec<String> = question.operations().await?.into_keys().collect();
        let total = names.len();
        Body::json(&Envelope::of(names, total))
    });
    Ok(body.await?)
}

/// The names of a service's operations; none for an unknown service.
#[utoipa::path(
    get,
    path = "/api/services/{service}/operations",
    tag = "jaeger",
    operation_id = "jaeger_service_operations",
    params(("service" = String, Path, description = "The service's name, percent-encoded", example = "checkout")),
    responses(
        (status = 200, description = "The distinct names", body = JaegerNamesAnswer),
        (status = 500, description = "The storage cannot be read", body = JaegerErrorAnswer),
        (status = 503, description = "Too many queries", body = JaegerErrorAnswer),
        (status = 504, description = "The query took too long", body = JaegerErrorAnswer),
    ),
)]
pub(in crate::http) async fn service_operations(
    State(api): State<Api>,
    service: Result<Path<String>, PathRejection>,
) -> Result<Body, JaegerError> {
    let Path(service) =
        service.map_err(|rejection| ApiError::malformed("service", rejection.body_text()))?;
    let body = api.engine.ask(move |question| async move {
        let operations = question
            .operations()
            .await?
            .remove(&service)
            .unwrap_or_default();
        let names: BTreeSet<String> = operations
            .into_iter()
            .map(|operation| operation.name)
            .collect();
        let total = names.len();
        Body::json(&Envelope::of(names, total))
    });
    Ok(body.await?)
}

/// A service's operations with their kinds; none for an unknown service.
#[utoipa::path(
    get,
    path = "/api/operations",
    tag = "jaeger",
    operation_id = "jaeger_operations",
    params(
        ("service" = String, Query, description = "The service's name", example = "checkout"),
        ("spanKind" = Option<String>, Query, description = "Only operations of this kind", example = "server"),
    ),
    responses(
        (status = 200, description = "The operations", body = JaegerOperationsAnswer),
        (status = 400, description = "No service is named", body = JaegerErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = JaegerErrorAnswer),
        (status = 503, description = "Too many queries", body = JaegerErrorAnswer),
        (status = 504, description = "The query took too long", body = JaegerErrorAnswer),
    ),
)]
pub(in crate::http) async fn operations(
    State(api): State<Api>,
    pairs: QueryPairs,
) -> Result<Body, JaegerError> {
    let parameters = Parameters::of(pairs)?;
    let service = parameters
        .first("service")
        .ok_or(ApiError::MissingParameter("service"))?
        .to_owned();
    let kind = parameters.first("spanKind").map(str::to_owned);
    let body = api.engine.ask(move |question| async move {
        let operations = question
            .operations()
            .await?
            .remove(&service)
            .unwrap_or_default();
        let operations = operations.into_iter().map(|operation| OperationJson {
            span_kind: operation.kind.name(),
            name: operation.name,
        });
        let is_wanted = |operation: &OperationJson| {
            kind.as_deref()
                .is_none_or(|kind| kind == operation.span_kind)
        };
        let operations: Vec<OperationJson> = operations.filter(is_wanted).collect();
        let total = operations.len();
        Body::json(&Envelope::of(operations, total))
    });
    Ok(body.await?)
}
