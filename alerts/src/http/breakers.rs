//! `GET /api/v1/breakers`.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::failure::{ApiError, ErrorAnswer};
use super::request::{Parameters, QueryPairs, malformed};
use crate::Alerting;
use crate::breaker::Breakers;

/// Nobody waits for longer: proxies between give up after a minute.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The edges over a threshold and for how long, for a governance platform to open circuit breakers
/// or lower limits by.
///
/// They come from the rules with the scope `edge`. With `wait` and `after` the answer comes when
/// something changed. A receiver of the type `breakers` gets the same pushed.
#[utoipa::path(
    get,
    path = "/api/v1/breakers",
    tag = "alerts",
    operation_id = "breakers",
    params(
        ("after" = Option<String>, Query, description = "The `version` of the answer before: with `wait`, the next one is waited for", example = "9f86d081884c7d65"),
        ("wait" = Option<String>, Query, description = "How long to wait for a change, at most `60s`; not at all by default", example = "30s"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the answer before: nothing is sent again when nothing changed"),
    ),
    responses(
        (status = 200, description = "The edges over a threshold; `ETag` has the version", body = Breakers),
        (status = 304, description = "Nothing changed"),
        (status = 400, description = "A parameter is malformed", body = ErrorAnswer),
    ),
)]
pub(super) async fn list(
    State(alerting): State<Alerting>,
    headers: HeaderMap,
    pairs: QueryPairs,
) -> Result<Response, ApiError> {
    let parameters = Parameters::of(pairs)?;
    let wait = parameters.duration("wait")?.unwrap_or_default();
    if wait > LONGEST_WAIT {
        return Err(malformed("wait", "it is over 60s"));
    }
    let unchanged = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|tag| tag.to_str().ok())
        .map(|tag| tag.trim_start_matches("W/").trim_matches('"'));
    let seen = parameters.first("after").or(unchanged);
    let breakers = match seen {
        Some(seen) if !wait.is_zero() => next(&alerting, seen, wait).await,
        _ => Breakers::of(&alerting.book(), alerting.now()),
    };
    let tag = [(header::ETAG, format!("\"{}\"", breakers.version))];
    if unchanged == Some(breakers.version.as_str()) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Json(breakers)).into_response())
}

/// The first breakers of another version than the one seen, or how they stand when time is up or
/// the server stops.
async fn next(alerting: &Alerting, seen: &str, wait: Duration) -> Breakers {
    let mut changes = alerting.changes();
    let changed = async {
        loop {
            let breakers = Breakers::of(&alerting.book(), alerting.now());
            if breakers.version != seen || changes.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = timeout(wait, changed) => {}
        () = alerting.stop().cancelled() => {}
    }
    Breakers::of(&alerting.book(), alerting.now())
}
