//! gRPC, as far as receivers need it: calls that send one message of spans or a stream of them,
//! and get one message back.
//!
//! It is read here and not by a gRPC library: the library at hand decompresses on the runtime's
//! threads, within no budget, and answers a message that is too large with a code that senders
//! retry.

mod answer;
mod frame;

#[cfg(test)]
pub(crate) mod client;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::protobuf::put_number;
use crate::receiver::{Compression, ExportError, Receipt, Receiver, declared_length, drain};
use crate::rpc_status::{RpcCode, RpcStatus};
use crate::{Encoding, Protocol};

use answer::{failure, status_of, success};
use frame::{Messages, unframe};

pub(crate) const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";
pub(crate) const GRPC: &str = "application/grpc";
/// The bytes before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;
/// `grpc.health.v1.HealthCheckResponse.ServingStatus`.
const SERVING: u64 = 1;
const NOT_SERVING: u64 = 2;

/// A method by which spans come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportMethod {
    pub(crate) protocol: Protocol,
    /// How the spans of a message are written.
    pub(crate) encoding: Encoding,
    /// Writes the answer's message.
    pub(crate) reply: fn(&Receipt) -> Vec<u8>,
}

/// What a port is for, in the words of its error messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Port {
    /// Told to callers of methods that are not there; follows "spanhouse takes".
    pub(crate) takes: &'static str,
    /// Told to senders in plain HTTP, who mistook the port.
    pub(crate) to_strangers: &'static str,
}

/// The routes of a port: `methods`, gRPC's health protocol, and clear words for everything else.
pub(crate) fn router(
    port: Port,
    methods: Router<Arc<Receiver>>,
    receiver: Arc<Receiver>,
) -> Router {
    let unimplemented = move |request: Request| async move {
        let path = request.uri().path();
        let message = format!("{path} is unknown; spanhouse takes {}", port.takes);
        failure(&RpcStatus::new(RpcCode::Unimplemented, message))
    };
    methods
        .route(HEALTH_CHECK, post(health))
        .fallback(unimplemented)
        .method_not_allowed_fallback(unimplemented)
        .layer(from_fn(move |request: Request, next: Next| async move {
            if is_grpc(request.headers()) {
                next.run(request).await
            } else {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, port.to_strangers).into_response()
            }
        }))
        .with_state(receiver)
}

/// A call that sends one message of spans.
pub(crate) fn unary(method: ExportMethod) -> MethodRouter<Arc<Receiver>> {
    post(
        move |State(receiver): State<Arc<Receiver>>, request: Request| async move {
            let (parts, body) = request.into_parts();
            let result = take_one(&receiver, method, &parts.headers, body).await;
            receiver.count(method.protocol, &result);
            answer(method, result, &parts.headers)
        },
    )
}

/// A call that sends messages of spans until it ends. Each is durable before the next is read;
/// the call fails with the first one that fails.
pub(crate) fn streaming(method: ExportMethod) -> MethodRouter<Arc<Receiver>> {
    post(
        move |State(receiver): State<Arc<Receiver>>, request: Request| async move {
            let (parts, body) = request.into_parts();
            let result = take_all(&receiver, method, &parts.headers, body).await;
            answer(method, result, &parts.headers)
        },
    )
}

/// A call, of one message or many, that says nothing of spans: it is read, forgotten, and answered
/// with an empty message.
pub(crate) fn acknowledge() -> MethodRouter<Arc<Receiver>> {
    constant(&[])
}

/// A call that says nothing of spans: it is read, forgotten, and always answered with the same
/// message.
pub(crate) fn constant(message: &'static [u8]) -> MethodRouter<Arc<Receiver>> {
    post(
        move |State(receiver): State<Arc<Receiver>>, request: Request| async move {
            let (parts, mut body) = request.into_parts();
            drain(&mut body, receiver.settings().max_request_bytes).await;
            success(message, &parts.headers)
        },
    )
}

async fn take_one(
    receiver: &Receiver,
    method: ExportMethod,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<Receipt, ExportError> {
    let says = compression_of(headers)?;
    receiver.ready()?;
    let mut received = receiver
        .receive(&mut body, declared_length(headers), PREFIX)
        .await?;
    let compression = unframe(&mut received, says, receiver)?;
    receiver
        .export((method.protocol, method.encoding), compression, received)
        .await
}

async fn take_all(
    receiver: &Receiver,
    method: ExportMethod,
    headers: &HeaderMap,
    body: Body,
) -> Result<Receipt, ExportError> {
    let messages = compression_of(headers).map(|says| Messages::new(receiver, body, says));
    let mut messages =
        messages.inspect_err(|error| receiver.count_failure(method.protocol, error))?;
    let mut total = Receipt::default();
    loop {
        let taking = async {
            let Some((received, compression)) = messages.next().await? else {
                return Ok(None);
            };
            receiver.ready()?;
            let protocol_and_encoding = (method.protocol, method.encoding);
            receiver
                .export(protocol_and_encoding, compression, received)
                .await
                .map(Some)
        };
        match taking.await {
            Ok(None) => return Ok(total),
            Ok(Some(receipt)) => {
                receiver.count(method.protocol, &Ok(()));
                total.add(receipt);
            }
            Err(error) => {
                receiver.count_failure(method.protocol, &error);
                return Err(error);
            }
        }
    }
}

fn answer(
    method: ExportMethod,
    result: Result<Receipt, ExportError>,
    headers: &HeaderMap,
) -> Response {
    match result {
        Ok(receipt) => success(&(method.reply)(&receipt), headers),
        Err(error) => failure(&status_of(error)),
    }
}

/// How the compressed messages of a call are compressed.
fn compression_of(headers: &HeaderMap) -> Result<Compression, ExportError> {
    let Some(name) = headers.get("grpc-encoding") else {
        return Ok(Compression::Identity);
    };
    Compression::from_name(name.as_bytes()).ok_or_else(|| {
        ExportError::UnsupportedCompression(format!(
            "grpc-encoding is not supported; send one of {}",
            Compression::ACCEPTED
        ))
    })
}

/// Probes of gRPC's health protocol; every service name is us.
async fn health(State(receiver): State<Arc<Receiver>>, headers: HeaderMap) -> Response {
    let status = if receiver.ready().is_ok() {
        SERVING
    } else {
        NOT_SERVING
    };
    let mut message = Vec::new();
    put_number(&mut message, 1, status);
    success(&message, &headers)
}

/// Whether a request is a call.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    matches!(
        value.strip_prefix(GRPC.as_bytes()),
        Some([]) | Some([b';', ..]) | Some(b"+proto")
    ) || value.starts_with(b"application/grpc+proto;")
}
