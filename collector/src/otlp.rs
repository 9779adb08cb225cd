//! OTLP: the OpenTelemetry protocol, version 1, over gRPC and HTTP.
//!
//! ```text
//!  grpc ─┐                 ┌ protobuf ┐
//!        ├─► Receiver ─────┤          ├─► draft ─► assembler ─► SpanBatch ─► SpanSink
//!  http ─┘  budget, limits └ json ────┘            what is valid
//! ```
//!
//! Both transports share one [`Receiver`]; both encodings end in one draft of a span, which is
//! checked and pushed in one place, so that they cannot disagree about what is valid.

pub mod grpc;
pub mod http;
mod receiver;

mod body;
mod budget;
mod connections;
mod inflate;
mod reply;

mod assembler;
mod draft;
mod json;
mod protobuf;

pub use json::decode_json;
pub use protobuf::decode_protobuf;
pub use receiver::Receiver;

/// The length of the body, where the request's headers tell it.
fn declared_length(headers: &::http::HeaderMap) -> Option<usize> {
    headers
        .get(::http::header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

#[cfg(test)]
mod fake_sink;
