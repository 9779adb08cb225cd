//! A list of Zipkin v1 spans in Thrift's binary protocol, as `zipkinCore.thrift` has them.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use base64::prelude::{BASE64_STANDARD, Engine};
use schemas::UnixNanos;

use super::draft::assemble;
use super::endpoint::Endpoint;
use super::fold::Folder;
use super::json_fields::check_not_json;
use super::span::{Spans, Text, micros};
use super::v1_span::{BinaryAnnotation, BinaryValue, V1Annotation, V1Span, present};
use crate::thrift::{BinaryReader, Fields, Malformed, Reader, Type};
use crate::{DecodeError, Decoded};

const FORM: &str = "a Thrift list of Zipkin v1 spans";

/// Decodes a list of Zipkin v1 spans in Thrift's binary protocol. Each becomes one span for each
/// host that it tells of. `arrival` is when spans began that do not tell it and whose traces do
/// not either. Spans that are invalid are counted in the result; see
/// [`Refusal`](crate::Refusal) for what makes a span invalid.
///
/// # Errors
/// [`DecodeError::Malformed`] when the bytes are not such a list, or others follow it.
pub fn decode_v1_thrift(body: &[u8], arrival: UnixNanos) -> Result<Decoded, DecodeError> {
    check_not_json(FORM, body)?;
    let mut spans = Spans::default();
    if !body.is_empty() {
        let mut reader = BinaryReader::new(body);
        read_list(&mut spans, &mut reader)
            .map_err(|malformed| DecodeError::malformed(FORM, &malformed))?;
        if !reader.is_empty() {
            return Err(DecodeError::malformed(FORM, "bytes follow the list"));
        }
    }
    Ok(assemble(&spans, arrival))
}

fn read_list<'a>(spans: &mut Spans<'a>, reader: &mut BinaryReader<'a>) -> Result<(), Malformed> {
    let mut folder = Folder::default();
    for _ in 0..reader.list_of(Type::Struct)? {
        folder.fold(&read_span(reader)?, spans);
    }
    Ok(())
}

fn read_span<'a>(reader: &mut BinaryReader<'a>) -> Result<V1Span<'a>, Malformed> {
    let mut span = V1Span::default();
    let (mut trace_id_high, mut trace_id) = (0, 0);
    let mut fields = Fields::default();
    while let Some(field) = reader.field(&mut fields)? {
        match (field.number, field.kind) {
            (1, Type::I64) => trace_id = reader.i64()?,
            (3, Type::Binary) => span.name = reader.binary()?.into(),
            (4, Type::I64) => span.id = reader.i64()?.to_be_bytes(),
            (5, Type::I64) => span.parent_id = reader.i64()?.to_be_bytes(),
            (6, Type::List) => {
                for _ in 0..reader.list_of(Type::Struct)? {
                    span.annotations.push(read_annotation(reader)?);
                }
            }
            (8, Type::List) => {
                for _ in 0..reader.list_of(Type::Struct)? {
                    span.binary_annotations
                        .push(read_binary_annotation(reader)?);
                }
            }
            (9, Type::Bool) => span.is_debug = reader.bool()?,
            (10, Type::I64) => span.timestamp = micros(reader.i64()?),
            (11, Type::I64) => span.duration = micros(reader.i64()?),
            (12, Type::I64) => trace_id_high = reader.i64()?,
            (_, kind) => reader.skip(kind)?,
        }
    }
    let (high, low) = span.trace_id.split_at_mut(8);
    high.copy_from_slice(&trace_id_high.to_be_bytes());
    low.copy_from_slice(&trace_id.to_be_bytes());
    Ok(span)
}

fn read_annotation<'a>(reader: &mut BinaryReader<'a>) -> Result<V1Annotation<'a>, Malformed> {
    let mut annotation = V1Annotation::default();
    let mut fields = Fields::default();
    while let Some(field) = reader.field(&mut fields)? {
        match (field.number, field.kind) {
            (1, Type::I64) => annotation.timestamp = micros(reader.i64()?),
            (2, Type::Binary) => annotation.value = reader.binary()?.into(),
            (3, Type::Struct) => annotation.host = present(read_endpoint(reader)?),
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok(annotation)
}

fn read_binary_annotation<'a>(
    reader: &mut BinaryReader<'a>,
) -> Result<BinaryAnnotation<'a>, Malformed> {
    let (mut key, mut value, mut host) = (&[][..], &[][..], None);
    let mut annotation_type = STRING;
    let mut fields = Fields::default();
    while let Some(field) = reader.field(&mut fields)? {
        match (field.number, field.kind) {
            (1, Type::Binary) => key = reader.binary()?,
            (2, Type::Binary) => value = reader.binary()?,
            (3, Type::I32) => annotation_type = reader.i32()?,
            (4, Type::Struct) => host = present(read_endpoint(reader)?),
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok(BinaryAnnotation {
        key: key.into(),
        value: value_of(annotation_type, value),
        host,
    })
}

// `AnnotationType`.
const BOOL: i32 = 0;
const I16: i32 = 2;
const I32: i32 = 3;
const I64: i32 = 4;
const DOUBLE: i32 = 5;
const STRING: i32 = 6;

/// A value of its type; bytes that are of no type are text in base64, as in Zipkin's JSON.
fn value_of(annotation_type: i32, bytes: &[u8]) -> BinaryValue<'_> {
    let text = match annotation_type {
        BOOL if bytes.len() == 1 => return BinaryValue::Bool(bytes == [1]),
        STRING => Some(bytes.into()),
        I16 => number(bytes, i16::from_be_bytes),
        I32 => number(bytes, i32::from_be_bytes),
        I64 => number(bytes, i64::from_be_bytes),
        DOUBLE => number(bytes, f64::from_be_bytes),
        _ => None,
    };
    BinaryValue::Text(text.unwrap_or_else(|| BASE64_STANDARD.encode(bytes).into_bytes().into()))
}

fn number<const N: usize, T: ToString>(
    bytes: &[u8],
    from_bytes: fn([u8; N]) -> T,
) -> Option<Text<'_>> {
    let number = from_bytes(*bytes.first_chunk()?);
    Some(Cow::Owned(number.to_string().into_bytes()))
}

/// Thrift knows no unsigned numbers, so addresses and ports may look negative.
fn read_endpoint<'a>(reader: &mut BinaryReader<'a>) -> Result<Endpoint<'a>, Malformed> {
    let mut endpoint = Endpoint::default();
    let mut fields = Fields::default();
    while let Some(field) = reader.field(&mut fields)? {
        match (field.number, field.kind) {
            (1, Type::I32) => {
                let address = reader.i32()?.cast_unsigned();
                if address != 0 {
                    endpoint.set_ipv4(Ipv4Addr::from(address));
                }
            }
            (2, Type::I16) => endpoint.set_port(i64::from(reader.i16()?.cast_unsigned())),
            (3, Type::Binary) => endpoint.set_service_name(reader.binary()?.into()),
            // Of another length it is no address.
            (4, Type::Binary) => {
                endpoint.set_address_bytes(reader.binary()?);
            }
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok(endpoint)
}
