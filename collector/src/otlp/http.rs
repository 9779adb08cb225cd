//! OTLP over HTTP: `POST /v1/traces`, protobuf or JSON.
//!
//! An answer is in the request's encoding, also an error: then it is a `google.rpc.Status`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::body::drain;
use super::inflate::Compression;
use super::receiver::{ExportError, Receipt, Receiver};
use super::reply::{RpcCode, RpcStatus, export_response};
use super::{connections, declared_length};
use crate::counters::Ending;
use crate::{Encoding, Protocol};

const PATH: &str = "/v1/traces";
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
/// How long a browser may remember what a preflight said.
const PREFLIGHT_AGE: Duration = Duration::from_secs(7200);

/// Serves OTLP over HTTP/1.1 and HTTP/2 without TLS on `listener` until `shutdown`. Returns when
/// requests in flight have finished, or the drain timeout is over.
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
    let cors = cors(&receiver.settings().cors_allowed_origins);
    Router::new()
        .route(PATH, post(export).fallback(method_not_allowed))
        .fallback(not_found)
        .layer(cors)
        .with_state(receiver)
}

/// Exporters in browsers send headers that their users choose, and beacons send credentials.
/// Allowing both is safe: we know no sessions that another page could misuse.
fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::mirror_request()
    } else {
        let origins = origins.iter().filter_map(|origin| {
            let value = HeaderValue::try_from(origin);
            if value.is_err() {
                tracing::warn!(
                    origin,
                    "an allowed origin is no value of a header and never matches"
                );
            }
            value.ok()
        });
        AllowOrigin::list(origins)
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_headers(AllowHeaders::mirror_request())
        .allow_methods([Method::POST])
        .allow_credentials(true)
        .expose_headers([RETRY_AFTER])
        .max_age(PREFLIGHT_AGE)
}

async fn export(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let Some(encoding) = encoding_of(&parts.headers) else {
        discard(&receiver, &parts, &mut body).await;
        return unsupported_type(&parts.headers);
    };
    let protocol = match encoding {
        Encoding::OtlpProtobuf => Protocol::OtlpHttpProtobuf,
        Encoding::OtlpJson => Protocol::OtlpHttpJson,
    };
    let Some(compression) = compression_of(&parts.headers) else {
        receiver.counters().count_ending(protocol, Ending::Invalid);
        discard(&receiver, &parts, &mut body).await;
        return unsupported_compression(&parts.headers, encoding);
    };
    let result = take(
        &receiver,
        (protocol, encoding),
        compression,
        (&parts.headers, &mut body),
    )
    .await;
    receiver.count(protocol, &result);
    match result {
        Ok(receipt) => reply(
            StatusCode::OK,
            encoding,
            export_response(&receipt, encoding),
        ),
        Err(error) => {
            if !matches!(error, ExportError::BodyTimeout(_)) {
                discard(&receiver, &parts, &mut body).await;
            }
            failure(error, encoding)
        }
    }
}

async fn take(
    receiver: &Receiver,
    protocol_and_encoding: (Protocol, Encoding),
    compression: Compression,
    (headers, body): (&HeaderMap, &mut Body),
) -> Result<Receipt, ExportError> {
    receiver.ready()?;
    let received = receiver.receive(body, declared_length(headers), 0).await?;
    receiver
        .export(protocol_and_encoding, compression, received)
        .await
}

/// Reads on what an HTTP/1 sender still writes, so that it sees the answer. HTTP/2 has a frame
/// for that, and a sender that expects `100 Continue` has not begun.
async fn discard(receiver: &Receiver, parts: &Parts, body: &mut Body) {
    if parts.version >= Version::HTTP_2 || parts.headers.contains_key(EXPECT) {
        return;
    }
    let settings = receiver.settings();
    let draining = drain(body, settings.max_request_bytes.saturating_mul(2));
    if tokio::time::timeout(settings.body_timeout, draining)
        .await
        .is_err()
    {
        tracing::debug!("a sender did not end a body that was refused");
    }
}

/// The media type without its parameters decides.
fn encoding_of(headers: &HeaderMap) -> Option<Encoding> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next()?.trim();
    if media_type.eq_ignore_ascii_case(PROTOBUF) {
        Some(Encoding::OtlpProtobuf)
    } else if media_type.eq_ignore_ascii_case(JSON) {
        Some(Encoding::OtlpJson)
    } else {
        None
    }
}

fn compression_of(headers: &HeaderMap) -> Option<Compression> {
    let mut names = headers.get_all(CONTENT_ENCODING).iter();
    let first = names.next().map_or(Some(Compression::Identity), |name| {
        Compression::from_name(name.as_bytes())
    });
    // Several compressions over each other: nobody sends that.
    if names.next().is_some() { None } else { first }
}

fn reply(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response {
    let content_type = match encoding {
        Encoding::OtlpProtobuf => PROTOBUF,
        Encoding::OtlpJson => JSON,
    };
    (
        status,
        [(CONTENT_TYPE, HeaderValue::from_static(content_type))],
        body,
    )
        .into_response()
}

fn failure(error: ExportError, encoding: Encoding) -> Response {
    let (http, status) = match error {
        ExportError::TooLarge { limit } => {
            let message = format!(
                "the request is over the limit of {limit} bytes, sent or decompressed; send fewer spans at once"
            );
            (
                StatusCode::PAYLOAD_TOO_LARGE,
                RpcStatus::new(RpcCode::ResourceExhausted, message),
            )
        }
        ExportError::Invalid(reason) | ExportError::Rejected(reason) => (
            StatusCode::BAD_REQUEST,
            RpcStatus::new(RpcCode::InvalidArgument, reason),
        ),
        ExportError::CompressionUnknown => (
            StatusCode::BAD_REQUEST,
            RpcStatus::new(
                RpcCode::InvalidArgument,
                "the body's compression is unknown",
            ),
        ),
        ExportError::BodyTimeout(timeout) => {
            let message = format!("the body did not come within {timeout:?}");
            (
                StatusCode::REQUEST_TIMEOUT,
                RpcStatus::new(RpcCode::DeadlineExceeded, message),
            )
        }
        ExportError::Busy { retry_after } => {
            let status = RpcStatus::new(
                RpcCode::ResourceExhausted,
                "too many requests in flight; send again later",
            );
            (
                StatusCode::TOO_MANY_REQUESTS,
                status.with_retry_after(retry_after),
            )
        }
        ExportError::Unavailable {
            reason,
            retry_after,
        } => {
            let status = RpcStatus::new(RpcCode::Unavailable, reason).with_retry_after(retry_after);
            (StatusCode::SERVICE_UNAVAILABLE, status)
        }
        ExportError::Internal => (
            StatusCode::INTERNAL_SERVER_ERROR,
            RpcStatus::new(RpcCode::Internal, "a fault within spanhouse; see its log"),
        ),
    };
    let mut response = reply(http, encoding, status.encode(encoding));
    if let Some(retry_after) = status.retry_after {
        // The header has whole seconds: never come too early.
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

/// For requests whose encoding is unknown, so that every sender's developer can read the answer.
fn refusal(
    http: StatusCode,
    message: String,
    header: Option<(HeaderName, &'static str)>,
) -> Response {
    let status = RpcStatus::new(RpcCode::InvalidArgument, message);
    let mut response = reply(http, Encoding::OtlpJson, status.encode(Encoding::OtlpJson));
    if let Some((name, value)) = header {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn unsupported_type(headers: &HeaderMap) -> Response {
    let given = headers.get(CONTENT_TYPE).map_or_else(
        || "there is no Content-Type".to_owned(),
        |value| {
            format!(
                "Content-Type {:?} is not supported",
                String::from_utf8_lossy(value.as_bytes())
            )
        },
    );
    let message = format!("{given}; send OTLP as {PROTOBUF} or {JSON}");
    refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, message, None)
}

fn unsupported_compression(headers: &HeaderMap, encoding: Encoding) -> Response {
    let given: Vec<_> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let message = format!(
        "Content-Encoding {:?} is not supported; send one of {}",
        given.join(", "),
        Compression::ACCEPTED
    );
    let status = RpcStatus::new(RpcCode::InvalidArgument, message);
    let mut response = reply(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        encoding,
        status.encode(encoding),
    );
    response.headers_mut().insert(
        ACCEPT_ENCODING,
        HeaderValue::from_static(Compression::ACCEPTED),
    );
    response
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
