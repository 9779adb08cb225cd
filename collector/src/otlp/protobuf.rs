//! A walker over the wire form of `ExportTraceServiceRequest`, straight into columns.
//!
//! It reads what a generated decoder would read (the tests compare it with prost): any field
//! order, the last of a repeated scalar, repeated singular messages merged, unknown fields
//! skipped. It differs in one point: text that is not UTF-8 refuses one span, not the request.
//! Nothing is allocated per span but what the columns need.

mod attribute;
mod owner;
mod span;

use crate::assembler::Assembler;
use crate::draft::SpanDraft;
use crate::{DecodeError, Decoded};

use crate::protobuf::{Depth, KnownFields, Malformed, Wire};
use owner::{read_resource, read_scope};
use span::read_span;

const FORM: &str = "a protobuf ExportTraceServiceRequest";

/// Decodes an `ExportTraceServiceRequest` in protobuf. Spans that are invalid are counted in the
/// result; see [`Refusal`](crate::Refusal) for what makes a span invalid.
///
/// # Errors
/// [`DecodeError::Malformed`] when the bytes are not of this message at all, also when a part is
/// nested in over 100 messages or groups, where every protobuf decoder gives up.
pub fn decode_protobuf(body: &[u8]) -> Result<Decoded, DecodeError> {
    let mut decoder = Decoder::default();
    decoder
        .request(body)
        .map_err(|malformed| DecodeError::malformed(FORM, malformed.describe()))?;
    Ok(decoder.assembler.finish())
}

#[derive(Default)]
struct Decoder<'a> {
    assembler: Assembler,
    span: SpanDraft<'a>,
}

/// `TracesData` and `ExportTraceServiceRequest` have but one field.
const REQUEST_FIELDS: KnownFields = KnownFields::of(&[1]);
/// `ResourceSpans`: resource, scope_spans, schema_url.
const RESOURCE_SPANS_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3]);
/// `ScopeSpans`: scope, spans, schema_url.
const SCOPE_SPANS_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3]);

impl<'a> Decoder<'a> {
    fn request(&mut self, bytes: &'a [u8]) -> Result<(), Malformed> {
        let depth = Depth::ROOT;
        let mut wire = Wire::new(bytes);
        while !wire.is_empty() {
            match wire.key()? {
                0x0a => self.resource_spans(wire.bytes()?, depth.enter()?)?,
                other => wire.skip(other, REQUEST_FIELDS, depth)?,
            }
        }
        Ok(())
    }

    /// The resource may stand after its spans, so it is looked for first.
    fn resource_spans(&mut self, bytes: &'a [u8], depth: Depth) -> Result<(), Malformed> {
        self.assembler.begin_resource(read_resource(bytes, depth)?);
        let mut wire = Wire::new(bytes);
        while !wire.is_empty() {
            match wire.key()? {
                0x12 => self.scope_spans(wire.bytes()?, depth.enter()?)?,
                other => wire.skip(other, KnownFields::NONE, depth)?,
            }
        }
        Ok(())
    }

    fn scope_spans(&mut self, bytes: &'a [u8], depth: Depth) -> Result<(), Malformed> {
        self.assembler.begin_scope(&read_scope(bytes, depth)?);
        let mut wire = Wire::new(bytes);
        while !wire.is_empty() {
            match wire.key()? {
                0x12 => {
                    read_span(&mut self.span, wire.bytes()?, depth.enter()?)?;
                    self.assembler.push(&self.span);
                }
                other => wire.skip(other, KnownFields::NONE, depth)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
