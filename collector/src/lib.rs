//! spanhouse's receivers: they take what tracing clients send and hand it on as columns.
//!
//! ```text
//!  OTLP, Zipkin, Jaeger,   bytes, within     draft of       SpanBatch + the bytes
//!  MTrace, SkyWalking      the budget        a span         as they came
//!    gRPC ─┐
//!    HTTP ─┼─► Receiver ─► inflate ─► decode ─► assembler ─► SpanSink::append ─► reply
//!    UDP  ─┘                                    └─ refused spans, counted and named
//! ```
//!
//! A receiver is a folder with a pure `decode` and a thin transport. Decoding is pure:
//! [`decode_payload`] gives the same batch for the same bytes, so a write-ahead log may keep the
//! bytes and decode them again. Every decoder ends in one draft of a span, which is checked and
//! pushed in one place, so that protocols cannot disagree about what is valid. The crate knows no
//! storage: it defines [`SpanSink`], which returns once the spans are durable.

#![warn(missing_docs)]

pub mod connections;
pub mod jaeger;
pub mod mtrace;
pub mod otlp;
pub mod skywalking;
pub mod zipkin;

mod assembler;
mod draft;
mod json;
mod protobuf;
mod thrift;

mod grpc;
mod http;
mod receiver;
mod rpc_status;

mod counters;
mod decoded;
mod encoding;
mod refusal;
mod settings;
mod sink;

pub use counters::{Counters, Protocol, ProtocolCounts};
pub use decoded::{DecodeError, Decoded};
pub use encoding::{Encoding, decode_payload};
pub use receiver::Receiver;
pub use refusal::Refusal;
pub use settings::{Clock, CollectorSettings};
pub use sink::{EncodedSpans, SinkError, SpanSink};

#[cfg(test)]
mod fake_sink;
