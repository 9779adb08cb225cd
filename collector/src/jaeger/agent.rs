//! The calls of the Jaeger agent, whose service is `emitBatch(1: Batch batch)`.

use super::thrift_batch;
use crate::Decoded;
use crate::thrift::{Fields, Malformed, MessageKind, Reader, Type};

const EMIT_BATCH: &[u8] = b"emitBatch";
const EMIT_ZIPKIN_BATCH: &[u8] = b"emitZipkinBatch";
/// The longest part of an unknown method's name that an answer repeats, in bytes.
const SHOWN_METHOD: usize = 60;

/// Why bytes are no call of `emitBatch`.
#[derive(Debug, thiserror::Error)]
pub(super) enum AgentError {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("it answers a call")]
    Answer,
    #[error("the method emitZipkinBatch is not taken; send Zipkin spans to the Zipkin receiver")]
    Zipkin,
    #[error("the method {0:?} is unknown")]
    Method(String),
}

pub(super) fn decode<'a, R: Reader<'a>>(reader: &mut R) -> Result<Decoded, AgentError> {
    let message = reader.message()?;
    if !matches!(message.kind, MessageKind::Call | MessageKind::Oneway) {
        return Err(AgentError::Answer);
    }
    match message.name {
        EMIT_BATCH => {}
        EMIT_ZIPKIN_BATCH => return Err(AgentError::Zipkin),
        other => {
            let shown = &other[..other.len().min(SHOWN_METHOD)];
            let name = String::from_utf8_lossy(shown).into_owned();
            return Err(AgentError::Method(name));
        }
    }
    let mut fields = Fields::default();
    while let Some(field) = reader.field(&mut fields)? {
        if (field.number, field.kind) == (1, Type::Struct) {
            return Ok(thrift_batch::decode(reader)?);
        }
        reader.skip(field.kind)?;
    }
    Err(Malformed::Missing.into())
}
