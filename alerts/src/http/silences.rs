//! `/api/v1/silences`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemas::UnixNanos;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::failure::{ApiError, ErrorAnswer};
use super::request::{Body, PathName, instant, json, name};
use crate::Alerting;
use crate::figures::Labels;
use crate::instant::rfc3339;
use crate::silence::Silence;

/// All silences.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SilencesAnswer {
    /// By start; those that are over for a day.
    silences: Vec<SilenceJson>,
}

/// A silence.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Silence, example = json!({
    "id": "5f1c3f9a-52a7-4d52-9f0c-7b2f6f1f4a11",
    "matchers": {"service": "check*", "severity": "warning"},
    "from": "2026-11-23T18:00:00.000Z",
    "until": "2026-11-23T20:00:00.000Z",
    "comment": "the database moves",
    "createdBy": "ana",
    "state": "active",
}))]
pub(super) struct SilenceJson {
    /// Its id.
    id: String,
    /// Labels with the values that they must have, in which `*` stands for any text.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    matchers: Labels,
    /// Its first instant, in RFC 3339.
    from: String,
    /// The first instant after it.
    until: String,
    /// Why.
    comment: String,
    /// Who wants it.
    created_by: String,
    /// `pending`, `active` or `expired`.
    state: &'static str,
}

impl SilenceJson {
    fn of(silence: &Silence, now: UnixNanos) -> Self {
        Self {
            id: silence.id.clone(),
            matchers: silence.matchers.clone(),
            from: rfc3339(silence.from),
            until: rfc3339(silence.until),
            comment: silence.comment.clone(),
            created_by: silence.created_by.clone(),
            state: match (now < silence.from, now < silence.until) {
                (true, _) => "pending",
                (false, true) => "active",
                (false, false) => "expired",
            },
        }
    }
}

/// A silence to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "matchers": {"alertname": "checkout*"}, "until": "now+2h", "comment": "the database moves", "createdBy": "ana",
}))]
pub(super) struct NewSilence {
    /// Labels with the values that they must have, in which `*` stands for any text. Alerts have
    /// `alertname` (their rule), `severity`, the rule's labels, and what makes their series.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    matchers: Labels,
    /// Its first instant: `now` (default), `now+1h`, seconds since 1970, or RFC 3339.
    from: Option<String>,
    /// The first instant after it.
    until: String,
    /// Why.
    #[serde(default)]
    comment: String,
    /// Who wants it.
    #[serde(default)]
    created_by: String,
}

/// All silences: those to come, those now, and those that ended within a day.
#[utoipa::path(
    get,
    path = "/api/v1/silences",
    tag = "alerts",
    operation_id = "silences",
    responses((status = 200, description = "All silences", body = SilencesAnswer)),
)]
pub(super) async fn list(State(alerting): State<Alerting>) -> Json<SilencesAnswer> {
    let book = alerting.book();
    let mut silences: Vec<&Silence> = book.silences.values().collect();
    silences.sort_by_key(|silence| (silence.from, &silence.id));
    let now = alerting.now();
    let shown = silences.iter().map(|silence| SilenceJson::of(silence, now));
    Json(SilencesAnswer {
        silences: shown.collect(),
    })
}

/// Keeps alerts quiet for a while: they are evaluated and shown, and nobody is told.
#[utoipa::path(
    post,
    path = "/api/v1/silences",
    tag = "alerts",
    operation_id = "create_silence",
    request_body = NewSilence,
    responses(
        (status = 201, description = "It is in force", body = SilenceJson),
        (status = 400, description = "The body is no silence", body = ErrorAnswer),
        (status = 409, description = "There are too many", body = ErrorAnswer),
        (status = 422, description = "A field is wrong", body = ErrorAnswer),
        (status = 500, description = "It cannot be made durable", body = ErrorAnswer),
    ),
)]
pub(super) async fn create(
    State(alerting): State<Alerting>,
    body: Body,
) -> Result<Response, ApiError> {
    let new: NewSilence = json(body)?;
    let now = alerting.now();
    let silence = Silence {
        id: String::new(),
        matchers: new.matchers,
        from: instant("from", new.from.as_deref(), now, now)?,
        until: instant("until", Some(&new.until), now, now)?,
        comment: new.comment,
        created_by: new.created_by,
    };
    let silence = alerting.add_silence(silence).await?;
    let shown = Json(SilenceJson::of(&silence, now));
    Ok((StatusCode::CREATED, shown).into_response())
}

/// Ends a silence.
#[utoipa::path(
    delete,
    path = "/api/v1/silences/{id}",
    tag = "alerts",
    operation_id = "delete_silence",
    params(("id" = String, Path, description = "The silence's id", example = "5f1c3f9a-52a7-4d52-9f0c-7b2f6f1f4a11")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is none with this id", body = ErrorAnswer),
        (status = 500, description = "It cannot be made durable", body = ErrorAnswer),
    ),
)]
pub(super) async fn delete(
    State(alerting): State<Alerting>,
    path: PathName,
) -> Result<StatusCode, ApiError> {
    alerting.delete_silence(&name("id", path)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
