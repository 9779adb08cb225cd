//! OTLP over gRPC: `opentelemetry.proto.collector.trace.v1.TraceService/Export`.
//!
//! A unary call is one framed message each way, so it is read here and not by a gRPC library: the
//! library at hand decompresses on the runtime's threads, within no budget, and answers a message
//! that is too large with a code that senders retry.

use std::io::Write;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use bytes::{Buf, Bytes};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::inflate::Compression;
use super::receiver::{ExportError, Receipt, ReceivedBody, Receiver};
use super::reply::{RpcCode, RpcStatus, export_response, put_number};
use super::{connections, declared_length};
use crate::counters::Ending;
use crate::{Encoding, Protocol};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";
const GRPC: &str = "application/grpc";
/// What stands before a message: whether it is compressed, and its length in four bytes.
const PREFIX: usize = 5;
/// Answers from this size on are compressed for those who understand it.
const COMPRESS_FROM: usize = 256;
/// `grpc.health.v1.HealthCheckResponse.ServingStatus`.
const SERVING: u64 = 1;
const NOT_SERVING: u64 = 2;

/// Serves OTLP over gRPC without TLS on `listener` until `shutdown`. Returns when requests in
/// flight have finished, or the drain timeout is over.
pub async fn serve(listener: TcpListener, receiver: Arc<Receiver>, shutdown: CancellationToken) {
    let router = router(Arc::clone(&receiver));
    connections::serve(
        listener,
        router,
        (receiver.settings(), receiver.counters()),
        shutdown,
    )
    .await;
}

fn router(receiver: Arc<Receiver>) -> Router {
    Router::new()
        .route(EXPORT, post(export))
        .route(HEALTH_CHECK, post(health))
        .fallback(unimplemented)
        .method_not_allowed_fallback(unimplemented)
        .with_state(receiver)
}

async fn export(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    if !is_grpc(request.headers()) {
        return not_grpc();
    }
    let (parts, mut body) = request.into_parts();
    let Some(compression) = compression_of(&parts.headers) else {
        receiver
            .counters()
            .count_ending(Protocol::OtlpGrpc, Ending::Invalid);
        let message = format!(
            "grpc-encoding is not supported; send one of {}",
            Compression::ACCEPTED
        );
        return failure(&RpcStatus::new(RpcCode::Unimplemented, message));
    };
    let result = take(&receiver, compression, (&parts.headers, &mut body)).await;
    receiver.count(Protocol::OtlpGrpc, &result);
    match result {
        Ok(receipt) => success(
            &export_response(&receipt, Encoding::OtlpProtobuf),
            &parts.headers,
        ),
        Err(error) => failure(&status_of(error)),
    }
}

async fn take(
    receiver: &Receiver,
    compression: Compression,
    (headers, body): (&HeaderMap, &mut Body),
) -> Result<Receipt, ExportError> {
    receiver.ready()?;
    let mut received = receiver
        .receive(body, declared_length(headers), PREFIX)
        .await?;
    let is_compressed = unframe(&mut received, receiver)?;
    let compression = match (is_compressed, compression) {
        (false, _) => Compression::Identity,
        (true, Compression::Identity) => return Err(ExportError::CompressionUnknown),
        (true, compression) => compression,
    };
    receiver
        .export(
            (Protocol::OtlpGrpc, Encoding::OtlpProtobuf),
            compression,
            received,
        )
        .await
}

/// Takes the prefix away and tells whether the message is compressed.
fn unframe(received: &mut ReceivedBody, receiver: &Receiver) -> Result<bool, ExportError> {
    let invalid = |message: &str| Err(ExportError::Invalid(message.to_owned()));
    let Some((&[flag, ref length @ ..], message)) = received.bytes.split_first_chunk::<PREFIX>()
    else {
        return invalid("the call has no message");
    };
    if flag > 1 {
        return invalid("the message's compressed-flag is neither 0 nor 1");
    }
    // A length over 32 bits cannot be: there are four bytes of it.
    let length = u32::from_be_bytes(*length) as usize;
    if length > receiver.settings().max_request_bytes {
        return Err(receiver.too_large());
    }
    if length != message.len() {
        return invalid("the call is not exactly one message, as long as it says");
    }
    received.bytes.advance(PREFIX);
    Ok(flag == 1)
}

fn compression_of(headers: &HeaderMap) -> Option<Compression> {
    headers
        .get("grpc-encoding")
        .map_or(Some(Compression::Identity), |name| {
            Compression::from_name(name.as_bytes())
        })
}

fn status_of(error: ExportError) -> RpcStatus {
    match error {
        // Without RetryInfo: the same request would be as large the next time.
        ExportError::TooLarge { limit } => RpcStatus::new(
            RpcCode::ResourceExhausted,
            format!(
                "the request is over the limit of {limit} bytes, sent or decompressed; send fewer spans at once"
            ),
        ),
        ExportError::Invalid(reason) | ExportError::Rejected(reason) => {
            RpcStatus::new(RpcCode::InvalidArgument, reason)
        }
        ExportError::CompressionUnknown => RpcStatus::new(
            RpcCode::Internal,
            "the message is compressed, but grpc-encoding does not say how",
        ),
        ExportError::BodyTimeout(timeout) => RpcStatus::new(
            RpcCode::DeadlineExceeded,
            format!("the message did not come within {timeout:?}"),
        ),
        ExportError::Busy { retry_after } => RpcStatus::new(
            RpcCode::ResourceExhausted,
            "too many requests in flight; send again later",
        )
        .with_retry_after(retry_after),
        ExportError::Unavailable {
            reason,
            retry_after,
        } => RpcStatus::new(RpcCode::Unavailable, reason).with_retry_after(retry_after),
        ExportError::Internal => {
            RpcStatus::new(RpcCode::Internal, "a fault within spanhouse; see its log")
        }
    }
}

/// One message and the trailers of a call that went well.
fn success(message: &[u8], request_headers: &HeaderMap) -> Response {
    let compressed = if message.len() >= COMPRESS_FROM && accepts_gzip(request_headers) {
        gzip(message).ok()
    } else {
        None
    };
    let mut frame = Vec::with_capacity(PREFIX + message.len());
    frame.push(u8::from(compressed.is_some()));
    let payload = compressed.as_deref().unwrap_or(message);
    let length = u32::try_from(payload.len()).expect("an answer is a sentence or two");
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(payload);

    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(frame)).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Body::new(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
    if compressed.is_some() {
        headers.insert("grpc-encoding", HeaderValue::from_static("gzip"));
    }
    headers.insert(
        "grpc-accept-encoding",
        HeaderValue::from_static("identity,gzip,zstd,deflate"),
    );
    response
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers
        .get_all("grpc-accept-encoding")
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|name| name.trim() == "gzip")
}

fn gzip(message: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(message)?;
    encoder.finish()
}

/// The trailers alone, as headers.
fn failure(status: &RpcStatus) -> Response {
    let mut response = ().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
    headers.insert(
        "grpc-status",
        HeaderValue::from(u16::from(status.code as u8)),
    );
    let message =
        HeaderValue::try_from(percent_encode(&status.message)).expect("it is visible ASCII");
    headers.insert("grpc-message", message);
    headers.insert(
        "grpc-accept-encoding",
        HeaderValue::from_static("identity,gzip,zstd,deflate"),
    );
    if status.retry_after.is_some() {
        let details = BASE64_STANDARD_NO_PAD.encode(status.to_protobuf());
        headers.insert(
            "grpc-status-details-bin",
            HeaderValue::try_from(details).expect("base64 is ASCII"),
        );
    }
    response
}

/// The form of `grpc-message`.
fn percent_encode(message: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
            encoded.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    encoded
}

/// Probes of gRPC's health protocol; every service name is us.
async fn health(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    if !is_grpc(request.headers()) {
        return not_grpc();
    }
    let status = if receiver.ready().is_ok() {
        SERVING
    } else {
        NOT_SERVING
    };
    let mut message = Vec::new();
    put_number(&mut message, 1, status);
    success(&message, request.headers())
}

async fn unimplemented(request: Request) -> Response {
    if !is_grpc(request.headers()) {
        return not_grpc();
    }
    let message = format!(
        "{} is unknown; spanhouse takes traces only, at {EXPORT}",
        request.uri().path()
    );
    failure(&RpcStatus::new(RpcCode::Unimplemented, message))
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    matches!(
        value.strip_prefix(GRPC.as_bytes()),
        Some([]) | Some([b';', ..]) | Some(b"+proto")
    ) || value.starts_with(b"application/grpc+proto;")
}

/// For senders that mistook the port, in plain HTTP.
fn not_grpc() -> Response {
    let message = "this is the OTLP gRPC receiver (content-type application/grpc over HTTP/2); OTLP over HTTP has a port \
                   of its own, 4318 by default\n";
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response()
}

#[cfg(test)]
mod tests;
