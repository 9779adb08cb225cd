//! `POST /api/v1/alert-rules/backtest`.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::failure::{ApiError, ErrorAnswer};
use super::request::{Body, instant, json};
use crate::backtest::{BackTest, back_test};
use crate::{Alerting, FigureError, RuleSpec};

/// The range when no start of it is given.
const DEFAULT_RANGE: Duration = Duration::from_secs(6 * 3_600);
const PATIENCE: Duration = Duration::from_secs(60);

/// A rule and a range of time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "rule": {"name": "checkout fails", "service": "checkout", "metric": "error_rate", "threshold": "> 5%", "for": "1m"},
    "from": "now-6h",
    "to": "now",
}))]
pub(super) struct BackTestRequest {
    /// The rule, which need not be one that is in force.
    rule: RuleSpec,
    /// The first evaluation: `now-6h` (default), seconds since 1970, or RFC 3339.
    from: Option<String>,
    /// The last evaluation; `now` by default.
    to: Option<String>,
}

/// When a rule would have been pending and firing in the past, and with which values.
#[utoipa::path(
    post,
    path = "/api/v1/alert-rules/backtest",
    tag = "alerts",
    operation_id = "backtest_alert_rule",
    request_body = BackTestRequest,
    responses(
        (status = 200, description = "What the rule would have done", body = BackTest),
        (status = 400, description = "The body is no rule with a range", body = ErrorAnswer),
        (status = 422, description = "A field is wrong, or the range is too long", body = ErrorAnswer),
        (status = 503, description = "The figures cannot be had now", body = ErrorAnswer),
    ),
)]
pub(super) async fn test(
    State(alerting): State<Alerting>,
    body: Body,
) -> Result<Json<BackTest>, ApiError> {
    let BackTestRequest { rule, from, to } = json(body)?;
    let rule = alerting.checked(rule)?;
    let now = alerting.now();
    let to = instant("to", to.as_deref(), now, now)?;
    let default_from = crate::instant::before(to, DEFAULT_RANGE);
    let from = instant("from", from.as_deref(), default_from, now)?;
    if from > to {
        let problem = "`from`: it is after `to`".to_owned();
        return Err(ApiError::MalformedBody(problem));
    }
    let tested = timeout(PATIENCE, back_test(alerting.figures(), &rule, from, to)).await;
    let tested = tested.unwrap_or_else(|_| {
        let problem = format!("no answer within {PATIENCE:?}");
        Err(FigureError::TooLarge(problem).into())
    });
    Ok(Json(tested?))
}
