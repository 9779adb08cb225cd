//! What a call is answered with.

use std::io::Write;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt, Full};

use super::{GRPC, PREFIX};
use crate::receiver::ExportError;
use crate::rpc_status::{RpcCode, RpcStatus};

/// Answers from this size on are compressed for those who understand it.
const COMPRESS_FROM: usize = 256;

/// The status of a failed export.
pub(super) fn status_of(error: ExportError) -> RpcStatus {
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
        ExportError::UnsupportedCompression(message) => {
            RpcStatus::new(RpcCode::Unimplemented, message)
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
pub(super) fn success(message: &[u8], request_headers: &HeaderMap) -> Response {
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
pub(super) fn failure(status: &RpcStatus) -> Response {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_percent_encoded() {
        assert_eq!(percent_encode("100 % – ok\n"), "100 %25 %E2%80%93 ok%0A");
    }
}
