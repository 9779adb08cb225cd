//! `/api/v1/alert-rules`.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::failure::{ApiError, ErrorAnswer};
use super::request::{Body, PathName, json, name};
use crate::book::{Book, ListedRule};
use crate::instant::rfc3339;
use crate::phase::Phase;
use crate::{Alerting, AlertsError, RuleSpec};

/// All rules.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RulesAnswer {
    /// By name.
    rules: Vec<RuleJson>,
}

/// A rule, and how it is doing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AlertRule, example = json!({
    "rule": {"name": "checkout fails", "service": "checkout", "metric": "error_rate", "threshold": "> 5%", "for": "1m"},
    "source": "file",
    "state": "firing",
    "pending": 0,
    "firing": 1,
    "evaluatedAt": "2026-11-23T18:02:10.000Z",
    "error": null,
    "seriesLeftOut": 0,
}))]
pub(super) struct RuleJson {
    /// The rule as it was written.
    rule: RuleSpec,
    /// `file` or `api`; only the latter can be changed over the API.
    source: &'static str,
    /// `inactive`, `pending`, `firing`, or `error` when it could not be evaluated.
    state: &'static str,
    /// How many of its alerts are pending.
    pending: usize,
    /// How many of its alerts are firing, silenced ones too.
    firing: usize,
    /// The instant of the last evaluation, in RFC 3339; none before the first.
    evaluated_at: Option<String>,
    /// Why the last evaluation failed.
    error: Option<String>,
    /// Series beyond those that it looks at.
    series_left_out: usize,
}

impl RuleJson {
    fn of(book: &Book, listed: &ListedRule) -> Self {
        let state = book.states.get(listed.rule.name());
        let alerts = || state.into_iter().flat_map(|state| state.alerts.values());
        let pending = alerts().filter(|alert| matches!(alert.phase, Phase::Pending { .. }));
        let firing = alerts().filter(|alert| alert.phase.is_firing());
        let (pending, firing) = (pending.count(), firing.count());
        let error = state.and_then(|state| state.error.clone());
        Self {
            rule: listed.rule.spec().clone(),
            source: if listed.is_in_file { "file" } else { "api" },
            state: match (error.is_some(), firing, pending) {
                (true, _, _) => "error",
                (false, 0, 0) => "inactive",
                (false, 0, _) => "pending",
                (false, _, _) => "firing",
            },
            pending,
            firing,
            evaluated_at: state.and_then(|state| state.evaluated_at).map(rfc3339),
            error,
            series_left_out: state.map_or(0, |state| state.left_out),
        }
    }
}

/// All alert rules, those of the configuration file and those of the API, and how they are doing.
#[utoipa::path(
    get,
    path = "/api/v1/alert-rules",
    tag = "alerts",
    operation_id = "alert_rules",
    responses((status = 200, description = "All rules by name", body = RulesAnswer)),
)]
pub(super) async fn list(State(alerting): State<Alerting>) -> Json<RulesAnswer> {
    let book = alerting.book();
    let rules = book
        .rules
        .values()
        .map(|listed| RuleJson::of(&book, listed));
    Json(RulesAnswer {
        rules: rules.collect(),
    })
}

/// Adds an alert rule, which survives restarts.
#[utoipa::path(
    post,
    path = "/api/v1/alert-rules",
    tag = "alerts",
    operation_id = "create_alert_rule",
    request_body = RuleSpec,
    responses(
        (status = 201, description = "It is in force", body = RuleJson),
        (status = 400, description = "The body is no rule", body = ErrorAnswer),
        (status = 409, description = "The name is taken, or there are too many", body = ErrorAnswer),
        (status = 422, description = "A field is wrong", body = ErrorAnswer),
        (status = 500, description = "It cannot be made durable", body = ErrorAnswer),
    ),
)]
pub(super) async fn create(
    State(alerting): State<Alerting>,
    body: Body,
) -> Result<Response, ApiError> {
    let listed = alerting.add_rule(json(body)?).await?;
    let rule = RuleJson::of(&alerting.book(), &listed);
    Ok((StatusCode::CREATED, Json(rule)).into_response())
}

/// One alert rule, and how it is doing.
#[utoipa::path(
    get,
    path = "/api/v1/alert-rules/{name}",
    tag = "alerts",
    operation_id = "alert_rule",
    params(("name" = String, Path, description = "The rule's name, percent-encoded", example = "checkout fails")),
    responses(
        (status = 200, description = "The rule", body = RuleJson),
        (status = 404, description = "There is none of this name", body = ErrorAnswer),
    ),
)]
pub(super) async fn show(
    State(alerting): State<Alerting>,
    path: PathName,
) -> Result<Json<RuleJson>, ApiError> {
    let name = name("name", path)?;
    let book = alerting.book();
    match book.rules.get(&name) {
        Some(listed) => Ok(Json(RuleJson::of(&book, listed))),
        None => Err(AlertsError::NotFound(format!("rule called {name:?}")).into()),
    }
}

/// Replaces an alert rule of the API, or adds it. Its alerts stay where they are.
#[utoipa::path(
    put,
    path = "/api/v1/alert-rules/{name}",
    tag = "alerts",
    operation_id = "put_alert_rule",
    params(("name" = String, Path, description = "The rule's name, the same as in the body", example = "checkout is slow")),
    request_body = RuleSpec,
    responses(
        (status = 200, description = "It is in force", body = RuleJson),
        (status = 400, description = "The body is no rule, or has another name", body = ErrorAnswer),
        (status = 409, description = "The rule stands in the configuration file", body = ErrorAnswer),
        (status = 422, description = "A field is wrong", body = ErrorAnswer),
        (status = 500, description = "It cannot be made durable", body = ErrorAnswer),
    ),
)]
pub(super) async fn replace(
    State(alerting): State<Alerting>,
    path: PathName,
    body: Body,
) -> Result<Json<RuleJson>, ApiError> {
    let name = name("name", path)?;
    let spec: RuleSpec = json(body)?;
    if spec.name != name {
        let problem = format!("the body's name is {:?}, the path's is {name:?}", spec.name);
        return Err(ApiError::MalformedBody(problem));
    }
    let listed = alerting.put_rule(spec).await?;
    let rule = RuleJson::of(&alerting.book(), &listed);
    Ok(Json(rule))
}

/// Removes an alert rule of the API. Its firing alerts are resolved with the next evaluation.
#[utoipa::path(
    delete,
    path = "/api/v1/alert-rules/{name}",
    tag = "alerts",
    operation_id = "delete_alert_rule",
    params(("name" = String, Path, description = "The rule's name, percent-encoded", example = "checkout is slow")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is none of this name", body = ErrorAnswer),
        (status = 409, description = "The rule stands in the configuration file", body = ErrorAnswer),
        (status = 500, description = "It cannot be made durable", body = ErrorAnswer),
    ),
)]
pub(super) async fn delete(
    State(alerting): State<Alerting>,
    path: PathName,
) -> Result<Response, ApiError> {
    alerting.delete_rule(&name("name", path)?).await?;
    let no_cache = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::NO_CONTENT, no_cache).into_response())
}
