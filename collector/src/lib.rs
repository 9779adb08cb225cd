//! spanhouse's receivers: they take what tracing clients send and hand it on as columns.
//!
//! ```text
//!  OTLP gRPC ─┐  bytes, within the budget   SpanBatch + the bytes as they came
//!  OTLP HTTP ─┴─► inflate ─► decode ──────► SpanSink::append ─► reply
//!                            └─ refused spans, counted and named ─► partial success
//! ```
//!
//! Decoding is pure: [`decode_payload`] gives the same batch for the same bytes, so a write-ahead
//! log may keep the bytes and decode them again. The crate knows no storage: it defines
//! [`SpanSink`], which returns once the spans are durable.

#![warn(missing_docs)]

mod counters;
mod decoded;
mod encoding;
pub mod otlp;
mod refusal;
mod settings;
mod sink;

pub use counters::{Counters, Protocol, ProtocolCounts};
pub use decoded::{DecodeError, Decoded};
pub use encoding::{Encoding, decode_payload};
pub use refusal::Refusal;
pub use settings::CollectorSettings;
pub use sink::{EncodedSpans, SinkError, SpanSink};
