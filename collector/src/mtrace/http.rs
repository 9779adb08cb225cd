//! MTrace over HTTP: `POST /api/v1/spans`, to be merged into another router.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::json;

use crate::http::{cors, discard, failure, given_type, media_type, take};
use crate::receiver::{ExportError, Receipt, Receiver};
use crate::{Encoding, Protocol};

const PATH: &str = "/api/v1/spans";
const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

/// A router with `POST /api/v1/spans`, for a server that has other paths too: answers have the
/// shape of its native API, and other paths are not answered here.
pub fn router(receiver: Arc<Receiver>) -> Router {
    let cors = cors(&receiver.settings().cors_allowed_origins);
    Router::new()
        .route(PATH, post(export).fallback(method_not_allowed))
        .layer(cors)
        .with_state(receiver)
}

async fn export(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        discard(&receiver, &parts, body).await;
        return unsupported_type(&parts.headers);
    }
    let protocol_and_encoding = (Protocol::Mtrace, Encoding::MtraceJson);
    match take(&receiver, protocol_and_encoding, &parts, body).await {
        Ok(receipt) => accepted(&receipt),
        Err(error) => {
            let (code, hint) = code_and_hint(&error);
            failure(error, |status| {
                (JSON, error_body(code, &status.message, hint))
            })
        }
    }
}

/// Whether the body says that it is JSON, or nothing about itself.
fn is_json(headers: &HeaderMap) -> bool {
    if !headers.contains_key(CONTENT_TYPE) {
        return true;
    }
    media_type(headers).is_some_and(|given| given == JSON || given == LINES)
}

fn accepted(receipt: &Receipt) -> Response {
    let body = json!({
        "accepted": receipt.accepted,
        "rejected": receipt.rejected,
        "errors": receipt.details,
    });
    answer(StatusCode::ACCEPTED, body.to_string().into_bytes())
}

fn answer(status: StatusCode, body: Vec<u8>) -> Response {
    let content_type = HeaderValue::from_static(JSON);
    (status, [(CONTENT_TYPE, content_type)], body).into_response()
}

/// A word for programs, and what to do.
fn code_and_hint(error: &ExportError) -> (&'static str, &'static str) {
    match error {
        ExportError::TooLarge { .. } => ("too_large", "send the spans in several requests"),
        ExportError::Invalid(_) | ExportError::Rejected(_) => (
            "malformed_body",
            "send a JSON array of spans, one span, or one span a line; docs/mtrace.md describes a span",
        ),
        ExportError::UnsupportedCompression(_) | ExportError::CompressionUnknown => (
            "unsupported_compression",
            "compress the body with gzip or zstd, or not at all",
        ),
        ExportError::BodyTimeout(_) => ("body_timeout", "send the body faster, or fewer spans"),
        ExportError::Busy { .. } => ("busy", "send the same again after the time in Retry-After"),
        ExportError::Unavailable { .. } => (
            "unavailable",
            "send the same again after the time in Retry-After",
        ),
        ExportError::Internal => ("internal", "the server's log says why"),
    }
}

fn error_body(code: &str, message: &str, hint: &str) -> Vec<u8> {
    let error = json!({ "code": code, "message": message, "hint": hint });
    json!({ "error": error }).to_string().into_bytes()
}

fn unsupported_type(headers: &HeaderMap) -> Response {
    let hint = format!("send Content-Type: {JSON} or {LINES}");
    let body = error_body("unsupported_media_type", &given_type(headers), &hint);
    answer(StatusCode::UNSUPPORTED_MEDIA_TYPE, body)
}

async fn method_not_allowed(method: Method) -> Response {
    let message = format!("{method} is not allowed on {PATH}");
    let body = error_body("method_not_allowed", &message, "spans are sent with POST");
    let mut response = answer(StatusCode::METHOD_NOT_ALLOWED, body);
    let allowed = HeaderValue::from_static("POST");
    response.headers_mut().insert(ALLOW, allowed);
    response
}

#[cfg(test)]
mod tests;
