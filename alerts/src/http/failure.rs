//! Every way in which a request can fail, and how it is shown: as the native API shows it.

use axum::Json;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{AlertsError, FigureError, InvalidSetting};

/// Why a request has no answer.
#[derive(Debug)]
pub(super) enum ApiError {
    MalformedBody(String),
    MalformedParameter { name: &'static str, problem: String },
    MethodNotAllowed { method: Method, path: String },
    Alerts(AlertsError),
}

/// The error answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"error": {
    "code": "invalid",
    "message": "`threshold`: `300ms` does not begin with >, >=, < or <=; expected `> 300ms`",
    "hint": "mend `threshold`; /api/v1/openapi.json describes every field",
}}))]
pub(super) struct ErrorAnswer {
    error: ErrorDetail,
}

/// What went wrong, and what to do.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorDetail {
    /// A stable word for programs.
    code: &'static str,
    /// What went wrong.
    message: String,
    /// What to do about it.
    hint: String,
}

impl<E: Into<AlertsError>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self::Alerts(error.into())
    }
}

const DESCRIBED: &str = "/api/v1/openapi.json describes every field";

impl ApiError {
    /// The one place where failures get their status, their words and their log line.
    fn shown(self) -> (StatusCode, &'static str, String, String) {
        let error = match self {
            Self::MalformedBody(problem) => {
                let hint = DESCRIBED.to_owned();
                return (StatusCode::BAD_REQUEST, "malformed_body", problem, hint);
            }
            Self::MalformedParameter { name, problem } => {
                let message = format!("malformed parameter '{name}': {problem}");
                let hint = "/api/v1/openapi.json describes every parameter".to_owned();
                return (
                    StatusCode::BAD_REQUEST,
                    "malformed_parameter",
                    message,
                    hint,
                );
            }
            Self::MethodNotAllowed { method, path } => {
                let message = format!("{method} is not allowed on {}", abbreviated(&path));
                let hint = "/api/v1/openapi.json describes every endpoint".to_owned();
                let code = "method_not_allowed";
                return (StatusCode::METHOD_NOT_ALLOWED, code, message, hint);
            }
            Self::Alerts(error) => error,
        };
        let message = error.to_string();
        let (status, code, hint) = match &error {
            AlertsError::Invalid(InvalidSetting { field, .. }) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                format!("mend `{field}`; {DESCRIBED}"),
            ),
            AlertsError::NameTaken(_) => (
                StatusCode::CONFLICT,
                "name_taken",
                "take another name, or change that one with PUT".to_owned(),
            ),
            AlertsError::NotFound(_) => (
                StatusCode::NOT_FOUND,
                "not_found",
                "GET /api/v1/alert-rules and /api/v1/silences list what there is".to_owned(),
            ),
            AlertsError::InFile(_) => (
                StatusCode::CONFLICT,
                "rule_in_file",
                "change it there and restart the server".to_owned(),
            ),
            AlertsError::TooMany(_) => (
                StatusCode::CONFLICT,
                "too_many",
                "delete some that are not needed".to_owned(),
            ),
            AlertsError::Figures(FigureError::TooLarge(_)) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "too_large",
                "take a shorter range, a longer window or fewer series".to_owned(),
            ),
            AlertsError::Figures(FigureError::Unavailable(_)) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "try again in a moment".to_owned(),
            ),
            AlertsError::File { .. } | AlertsError::Client(_) | AlertsError::Stopped(_) => {
                tracing::error!(%error, "a change of alerts failed");
                return (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "the change could not be made durable, and is not in force".to_owned(),
                    "the server's log says why".to_owned(),
                );
            }
        };
        (status, code, message, hint)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, message, hint) = self.shown();
        let error = ErrorDetail {
            code,
            message,
            hint,
        };
        let answer = Json(ErrorAnswer { error });
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                (status, [(header::RETRY_AFTER, "1")], answer).into_response()
            }
            status => (status, answer).into_response(),
        }
    }
}

/// Answers for methods that a path does not have.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> ApiError {
    ApiError::MethodNotAllowed {
        method,
        path: uri.path().to_owned(),
    }
}

/// The beginning of a text that a client sent, to be shown back.
pub(super) fn abbreviated(text: &str) -> String {
    const SHOWN: usize = 200;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
