//! Reads a `jaeger.thrift` `Batch`, in either protocol of Thrift.
//!
//! A field of another type than the one that it should have is skipped, as Thrift asks. What a
//! list's elements must have is asked for, so that a few bytes cannot become long lists.

use super::model::{Id, JaegerSpan, Log, Reference, ReferenceKind};
use super::span_writer::SpanWriter;
use super::tag::{TagFields, TagKind};
use crate::Decoded;
use crate::draft::{DraftAttribute, ResourceDraft};
use crate::thrift::{Field, Fields, Malformed, Reader, Type};

const NANOS_OF_MICROSECOND: i128 = 1_000;

pub(super) fn decode<'a, R: Reader<'a>>(reader: &mut R) -> Result<Decoded, Malformed> {
    let mut writer = SpanWriter::default();
    let mut has_process = false;
    // Spans that came before their process wait for it.
    let mut waiting = None;
    let mut has_spans = false;
    let mut fields = Fields::default();
    while let Some(field) = reader.field(&mut fields)? {
        match field {
            Field {
                number: 1,
                kind: Type::Struct,
            } => {
                writer.begin_process(read_process(reader)?);
                has_process = true;
            }
            Field {
                number: 2,
                kind: Type::List,
            } => {
                has_spans = true;
                if has_process {
                    read_spans(reader, &mut writer)?;
                } else {
                    waiting = Some(reader.clone());
                    reader.skip(Type::List)?;
                }
            }
            // The client's statistics of itself are of no span.
            other => reader.skip(other.kind)?,
        }
    }
    if let Some(mut spans) = waiting {
        if !has_process {
            writer.begin_process(ResourceDraft::default());
        }
        read_spans(&mut spans, &mut writer)?;
    }
    if !has_spans {
        return Err(Malformed::Missing);
    }
    Ok(writer.finish())
}

fn read_process<'a, R: Reader<'a>>(reader: &mut R) -> Result<ResourceDraft<'a>, Malformed> {
    let mut name: &[u8] = &[];
    let mut tags = Vec::new();
    let mut fields = Fields::default();
    while let Some(field) = reader.field(&mut fields)? {
        match (field.number, field.kind) {
            (1, Type::Binary) => name = reader.binary()?,
            (2, Type::List) => {
                tags.clear();
                read_tags(reader, &mut tags)?;
            }
            (_, other) => reader.skip(other)?,
        }
    }
    Ok(super::span_writer::resource(name, tags))
}

fn read_spans<'a, R: Reader<'a>>(
    reader: &mut R,
    writer: &mut SpanWriter<'a>,
) -> Result<(), Malformed> {
    let mut span = JaegerSpan::default();
    for _ in 0..reader.list_of(Type::Struct)? {
        span.clear();
        read_span(reader, &mut span)?;
        writer.push(&span);
    }
    Ok(())
}

fn read_span<'a, R: Reader<'a>>(
    reader: &mut R,
    span: &mut JaegerSpan<'a>,
) -> Result<(), Malformed> {
    let (mut low, mut high) = (0, 0);
    let mut fields = Fields::default();
    while let Some(field) = reader.field(&mut fields)? {
        match (field.number, field.kind) {
            (1, Type::I64) => low = reader.i64()?,
            (2, Type::I64) => high = reader.i64()?,
            (3, Type::I64) => span.span_id = reader.i64()?.to_be_bytes().into(),
            (4, Type::I64) => span.parent_span_id = reader.i64()?.to_be_bytes().into(),
            (5, Type::Binary) => span.name = reader.binary()?,
            (6, Type::List) => read_references(reader, &mut span.references)?,
            (7, Type::I32) => span.flags = reader.i32()?.cast_unsigned(),
            (8, Type::I64) => span.start = read_micros(reader)?,
            (9, Type::I64) => span.duration = read_micros(reader)?,
            (10, Type::List) => {
                span.tags.clear();
                read_tags(reader, &mut span.tags)?;
            }
            (11, Type::List) => read_logs(reader, span)?,
            (12, Type::Bool) => span.incomplete = reader.bool()?,
            (_, other) => reader.skip(other)?,
        }
    }
    span.trace_id = Id::from_halves(high, low);
    Ok(())
}

fn read_micros<'a, R: Reader<'a>>(reader: &mut R) -> Result<i128, Malformed> {
    Ok(i128::from(reader.i64()?) * NANOS_OF_MICROSECOND)
}

fn read_references<'a, R: Reader<'a>>(
    reader: &mut R,
    references: &mut Vec<Reference>,
) -> Result<(), Malformed> {
    references.clear();
    for _ in 0..reader.list_of(Type::Struct)? {
        let (mut kind, mut low, mut high, mut span_id) = (None, None, None, None);
        let mut fields = Fields::default();
        while let Some(field) = reader.field(&mut fields)? {
            match (field.number, field.kind) {
                (1, Type::I32) => kind = Some(reader.i32()?),
                (2, Type::I64) => low = Some(reader.i64()?),
                (3, Type::I64) => high = Some(reader.i64()?),
                (4, Type::I64) => span_id = Some(reader.i64()?),
                (_, other) => reader.skip(other)?,
            }
        }
        let (Some(kind), Some(low), Some(high), Some(span_id)) = (kind, low, high, span_id) else {
            return Err(Malformed::Missing);
        };
        references.push(Reference {
            kind: ReferenceKind::from_number(kind),
            trace_id: Id::from_halves(high, low),
            span_id: span_id.to_be_bytes().into(),
        });
    }
    Ok(())
}

fn read_logs<'a, R: Reader<'a>>(
    reader: &mut R,
    span: &mut JaegerSpan<'a>,
) -> Result<(), Malformed> {
    span.logs.clear();
    span.log_fields.clear();
    for _ in 0..reader.list_of(Type::Struct)? {
        let first = span.log_fields.len();
        let mut time = None;
        let mut fields = Fields::default();
        while let Some(field) = reader.field(&mut fields)? {
            match (field.number, field.kind) {
                (1, Type::I64) => time = Some(read_micros(reader)?),
                (2, Type::List) => {
                    span.log_fields.truncate(first);
                    read_tags(reader, &mut span.log_fields)?;
                }
                (_, other) => reader.skip(other)?,
            }
        }
        span.logs.push(Log {
            time: time.ok_or(Malformed::Missing)?,
            fields: first..span.log_fields.len(),
        });
    }
    Ok(())
}

fn read_tags<'a, R: Reader<'a>>(
    reader: &mut R,
    tags: &mut Vec<DraftAttribute<'a>>,
) -> Result<(), Malformed> {
    for _ in 0..reader.list_of(Type::Struct)? {
        tags.push(read_tag(reader)?);
    }
    Ok(())
}

fn read_tag<'a, R: Reader<'a>>(reader: &mut R) -> Result<DraftAttribute<'a>, Malformed> {
    let mut tag = TagFields::default();
    let (mut has_key, mut has_kind) = (false, false);
    let mut fields = Fields::default();
    while let Some(field) = reader.field(&mut fields)? {
        match (field.number, field.kind) {
            (1, Type::Binary) => {
                tag.key = reader.binary()?;
                has_key = true;
            }
            (2, Type::I32) => {
                tag.kind = kind_from_number(reader.i32()?);
                has_kind = true;
            }
            (3, Type::Binary) => tag.set_string(reader.binary()?),
            (4, Type::Double) => tag.set_double(reader.double()?),
            (5, Type::Bool) => tag.set_bool(reader.bool()?),
            (6, Type::I64) => tag.set_long(reader.i64()?),
            (7, Type::Binary) => tag.set_binary(reader.binary()?),
            (_, other) => reader.skip(other)?,
        }
    }
    if has_key && has_kind {
        Ok(tag.attribute())
    } else {
        Err(Malformed::Missing)
    }
}

const fn kind_from_number(number: i32) -> TagKind {
    match number {
        0 => TagKind::String,
        1 => TagKind::Double,
        2 => TagKind::Bool,
        3 => TagKind::Long,
        4 => TagKind::Binary,
        _ => TagKind::Unknown,
    }
}
