//! `GET /api/v1/alerts`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::failure::{ApiError, ErrorAnswer};
use super::request::{Parameters, QueryPairs, malformed};
use crate::Alerting;
use crate::notification::AlertJson;

const STATES: [&str; 4] = ["pending", "firing", "silenced", "resolved"];

/// Alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlertsAnswer {
    /// By rule and series; resolved ones for 15 minutes.
    alerts: Vec<AlertJson>,
}

/// The alerts that are pending, firing or silenced now, or were resolved in the last 15 minutes.
#[utoipa::path(
    get,
    path = "/api/v1/alerts",
    tag = "alerts",
    operation_id = "alerts",
    params(
        ("state" = Option<String>, Query, description = "Only those in these states, separated by commas: `pending`, `firing`, `silenced`, `resolved`", example = "firing,silenced"),
        ("rule" = Option<String>, Query, description = "Only those of this rule", example = "checkout fails"),
    ),
    responses(
        (status = 200, description = "The alerts", body = AlertsAnswer),
        (status = 400, description = "A parameter is malformed", body = ErrorAnswer),
    ),
)]
pub(super) async fn list(
    State(alerting): State<Alerting>,
    pairs: QueryPairs,
) -> Result<Json<AlertsAnswer>, ApiError> {
    let parameters = Parameters::of(pairs)?;
    let states: Option<Vec<&str>> = parameters
        .first("state")
        .map(|states| states.split(',').map(str::trim).collect());
    let unknown = states
        .iter()
        .flatten()
        .find(|state| !STATES.contains(state));
    if let Some(unknown) = unknown {
        let problem = format!("{unknown:?} is none of {}", STATES.join(", "));
        return Err(malformed("state", &problem));
    }
    let rule = parameters.first("rule");
    let mut alerts = AlertJson::all(&alerting.book(), alerting.now());
    alerts.retain(|alert| {
        rule.is_none_or(|rule| alert.rule == rule)
            && states
                .as_ref()
                .is_none_or(|states| states.contains(&alert.state))
    });
    Ok(Json(AlertsAnswer { alerts }))
}
