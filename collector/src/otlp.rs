//! OTLP: the OpenTelemetry protocol, version 1, over gRPC and HTTP.
//!
//! ```text
//!  grpc ─┐                 ┌ protobuf ┐
//!        ├─► Receiver ─────┤          ├─► draft ─► assembler ─► SpanBatch ─► SpanSink
//!  http ─┘  budget, limits └ json ────┘            what is valid
//! ```
//!
//! Both transports share one [`Receiver`](crate::Receiver); both encodings end in one draft of a span, which is
//! checked and pushed in one place, so that they cannot disagree about what is valid.

pub mod grpc;
pub mod http;

mod json;
mod protobuf;
mod reply;

pub use json::decode_json;
pub use protobuf::decode_protobuf;

/// The encodings of a request, and of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OtlpEncoding {
    Protobuf,
    Json,
}
