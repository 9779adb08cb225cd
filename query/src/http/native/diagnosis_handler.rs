//! `GET /api/v1/traces/{id}/diagnosis`.

use axum::extract::State;

use super::super::failure::{ApiError, ErrorAnswer, NativeError};
use super::super::parameters::{Parameters, QueryPairs};
use super::super::{Api, Body};
use super::diagnosis_json::{DiagnosisJson, Findings};
use super::path_id::{NamedTrace, PathId};
use crate::diagnosis::{CallTree, Diagnosis, Repetition};

/// How many findings of a kind are listed unless told otherwise, and at most.
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 10_000;

/// Where a trace's time went, and what went wrong.
///
/// Found in the tree alone: the self time of each span, the critical path and its bottleneck, each
/// service's share, where the first error began, repeated calls (the N+1 pattern), calls that ran
/// one after another, and calls that cross zones. Whether one call needs the result of another
/// cannot be seen in a trace: serial siblings are a question to those who know the code.
#[utoipa::path(
    get,
    path = "/api/v1/traces/{id}/diagnosis",
    tag = "traces",
    params(
        ("id" = String, Path, description = "32 hex digits, or 16 for ids of 64 bits, in any case; or the text by which MTrace or SkyWalking sent it",
            example = "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("repeated" = Option<usize>, Query, minimum = 2,
            description = "How many calls of one operation under one parent are repeated ones; 5 unless given", example = 5),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 10_000,
            description = "How many repeated calls, serial siblings and zone crossings are listed at most, of each kind; 100 unless given", example = 100),
    ),
    responses(
        (status = 200, description = "The diagnosis", body = DiagnosisJson),
        (status = 400, description = "The id or a parameter is malformed", body = ErrorAnswer),
        (status = 404, description = "No span of this trace is stored", body = ErrorAnswer),
        (status = 422, description = "The answer needs more memory than allowed", body = ErrorAnswer),
        (status = 500, description = "The storage cannot be read", body = ErrorAnswer),
        (status = 503, description = "Too many queries", body = ErrorAnswer),
        (status = 504, description = "The query took too long", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn diagnosis(
    State(api): State<Api>,
    id: PathId,
    pairs: QueryPairs,
) -> Result<Body, NativeError> {
    let named = NamedTrace::of(id)?;
    let id = named.id;
    let parameters = Parameters::of(pairs)?;
    let repetition = repetition(&parameters)?;
    let limit = parameters.count("limit", 1..=MAX_LIMIT)?;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let body = api.engine.ask(move |question| async move {
        let Some(trace) = question.trace(id).await? else {
            return Ok(None);
        };
        let tree = CallTree::of(&trace);
        let diagnosis = Diagnosis::of(&tree, repetition);
        let findings = Findings {
            trace: &trace,
            tree: &tree,
            diagnosis: &diagnosis,
        };
        Body::json(&DiagnosisJson::of(findings, repetition, limit)).map(Some)
    });
    Ok(body.await?.ok_or_else(|| named.not_found())?)
}

fn repetition(parameters: &Parameters) -> Result<Repetition, ApiError> {
    let count = parameters.count("repeated", 2..=usize::MAX)?;
    Ok(count.and_then(Repetition::at_least).unwrap_or_default())
}
