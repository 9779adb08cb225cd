//! The HTTP API of alerts.
//!
//! | path | |
//! |---|---|
//! | `GET /api/v1/alerts` | the alerts that are pending, firing, silenced or just resolved |
//! | `GET`, `POST /api/v1/alert-rules` | all rules, with their health; a new rule |
//! | `GET`, `PUT`, `DELETE /api/v1/alert-rules/{name}` | one rule |
//! | `POST /api/v1/alert-rules/backtest` | when a rule would have fired |
//! | `GET`, `POST /api/v1/silences`, `DELETE /api/v1/silences/{id}` | silences |
//! | `GET /api/v1/breakers` | edges over a threshold, for governance platforms |

mod alerts;
mod backtest;
mod breakers;
mod failure;
mod openapi;
mod request;
mod rules;
mod silences;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};

use crate::Alerting;

pub use openapi::{openapi, openapi_json};

/// The largest body: far more than a rule has.
const LARGEST_BODY: usize = 256 << 10;

/// All routes of alerts.
pub(crate) fn router(alerting: Alerting) -> Router {
    Router::new()
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alert-rules", get(rules::list).post(rules::create))
        .route("/api/v1/alert-rules/backtest", post(backtest::test))
        .route(
            "/api/v1/alert-rules/{name}",
            get(rules::show).put(rules::replace).delete(rules::delete),
        )
        .route(
            "/api/v1/silences",
            get(silences::list).post(silences::create),
        )
        .route("/api/v1/silences/{id}", delete(silences::delete))
        .route("/api/v1/breakers", get(breakers::list))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .method_not_allowed_fallback(failure::method_not_allowed)
        .with_state(alerting)
}

#[cfg(test)]
mod tests;
