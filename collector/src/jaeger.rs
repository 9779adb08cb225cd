//! Jaeger: batches in Thrift over HTTP and UDP, and in protobuf over gRPC.
//!
//! ```text
//!  HTTP 14268  Batch, Thrift binary ────────────┐
//!  UDP   6831  emitBatch(Batch), Thrift compact ─┼─► JaegerSpan ─► SpanWriter ─► Assembler
//!  UDP   6832  emitBatch(Batch), Thrift binary ──┤   (model)       (mapping)
//!  gRPC 14250  PostSpansRequest, protobuf ───────┘
//! ```
//!
//! The wire forms are those of jaegertracing/jaeger-idl. All of them are read into one model of a
//! span and mapped in one place, so the same span is the same row whichever way it came.

pub mod grpc;
pub mod http;
pub mod udp;

mod agent;
mod protobuf_batch;
mod thrift_batch;

mod event;
mod model;
mod reference;
mod span_writer;
mod tag;

use crate::thrift::{BinaryReader, CompactReader, Reader};
use crate::{DecodeError, Decoded};

/// Decodes a `jaeger.thrift` `Batch` in Thrift's binary protocol.
///
/// Bytes after the batch mean nothing, as in Jaeger: some clients send a whole buffer.
///
/// # Errors
/// [`DecodeError`] when the bytes are no batch. Spans that are invalid one by one are no error:
/// they are counted in [`Decoded`].
pub fn decode_thrift_binary(body: &[u8]) -> Result<Decoded, DecodeError> {
    thrift_batch::decode(&mut BinaryReader::new(body)).map_err(|malformed| {
        DecodeError::malformed("a Jaeger batch in Thrift's binary protocol", &malformed)
    })
}

/// Decodes a call of the Jaeger agent's `emitBatch` in Thrift's binary protocol.
///
/// # Errors
/// [`DecodeError`] when the bytes are no such call. Spans that are invalid one by one are no
/// error: they are counted in [`Decoded`].
pub fn decode_agent_binary(body: &[u8]) -> Result<Decoded, DecodeError> {
    agent::decode(&mut BinaryReader::new(body)).map_err(|error| {
        DecodeError::malformed("a call of emitBatch in Thrift's binary protocol", &error)
    })
}

/// Decodes a call of the Jaeger agent's `emitBatch` in Thrift's compact protocol.
///
/// # Errors
/// [`DecodeError`] when the bytes are no such call. Spans that are invalid one by one are no
/// error: they are counted in [`Decoded`].
pub fn decode_agent_compact(body: &[u8]) -> Result<Decoded, DecodeError> {
    agent::decode(&mut CompactReader::new(body)).map_err(|error| {
        DecodeError::malformed("a call of emitBatch in Thrift's compact protocol", &error)
    })
}

/// Decodes a `jaeger.api_v2.PostSpansRequest` in protobuf.
///
/// # Errors
/// [`DecodeError`] when the bytes are no such request. Spans that are invalid one by one are no
/// error: they are counted in [`Decoded`].
pub fn decode_protobuf(body: &[u8]) -> Result<Decoded, DecodeError> {
    protobuf_batch::decode(body).map_err(|malformed| {
        DecodeError::malformed("a Jaeger PostSpansRequest", malformed.describe())
    })
}

#[cfg(test)]
mod tests;
