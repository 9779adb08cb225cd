//! `GET /api/traces/{id}`.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};

use super::super::failure::{ApiError, JaegerError, JaegerErrorAnswer};
use super::super::parameters::{Parameters, QueryPairs, trace_id};
use super::super::{Api, Body};
use super::JaegerTracesAnswer;
use super::envelope::Envelope;
use super::trace_json::{TraceJson, Version};

/// A whole trace in Jaeger's JSON.
#[utoipa::path(
    get,
    path = "/api/traces/{id}",
    tag = "jaeger",
    operation_id = "jaeger_trace",
    params(
        ("id" = String, Path, description = "32 hex digits, or 16 for ids of 64 bits, in any case",
            example = "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("start" = Option<i64>, Query, description = "Microseconds since 1970; accepted and not needed: traces are found by id alone"),
        ("end" = Option<i64>, Query, description = "As `start`"),
        ("raw" = Option<bool>, Query, description = "Shows spans as they were stored, and as often: without clock skew adjustment, two under one id where they share it"),
    ),
    responses(
        (status = 200, description = "The trace, alone in `data`", body = JaegerTracesAnswer),
        (status = 400, description = "The id or a parameter is malformed", body = JaegerErrorAnswer),
        (status = 404, description = "No span of this trace is stored", body = JaegerErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = JaegerErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = JaegerErrorAnswer),
        (status = 503, description = "Too many queries", body = JaegerErrorAnswer),
        (status = 504, description = "The query took too long", body = JaegerErrorAnswer),
    ),
)]
pub(in crate::http) async fn trace(
    State(api): State<Api>,
    id: Result<Path<String>, PathRejection>,
    pairs: QueryPairs,
) -> Result<Body, JaegerError> {
    let Path(id) = id.map_err(|rejection| ApiError::malformed("id", rejection.body_text()))?;
    let id = trace_id(&id)?;
    let parameters = Parameters::of(pairs)?;
    parameters.micros("start")?;
    parameters.micros("end")?;
    let version = version(&parameters)?;
    let body = api.engine.ask(move |question| async move {
        let Some(trace) = question.trace(id).await? else {
            return Ok(None);
        };
        Body::json(&Envelope::of([TraceJson::of(&trace, version)], 0)).map(Some)
    });
    Ok(body.await?.ok_or(ApiError::TraceNotFound(id))?)
}

/// What `raw` asks for.
pub(super) fn version(parameters: &Parameters) -> Result<Version, ApiError> {
    Ok(match parameters.flag("raw")? {
        true => Version::Raw,
        false => Version::Adjusted,
    })
}
