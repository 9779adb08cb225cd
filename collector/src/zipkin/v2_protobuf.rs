//! `zipkin.proto3.ListOfSpans`: Zipkin v2 spans in protobuf.

use schemas::{SpanKind, UnixNanos};

use super::draft::assemble;
use super::endpoint::Endpoint;
use super::json_fields::check_not_json;
use super::span::{Annotation, Kind, Span, Spans, Tag};
use crate::protobuf::{Depth, KnownFields, Malformed, Wire};
use crate::{DecodeError, Decoded};

const FORM: &str = "a protobuf list of Zipkin v2 spans";

/// `ListOfSpans`: spans.
const LIST_FIELDS: KnownFields = KnownFields::of(&[1]);
/// `Span`: all numbers from trace_id to shared.
const SPAN_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
/// `Endpoint`: service_name, ipv4, ipv6, port.
const ENDPOINT_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4]);
/// `Annotation` and an entry of the tags: timestamp or key, value.
const PAIR_FIELDS: KnownFields = KnownFields::of(&[1, 2]);

/// Decodes `zipkin.proto3.ListOfSpans`. `arrival` is when spans began that do not tell it and
/// whose traces do not either. Spans that are invalid are counted in the result; see
/// [`Refusal`](crate::Refusal) for what makes a span invalid.
///
/// # Errors
/// [`DecodeError::Malformed`] when the bytes are not of this message, or an id or address has a
/// length that Zipkin does not know.
pub fn decode_v2_protobuf(body: &[u8], arrival: UnixNanos) -> Result<Decoded, DecodeError> {
    check_not_json(FORM, body)?;
    let mut spans = Spans::default();
    read_list(&mut spans, body).map_err(|fault| DecodeError::malformed(FORM, fault.describe()))?;
    Ok(assemble(&spans, arrival))
}

/// What makes a list unreadable.
enum Fault {
    Wire(Malformed),
    /// An id is empty or too long.
    Id(&'static str),
    Address,
}

impl Fault {
    const fn describe(&self) -> &'static str {
        match self {
            Self::Wire(malformed) => malformed.describe(),
            Self::Id(reason) => reason,
            Self::Address => "an address is neither 4 nor 16 bytes",
        }
    }
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::Wire(malformed)
    }
}

fn read_list<'a>(spans: &mut Spans<'a>, bytes: &'a [u8]) -> Result<(), Fault> {
    let depth = Depth::ROOT;
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => read_span(spans, wire.bytes()?, depth.enter()?)?,
            other => wire.skip(other, LIST_FIELDS, depth)?,
        }
    }
    Ok(())
}

fn read_span<'a>(spans: &mut Spans<'a>, bytes: &'a [u8], depth: Depth) -> Result<(), Fault> {
    let inner = depth.enter()?;
    let marks = spans.marks();
    let mut span = Span::default();
    let (mut trace_id, mut id, mut parent_id) = (&[][..], &[][..], &[][..]);
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => trace_id = wire.bytes()?,
            0x12 => parent_id = wire.bytes()?,
            0x1a => id = wire.bytes()?,
            0x20 => span.kind = kind_of(wire.int32()?),
            0x2a => span.name = wire.bytes()?.into(),
            0x31 => span.timestamp = wire.fixed64()?,
            0x38 => span.duration = wire.varint()?,
            0x42 => merge_endpoint(&mut span.local, wire.bytes()?, inner)?,
            0x4a => merge_endpoint(&mut span.remote, wire.bytes()?, inner)?,
            0x52 => {
                let annotation = read_annotation(wire.bytes()?, inner)?;
                spans.annotations.push(annotation);
            }
            0x5a => spans.tags.push(read_tag(wire.bytes()?, inner)?),
            0x60 => span.is_debug = wire.varint()? != 0,
            0x68 => span.is_shared = wire.varint()? != 0,
            other => wire.skip(other, SPAN_FIELDS, depth)?,
        }
    }
    span.trace_id = padded(trace_id).ok_or(Fault::Id("a trace_id is empty or over 16 bytes"))?;
    span.id = padded(id).ok_or(Fault::Id("the id of a span is empty or over 8 bytes"))?;
    if !parent_id.is_empty() {
        span.parent_id = padded(parent_id).ok_or(Fault::Id("a parent_id is over 8 bytes"))?;
    }
    spans.push(span, marks);
    Ok(())
}

/// An id with zeros in front of one that is shorter, such as a trace id of 64 bits.
fn padded<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    if bytes.is_empty() {
        return None;
    }
    let mut id = [0; N];
    let zeros = N.checked_sub(bytes.len())?;
    id[zeros..].copy_from_slice(bytes);
    Some(id)
}

fn kind_of(number: i32) -> Kind {
    match number {
        0 => Kind::None,
        1 => Kind::Known(SpanKind::Client),
        2 => Kind::Known(SpanKind::Server),
        3 => Kind::Known(SpanKind::Producer),
        4 => Kind::Known(SpanKind::Consumer),
        _ => Kind::Undefined,
    }
}

fn merge_endpoint<'a>(
    endpoint: &mut Endpoint<'a>,
    bytes: &'a [u8],
    depth: Depth,
) -> Result<(), Fault> {
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => endpoint.set_service_name(wire.bytes()?.into()),
            0x12 | 0x1a => {
                let address = wire.bytes()?;
                if !address.is_empty() {
                    endpoint.set_address_bytes(address).ok_or(Fault::Address)?;
                }
            }
            0x20 => endpoint.set_port(i64::from(wire.int32()?)),
            other => wire.skip(other, ENDPOINT_FIELDS, depth)?,
        }
    }
    Ok(())
}

fn read_annotation(bytes: &[u8], depth: Depth) -> Result<Annotation<'_>, Malformed> {
    let mut annotation = Annotation::default();
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x09 => annotation.timestamp = wire.fixed64()?,
            0x12 => annotation.value = wire.bytes()?.into(),
            other => wire.skip(other, PAIR_FIELDS, depth)?,
        }
    }
    Ok(annotation)
}

fn read_tag(bytes: &[u8], depth: Depth) -> Result<Tag<'_>, Malformed> {
    let mut tag = Tag::default();
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => tag.key = wire.bytes()?.into(),
            0x12 => tag.value = wire.bytes()?.into(),
            other => wire.skip(other, PAIR_FIELDS, depth)?,
        }
    }
    Ok(tag)
}
