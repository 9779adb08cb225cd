//! Reads a `jaeger.api_v2.PostSpansRequest`.
//!
//! A message that comes in pieces is merged and a field that comes twice counts as last told, as
//! protobuf asks.

use super::model::{Id, JaegerSpan, Log, Reference, ReferenceKind};
use super::span_writer::{SpanWriter, resource};
use super::tag::{TagFields, TagKind};
use crate::Decoded;
use crate::draft::{DraftAttribute, ResourceDraft};
use crate::protobuf::{Depth, KnownFields, Malformed, Wire};

const REQUEST_FIELDS: KnownFields = KnownFields::of(&[1]);
const BATCH_FIELDS: KnownFields = KnownFields::of(&[1, 2]);
const PROCESS_FIELDS: KnownFields = KnownFields::of(&[1, 2]);
const SPAN_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const REFERENCE_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3]);
const LOG_FIELDS: KnownFields = KnownFields::of(&[1, 2]);
const KEY_VALUE_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4, 5, 6, 7]);
const TIME_FIELDS: KnownFields = KnownFields::of(&[1, 2]);

const NANOS_OF_SECOND: i128 = 1_000_000_000;

pub(super) fn decode(body: &[u8]) -> Result<Decoded, Malformed> {
    let parts = read_parts(body)?;
    // Perhaps no span needs it, but it must be well-formed.
    read_process(&parts.process)?;
    let mut writer = SpanWriter::default();
    let mut span = JaegerSpan::default();
    let mut process: Vec<&[u8]> = Vec::new();
    let mut current: Option<Vec<&[u8]>> = None;
    for bytes in parts.spans {
        span.clear();
        process.clear();
        read_span(bytes, &mut span, &mut process)?;
        // A span's own process counts, not the batch's.
        let wanted = if process.is_empty() {
            &parts.process
        } else {
            &process
        };
        if current.as_ref() != Some(wanted) {
            writer.begin_process(read_process(wanted)?);
            current = Some(wanted.clone());
        }
        writer.push(&span);
    }
    Ok(writer.finish())
}

/// The messages of a batch.
#[derive(Debug, Default)]
struct Parts<'a> {
    spans: Vec<&'a [u8]>,
    /// In pieces; none when there is no process.
    process: Vec<&'a [u8]>,
}

fn read_parts(body: &[u8]) -> Result<Parts<'_>, Malformed> {
    let mut parts = Parts::default();
    let mut request = Wire::new(body);
    while !request.is_empty() {
        match request.key()? {
            0x0a => read_batch(request.bytes()?, &mut parts)?,
            other => request.skip(other, REQUEST_FIELDS, Depth::ROOT)?,
        }
    }
    Ok(parts)
}

fn read_batch<'a>(bytes: &'a [u8], parts: &mut Parts<'a>) -> Result<(), Malformed> {
    let mut batch = Wire::new(bytes);
    while !batch.is_empty() {
        match batch.key()? {
            0x0a => parts.spans.push(batch.bytes()?),
            0x12 => parts.process.push(batch.bytes()?),
            other => batch.skip(other, BATCH_FIELDS, Depth::ROOT)?,
        }
    }
    Ok(())
}

fn read_process<'a>(pieces: &[&'a [u8]]) -> Result<ResourceDraft<'a>, Malformed> {
    let mut name: &[u8] = &[];
    let mut tags = Vec::new();
    for piece in pieces {
        let mut process = Wire::new(piece);
        while !process.is_empty() {
            match process.key()? {
                0x0a => name = process.bytes()?,
                0x12 => tags.push(read_key_value(process.bytes()?)?),
                other => process.skip(other, PROCESS_FIELDS, Depth::ROOT)?,
            }
        }
    }
    Ok(resource(name, tags))
}

fn read_span<'a>(
    bytes: &'a [u8],
    span: &mut JaegerSpan<'a>,
    process: &mut Vec<&'a [u8]>,
) -> Result<(), Malformed> {
    let (mut start, mut duration) = (Time::default(), Time::default());
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => span.trace_id = Id::trace_from_wire(wire.bytes()?),
            0x12 => span.span_id = Id::from_wire(wire.bytes()?),
            0x1a => span.name = wire.bytes()?,
            0x22 => span.references.push(read_reference(wire.bytes()?)?),
            0x28 => span.flags = wire.uint32()?,
            0x32 => start.merge(wire.bytes()?)?,
            0x3a => duration.merge(wire.bytes()?)?,
            0x42 => span.tags.push(read_key_value(wire.bytes()?)?),
            0x4a => read_log(wire.bytes()?, span)?,
            0x52 => process.push(wire.bytes()?),
            0x5a => span.process_id = wire.bytes()?,
            0x62 => span.warnings.push(wire.bytes()?),
            other => wire.skip(other, SPAN_FIELDS, Depth::ROOT)?,
        }
    }
    span.start = start.nanos();
    span.duration = duration.nanos();
    Ok(())
}

fn read_reference(bytes: &[u8]) -> Result<Reference, Malformed> {
    let mut reference = Reference {
        kind: ReferenceKind::ChildOf,
        trace_id: Id::default(),
        span_id: Id::default(),
    };
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => reference.trace_id = Id::trace_from_wire(wire.bytes()?),
            0x12 => reference.span_id = Id::from_wire(wire.bytes()?),
            0x18 => reference.kind = ReferenceKind::from_number(wire.int32()?),
            other => wire.skip(other, REFERENCE_FIELDS, Depth::ROOT)?,
        }
    }
    Ok(reference)
}

fn read_log<'a>(bytes: &'a [u8], span: &mut JaegerSpan<'a>) -> Result<(), Malformed> {
    let first = span.log_fields.len();
    let mut time = Time::default();
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => time.merge(wire.bytes()?)?,
            0x12 => span.log_fields.push(read_key_value(wire.bytes()?)?),
            other => wire.skip(other, LOG_FIELDS, Depth::ROOT)?,
        }
    }
    span.logs.push(Log {
        time: time.nanos(),
        fields: first..span.log_fields.len(),
    });
    Ok(())
}

fn read_key_value(bytes: &[u8]) -> Result<DraftAttribute<'_>, Malformed> {
    let mut tag = TagFields::default();
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => tag.key = wire.bytes()?,
            0x10 => tag.kind = kind_from_number(wire.int32()?),
            0x1a => tag.set_string(wire.bytes()?),
            0x20 => tag.set_bool(wire.varint()? != 0),
            0x28 => tag.set_long(wire.varint()?.cast_signed()),
            0x31 => tag.set_double(f64::from_bits(wire.fixed64()?)),
            0x3a => tag.set_binary(wire.bytes()?),
            other => wire.skip(other, KEY_VALUE_FIELDS, Depth::ROOT)?,
        }
    }
    Ok(tag.attribute())
}

const fn kind_from_number(number: i32) -> TagKind {
    match number {
        0 => TagKind::String,
        1 => TagKind::Bool,
        2 => TagKind::Long,
        3 => TagKind::Double,
        4 => TagKind::Binary,
        _ => TagKind::Unknown,
    }
}

/// `google.protobuf.Timestamp` or `Duration`.
#[derive(Clone, Copy, Debug, Default)]
struct Time {
    seconds: i64,
    nanos: i32,
}

impl Time {
    fn merge(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let mut wire = Wire::new(bytes);
        while !wire.is_empty() {
            match wire.key()? {
                0x08 => self.seconds = wire.varint()?.cast_signed(),
                0x10 => self.nanos = wire.int32()?,
                other => wire.skip(other, TIME_FIELDS, Depth::ROOT)?,
            }
        }
        Ok(())
    }

    fn nanos(self) -> i128 {
        i128::from(self.seconds) * NANOS_OF_SECOND + i128::from(self.nanos)
    }
}
