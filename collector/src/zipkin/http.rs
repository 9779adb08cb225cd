//! Zipkin over HTTP, `POST /api/v1/spans` and `POST /api/v2/spans`, and over gRPC,
//! `zipkin.proto3.SpanService/Report`, on one port.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tower::ServiceExt;

use crate::grpc::{self, ExportMethod, Port};
use crate::http::{cors, discard, given_type, media_type, plain_failure, take};
use crate::receiver::{Receipt, Receiver};
use crate::{Encoding, Protocol};

const V1_PATH: &str = "/api/v1/spans";
const V2_PATH: &str = "/api/v2/spans";
const REPORT: &str = "/zipkin.proto3.SpanService/Report";

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";
const THRIFT: &str = "application/x-thrift";

/// A version of Zipkin's spans: JSON, and one more encoding.
#[derive(Clone, Copy)]
struct Version {
    name: &'static str,
    json: (Protocol, Encoding),
    other_type: &'static str,
    other: (Protocol, Encoding),
}

const V1: Version = Version {
    name: "v1",
    json: (Protocol::ZipkinV1Json, Encoding::ZipkinV1Json),
    other_type: THRIFT,
    other: (Protocol::ZipkinV1Thrift, Encoding::ZipkinV1Thrift),
};

const V2: Version = Version {
    name: "v2",
    json: (Protocol::ZipkinV2Json, Encoding::ZipkinV2Json),
    other_type: PROTOBUF,
    other: (Protocol::ZipkinV2Protobuf, Encoding::ZipkinV2Protobuf),
};

const GRPC_PORT: Port = Port {
    takes: "Zipkin spans here, at /zipkin.proto3.SpanService/Report; OTLP over gRPC has a port of its own, 4317 by \
            default",
    to_strangers: "this is for gRPC\n",
};

/// A router for Zipkin's port: what takes spans, over HTTP and gRPC. All other paths are answered
/// with where spans are taken, so that other routes of Zipkin's API can be merged into it.
pub fn router(receiver: Arc<Receiver>) -> Router {
    let cors = cors(&receiver.settings().cors_allowed_origins);
    let report = grpc::unary(ExportMethod {
        protocol: Protocol::ZipkinV2Protobuf,
        encoding: Encoding::ZipkinV2Protobuf,
        reply: |_| Vec::new(),
    });
    let calls = Router::new().route(REPORT, report);
    let calls = grpc::router(GRPC_PORT, calls, Arc::clone(&receiver));
    Router::new()
        .route(V1_PATH, spans_of(V1))
        .route(V2_PATH, spans_of(V2))
        .fallback(not_found)
        .layer(cors)
        .layer(from_fn_with_state(calls, divert_calls))
        .with_state(receiver)
}

/// Calls of gRPC have routes and errors of their own.
async fn divert_calls(State(calls): State<Router>, request: Request, next: Next) -> Response {
    if grpc::is_grpc(request.headers()) {
        calls.oneshot(request).await.into_response()
    } else {
        next.run(request).await
    }
}

fn spans_of(version: Version) -> MethodRouter<Arc<Receiver>> {
    post(
        move |State(receiver): State<Arc<Receiver>>, request: Request| async move {
            export(&receiver, version, request).await
        },
    )
    .fallback(method_not_allowed)
}

async fn export(receiver: &Receiver, version: Version, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(protocol_and_encoding) = version.encoding_of(&parts.headers) else {
        discard(receiver, &parts, body).await;
        return unsupported_type(version, &parts.headers);
    };
    match take(receiver, protocol_and_encoding, &parts, body).await {
        Ok(receipt) => accepted(receipt),
        Err(error) => plain_failure(error),
    }
}

impl Version {
    /// Spans of which nobody says how they are written are JSON.
    fn encoding_of(self, headers: &HeaderMap) -> Option<(Protocol, Encoding)> {
        if !headers.contains_key(CONTENT_TYPE) {
            return Some(self.json);
        }
        match media_type(headers)?.as_str() {
            JSON => Some(self.json),
            other if other == self.other_type => Some(self.other),
            _ => None,
        }
    }
}

/// Nothing to say, but for spans that were refused, or kept with a warning.
fn accepted(receipt: Receipt) -> Response {
    if receipt.message.is_empty() {
        return StatusCode::ACCEPTED.into_response();
    }
    text(StatusCode::ACCEPTED, receipt.message)
}

fn unsupported_type(version: Version, headers: &HeaderMap) -> Response {
    let Version {
        name, other_type, ..
    } = version;
    let given = given_type(headers);
    let message = format!("{given}; send Zipkin {name} spans as {JSON} or {other_type}");
    text(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
}

async fn method_not_allowed(method: Method) -> Response {
    let message = format!(
        "{method} is not possible here; this is the Zipkin receiver, spans come by POST {V2_PATH} or POST {V1_PATH}"
    );
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, message);
    let allow = HeaderValue::from_static("POST");
    response.headers_mut().insert(ALLOW, allow);
    response
}

async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    let message = format!(
        "nothing is at {path}; this is the Zipkin receiver, spans come by POST {V2_PATH} or POST {V1_PATH}; OTLP over \
         HTTP has a port of its own, 4318 by default"
    );
    text(StatusCode::NOT_FOUND, message)
}

/// An answer of one line.
fn text(status: StatusCode, mut message: String) -> Response {
    message.push('\n');
    (status, message).into_response()
}

#[cfg(test)]
mod tests;
