//! Every way in which a request can fail, and how each API shows it.

use axum::Json;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use schemas::{SpanId, TraceId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::QueryError;

/// Why a request has no answer.
#[derive(Debug)]
pub(super) enum ApiError {
    MalformedTraceId {
        text: String,
        problem: String,
    },
    MalformedParameter {
        name: &'static str,
        problem: String,
    },
    MalformedQuery(String),
    MissingParameter(&'static str),
    TraceNotFound(TraceId),
    /// A trace that was named by the text that its senders use for it.
    SentTraceNotFound {
        sent: String,
        id: TraceId,
    },
    SpanNotFound {
        trace: TraceId,
        span: SpanId,
    },
    CallPathNotFound {
        trace: TraceId,
        path: String,
        /// The path of its last ancestor that is there.
        last_above: Option<String>,
    },
    ServiceNotFound(String),
    NoSuchEndpoint {
        method: Method,
        path: String,
    },
    MethodNotAllowed {
        method: Method,
        path: String,
    },
    Query(QueryError),
}

impl ApiError {
    pub(super) fn malformed(name: &'static str, problem: String) -> Self {
        Self::MalformedParameter { name, problem }
    }

    /// The one place where failures get their status, their words and their log line.
    fn shown(self) -> Shown {
        let shown = |status, code, message: String, hint: &str| Shown {
            status,
            code,
            message,
            hint: hint.to_owned(),
        };
        match self {
            Self::MalformedTraceId { text, problem } => shown(
                StatusCode::BAD_REQUEST,
                "malformed_trace_id",
                format!("{:?} is not a trace id: {problem}", abbreviated(&text)),
                "a trace id has 32 hex digits, or 16 for ids of 64 bits, such as 4bf92f3577b34da6a3ce929d0e0e4736",
            ),
            Self::MalformedParameter { name, problem } => shown(
                StatusCode::BAD_REQUEST,
                "malformed_parameter",
                format!("malformed parameter '{name}': {}", abbreviated(&problem)),
                "/api/v1/openapi.json describes every parameter",
            ),
            Self::MalformedQuery(problem) => shown(
                StatusCode::BAD_REQUEST,
                "malformed_query",
                problem,
                "percent-encode the values of the query string",
            ),
            Self::MissingParameter(name) => shown(
                StatusCode::BAD_REQUEST,
                "missing_parameter",
                format!("parameter '{name}' is required"),
                "/api/v1/openapi.json describes every parameter",
            ),
            Self::TraceNotFound(id) => shown(
                StatusCode::NOT_FOUND,
                "trace_not_found",
                format!("no span of trace {id} is stored"),
                "the trace may have been dropped by its sender's sampling, not have arrived yet, or be older than what is kept",
            ),
            Self::SentTraceNotFound { sent, id } => shown(
                StatusCode::NOT_FOUND,
                "trace_not_found",
                format!(
                    "no span of a trace sent as {:?} is stored",
                    abbreviated(&sent)
                ),
                &format!(
                    "it was looked for as an id of MTrace or SkyWalking, here {id}; all other ids have 32 hex digits, or 16 for ids of 64 bits"
                ),
            ),
            Self::SpanNotFound { trace, span } => shown(
                StatusCode::NOT_FOUND,
                "span_not_found",
                format!("no span of trace {trace} has the id {span}"),
                "it may not have arrived yet; the trace without parameters has all of its spans",
            ),
            Self::CallPathNotFound {
                trace,
                path,
                last_above,
            } => shown(
                StatusCode::NOT_FOUND,
                "call_path_not_found",
                format!("no span of trace {trace} has the call path {path}"),
                &match last_above {
                    Some(above) => format!(
                        "there is {above}: ?under={above}&maxDepth=2 shows what is below it"
                    ),
                    None => "?maxDepth=1 shows the roots".to_owned(),
                },
            ),
            Self::ServiceNotFound(name) => shown(
                StatusCode::NOT_FOUND,
                "service_not_found",
                format!(
                    "no span of a service called {:?} is stored",
                    abbreviated(&name)
                ),
                "GET /api/v1/services lists all services",
            ),
            Self::NoSuchEndpoint { method, path } => shown(
                StatusCode::NOT_FOUND,
                "no_such_endpoint",
                format!("there is no {method} {}", abbreviated(&path)),
                "GET /api/v1/openapi.json describes every endpoint; a trace is at /api/v1/traces/{id}",
            ),
            Self::MethodNotAllowed { method, path } => shown(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                format!("{method} is not allowed on {}", abbreviated(&path)),
                "queries are asked with GET",
            ),
            Self::Query(error) => query_failure(&error),
        }
    }
}

fn query_failure(error: &QueryError) -> Shown {
    let (status, code, message, hint) = match error {
        QueryError::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many queries are being answered",
            "try again in a moment",
        ),
        QueryError::Timeout(_) => (
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            "the query took too long",
            "ask for a shorter time range or fewer traces, or name the service",
        ),
        QueryError::TooLarge(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "too_large",
            "the answer needs more memory than queries may use",
            "ask for fewer traces, or raise the server's limit",
        ),
        QueryError::Table(_)
        | QueryError::Attributes(_)
        | QueryError::Columns(_)
        | QueryError::NoTable(_)
        | QueryError::Encode(_)
        | QueryError::EncodeColumns(_)
        | QueryError::Stopped(_)
        | QueryError::Threads(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the query could not be answered",
            "the server's log says why",
        ),
    };
    match status {
        StatusCode::INTERNAL_SERVER_ERROR => tracing::error!(%error, "a query failed"),
        _ => tracing::debug!(%error, "a query was refused"),
    }
    Shown {
        status,
        code,
        message: message.to_owned(),
        hint: hint.to_owned(),
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

/// A failure as clients see it.
struct Shown {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: String,
}

impl Shown {
    fn respond(self, body: impl Serialize) -> Response {
        let retry_after = [(header::RETRY_AFTER, "1")];
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                (self.status, retry_after, Json(body)).into_response()
            }
            status => (status, Json(body)).into_response(),
        }
    }
}

/// A failure of the native API.
#[derive(Debug)]
pub(super) struct NativeError(ApiError);

/// The native API's error answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"error": {
    "code": "trace_not_found",
    "message": "no span of trace 4bf92f3577b34da6a3ce929d0e0e4736 is stored",
    "hint": "the trace may have been dropped by its sender's sampling, not have arrived yet, or be older than what is kept",
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

impl<E: Into<ApiError>> From<E> for NativeError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for NativeError {
    fn into_response(self) -> Response {
        let shown = self.0.shown();
        let (code, message, hint) = (shown.code, shown.message.clone(), shown.hint.clone());
        shown.respond(ErrorAnswer {
            error: ErrorDetail {
                code,
                message,
                hint,
            },
        })
    }
}

/// A failure of Jaeger's API.
#[derive(Debug)]
pub(super) struct JaegerError(ApiError);

/// Jaeger's error answer: its usual envelope without data.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "data": null, "total": 0, "limit": 0, "offset": 0,
    "errors": [{"code": 404, "msg": "trace not found"}],
}))]
pub(super) struct JaegerErrorAnswer {
    #[schema(value_type = Option<Object>)]
    data: Option<()>,
    total: usize,
    limit: usize,
    offset: usize,
    errors: Vec<JaegerErrorDetail>,
}

/// One of Jaeger's errors.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JaegerErrorDetail {
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<u16>,
    /// What went wrong, and what to do.
    pub(super) msg: String,
    /// The trace that it is about.
    #[serde(rename = "traceID", skip_serializing_if = "Option::is_none")]
    pub(super) trace_id: Option<String>,
}

/// Jaeger's words for an unknown trace, which clients look for.
pub(super) const TRACE_NOT_FOUND: &str = "trace not found";

impl<E: Into<ApiError>> From<E> for JaegerError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for JaegerError {
    fn into_response(self) -> Response {
        let is_unknown_trace = matches!(self.0, ApiError::TraceNotFound(_));
        let shown = self.0.shown();
        let msg = match is_unknown_trace {
            true => TRACE_NOT_FOUND.to_owned(),
            false => format!("{}; {}", shown.message, shown.hint),
        };
        let code = Some(shown.status.as_u16());
        let errors = vec![JaegerErrorDetail {
            code,
            msg,
            trace_id: None,
        }];
        shown.respond(JaegerErrorAnswer {
            data: None,
            total: 0,
            limit: 0,
            offset: 0,
            errors,
        })
    }
}

/// Answers for every path that has no handler.
pub(super) async fn no_such_endpoint(method: Method, uri: Uri) -> NativeError {
    ApiError::NoSuchEndpoint {
        method,
        path: uri.path().to_owned(),
    }
    .into()
}

/// Answers for methods that a path does not have.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> NativeError {
    ApiError::MethodNotAllowed {
        method,
        path: uri.path().to_owned(),
    }
    .into()
}

/// The beginning of a text that a client sent, to be shown back.
fn abbreviated(text: &str) -> String {
    const SHOWN: usize = 200;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
