//! Zipkin: versions 1 and 2 of its API, `POST /api/v1/spans` and `POST /api/v2/spans`.
//!
//! ```text
//!  v2 JSON ─────┐
//!  v2 protobuf ─┴───────────────┐
//!                               ├─► spans ─► draft ─► assembler ─► SpanBatch
//!  v1 JSON ─────┬─► v1 span ────┘   of v2    when each began,
//!  v1 Thrift ───┘   folded: one              what tags and
//!                   for each host            endpoints mean
//! ```
//!
//! A request is read whole before its first span is checked: a span may leave out when it began,
//! which then follows from other spans of its trace.

mod draft;
mod endpoint;
mod fold;
mod http;
mod json_fields;
mod span;
mod v1_json;
mod v1_span;
mod v1_thrift;
mod v2_json;
mod v2_protobuf;

pub use http::router;
pub use v1_json::decode_v1_json;
pub use v1_thrift::decode_v1_thrift;
pub use v2_json::decode_v2_json;
pub use v2_protobuf::decode_v2_protobuf;

#[cfg(test)]
mod tests;
