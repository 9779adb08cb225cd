//! What all HTTP receivers share: reading a request within the limits, and telling what went wrong.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::receiver::{Compression, ExportError, Receipt, Receiver, declared_length, drain};
use crate::rpc_status::{RpcCode, RpcStatus};
use crate::{Encoding, Protocol};

/// How long a browser may remember what a preflight said.
const PREFLIGHT_AGE: Duration = Duration::from_secs(7200);

/// So much of a refused body is read on, however small the limit of a request is: reading costs
/// little, and a sender that is cut off while it writes may never see why.
const DRAINED_AT_LEAST: usize = 16 << 20;

/// Takes the spans in the body of a request, and counts how that ended. Returns once they are
/// durable.
pub(crate) async fn take(
    receiver: &Receiver,
    (protocol, encoding): (Protocol, Encoding),
    parts: &Parts,
    mut body: Body,
) -> Result<Receipt, ExportError> {
    let taking = async {
        let compression = compression_of(&parts.headers)
            .ok_or_else(|| unsupported_compression(&parts.headers))?;
        receiver.ready()?;
        let received = receiver
            .receive(&mut body, declared_length(&parts.headers), 0)
            .await?;
        receiver
            .export((protocol, encoding), compression, received)
            .await
    };
    let result = taking.await;
    receiver.count(protocol, &result);
    if result
        .as_ref()
        .is_err_and(|error| !matches!(error, ExportError::BodyTimeout(_)))
    {
        discard(receiver, parts, body).await;
    }
    result
}

/// Reads on what an HTTP/1 sender still writes, so that it sees the answer. HTTP/2 has a frame
/// for that, and a sender that expects `100 Continue` has not begun.
pub(crate) async fn discard(receiver: &Receiver, parts: &Parts, mut body: Body) {
    if parts.version >= Version::HTTP_2 || parts.headers.contains_key(EXPECT) {
        return;
    }
    let settings = receiver.settings();
    let limit = settings.max_request_bytes.saturating_mul(2);
    let draining = drain(&mut body, limit.max(DRAINED_AT_LEAST));
    if tokio::time::timeout(settings.body_timeout, draining)
        .await
        .is_err()
    {
        tracing::debug!("a sender did not end a body that was refused");
    }
}

/// How the body is compressed; none when it is in a way that we do not know.
fn compression_of(headers: &HeaderMap) -> Option<Compression> {
    let mut names = headers.get_all(CONTENT_ENCODING).iter();
    let first = names.next().map_or(Some(Compression::Identity), |name| {
        Compression::from_name(name.as_bytes())
    });
    // Several compressions over each other: nobody sends that.
    if names.next().is_some() { None } else { first }
}

fn unsupported_compression(headers: &HeaderMap) -> ExportError {
    let given: Vec<_> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    ExportError::UnsupportedCompression(format!(
        "Content-Encoding {:?} is not supported; send one of {}",
        given.join(", "),
        Compression::ACCEPTED
    ))
}

/// The media type of a body, in lower case and without its parameters; none when nothing, or
/// nothing readable, is said.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next()?.trim();
    Some(media_type.to_ascii_lowercase())
}

/// What was said of the body's type, for the sender's eyes.
pub(crate) fn given_type(headers: &HeaderMap) -> String {
    headers.get(CONTENT_TYPE).map_or_else(
        || "there is no Content-Type".to_owned(),
        |value| {
            format!(
                "Content-Type {:?} is not supported",
                String::from_utf8_lossy(value.as_bytes())
            )
        },
    )
}

/// The HTTP status of a failed export, and what else is to be told.
fn status_of(error: ExportError) -> (StatusCode, RpcStatus) {
    match error {
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
        ExportError::UnsupportedCompression(message) => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            RpcStatus::new(RpcCode::InvalidArgument, message),
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
    }
}

/// The answer to a failed export, its body written by `write` as a media type and bytes.
pub(crate) fn failure(
    error: ExportError,
    write: impl FnOnce(&RpcStatus) -> (&'static str, Vec<u8>),
) -> Response {
    let (code, status) = status_of(error);
    let (media_type, body) = write(&status);
    let content_type = (CONTENT_TYPE, HeaderValue::from_static(media_type));
    let mut response = (code, [content_type], body).into_response();
    let headers = response.headers_mut();
    if code == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        let accepted = HeaderValue::from_static(Compression::ACCEPTED);
        headers.insert(ACCEPT_ENCODING, accepted);
    }
    if let Some(retry_after) = status.retry_after {
        // The header has whole seconds: never come too early.
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

/// The answer to a failed export of a protocol that has no form of its own for errors: one line.
pub(crate) fn plain_failure(error: ExportError) -> Response {
    failure(error, |status| {
        (
            "text/plain; charset=utf-8",
            format!("{}\n", status.message).into_bytes(),
        )
    })
}

/// Exporters in browsers send headers that their users choose, and beacons send credentials.
/// Allowing both is safe: we know no sessions that another page could misuse.
pub(crate) fn cors(origins: &[String]) -> CorsLayer {
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
