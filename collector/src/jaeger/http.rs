//! Jaeger over HTTP: `POST /api/traces`, a batch in Thrift's binary protocol.
//!
//! A success is answered with 202 and nothing else, an error with a line of text.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::http::{cors, discard, given_type, media_type, plain_failure, take};
use crate::receiver::Receiver;
use crate::{Encoding, Protocol, connections};

const PATH: &str = "/api/traces";
const THRIFT: &str = "application/x-thrift";
const THRIFT_BINARY: &str = "application/vnd.apache.thrift.binary";

/// Serves Jaeger over HTTP/1.1 and HTTP/2 without TLS on `listener` until `shutdown`. Returns when
/// requests in flight have finished, or the drain timeout is over.
pub async fn serve(listener: TcpListener, receiver: Arc<Receiver>, shutdown: CancellationToken) {
    let router = router(Arc::clone(&receiver));
    connections::serve(listener, router, &receiver, shutdown).await;
}

fn router(receiver: Arc<Receiver>) -> Router {
    let cors = cors(&receiver.settings().cors_allowed_origins);
    Router::new()
        // Older clients add `?format=jaeger.thrift`, which says nothing new.
        .route(PATH, post(export).fallback(method_not_allowed))
        .fallback(not_found)
        .layer(cors)
        .with_state(receiver)
}

async fn export(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_thrift(&parts.headers) {
        discard(&receiver, &parts, body).await;
        let message = format!(
            "{}; send a Jaeger batch in Thrift's binary protocol as {THRIFT}\n",
            given_type(&parts.headers)
        );
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
    }
    let protocol_and_encoding = (Protocol::JaegerHttpThrift, Encoding::JaegerThriftBinary);
    match take(&receiver, protocol_and_encoding, &parts, body).await {
        Ok(_) => StatusCode::ACCEPTED.into_response(),
        Err(error) => plain_failure(error),
    }
}

/// Whether the body may be Thrift: some clients do not say what it is.
fn is_thrift(headers: &HeaderMap) -> bool {
    if !headers.contains_key(CONTENT_TYPE) {
        return true;
    }
    matches!(media_type(headers).as_deref(), Some(THRIFT | THRIFT_BINARY))
}

async fn method_not_allowed(method: Method) -> Response {
    let message = format!(
        "{method} is not possible here; Jaeger batches come by POST {PATH}, and traces are read at the HTTP API's \
         port, 16686 by default\n"
    );
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")], message).into_response()
}

async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    let elsewhere = match path {
        "/v1/traces" => "; OTLP over HTTP has a port of its own, 4318 by default",
        "/api/v1/spans" | "/api/v2/spans" => "; Zipkin has a port of its own, 9411 by default",
        _ => "",
    };
    let message = format!(
        "nothing is at {path}; this is the Jaeger receiver, batches come by POST {PATH}{elsewhere}\n"
    );
    (StatusCode::NOT_FOUND, message).into_response()
}

#[cfg(test)]
mod tests;
