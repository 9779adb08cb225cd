//! OTLP over HTTP: `POST /v1/traces`, protobuf or JSON.
//!
//! An answer is in the request's encoding, also an error: then it is a `google.rpc.Status`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::OtlpEncoding;
use super::reply::{self, export_response};
use crate::http::{cors, discard, failure, given_type, media_type, take};
use crate::receiver::Receiver;
use crate::rpc_status::{RpcCode, RpcStatus};
use crate::{Encoding, Protocol, connections};

const PATH: &str = "/v1/traces";
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

impl OtlpEncoding {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => PROTOBUF,
            Self::Json => JSON,
        }
    }
}

/// Serves OTLP over HTTP/1.1 and HTTP/2 without TLS on `listener` until `shutdown`. Returns when
/// requests in flight have finished, or the drain timeout is over.
pub async fn serve(listener: TcpListener, receiver: Arc<Receiver>, shutdown: CancellationToken) {
    let router = router(Arc::clone(&receiver));
    connections::serve(listener, router, &receiver, shutdown).await;
}

fn router(receiver: Arc<Receiver>) -> Router {
    let cors = cors(&receiver.settings().cors_allowed_origins);
    Router::new()
        .route(PATH, post(export).fallback(method_not_allowed))
        .fallback(not_found)
        .layer(cors)
        .with_state(receiver)
}

async fn export(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(encoding) = encoding_of(&parts.headers) else {
        discard(&receiver, &parts, body).await;
        return unsupported_type(&parts.headers);
    };
    let protocol_and_encoding = match encoding {
        OtlpEncoding::Protobuf => (Protocol::OtlpHttpProtobuf, Encoding::OtlpProtobuf),
        OtlpEncoding::Json => (Protocol::OtlpHttpJson, Encoding::OtlpJson),
    };
    match take(&receiver, protocol_and_encoding, &parts, body).await {
        Ok(receipt) => reply(
            StatusCode::OK,
            encoding,
            export_response(&receipt, encoding),
        ),
        Err(error) => failure(error, |status| {
            (encoding.media_type(), reply::status(status, encoding))
        }),
    }
}

fn encoding_of(headers: &HeaderMap) -> Option<OtlpEncoding> {
    match media_type(headers)?.as_str() {
        PROTOBUF => Some(OtlpEncoding::Protobuf),
        JSON => Some(OtlpEncoding::Json),
        _ => None,
    }
}

fn reply(code: StatusCode, encoding: OtlpEncoding, body: Vec<u8>) -> Response {
    let content_type = HeaderValue::from_static(encoding.media_type());
    (code, [(CONTENT_TYPE, content_type)], body).into_response()
}

/// For requests whose encoding is unknown, so that every sender's developer can read the answer.
fn refusal(
    http: StatusCode,
    message: String,
    header: Option<(HeaderName, &'static str)>,
) -> Response {
    let status = RpcStatus::new(RpcCode::InvalidArgument, message);
    let mut response = reply(http, OtlpEncoding::Json, status.to_json());
    if let Some((name, value)) = header {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn unsupported_type(headers: &HeaderMap) -> Response {
    let message = format!("{}; send OTLP as {PROTOBUF} or {JSON}", given_type(headers));
    refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, message, None)
}

async fn method_not_allowed(method: Method) -> Response {
    let message = format!("{method} is not possible here; OTLP spans come by POST {PATH}");
    refusal(
        StatusCode::METHOD_NOT_ALLOWED,
        message,
        Some((ALLOW, "POST")),
    )
}

async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    let message = match path {
        "/v1/metrics" | "/v1/logs" | "/v1development/profiles" => {
            format!(
                "spanhouse takes traces only, by POST {PATH}; turn this exporter off for {path}"
            )
        }
        _ => format!("nothing is at {path}; this is the OTLP receiver, spans come by POST {PATH}"),
    };
    refusal(StatusCode::NOT_FOUND, message, None)
}

#[cfg(test)]
mod tests;
