//! `KeyValue` and `AnyValue`.

use schemas::AttributeRef;
use schemas::typed_json::{ArrayWriter, MapWriter, write_value_ref};

use crate::draft::{DraftAttribute, DraftValue, NestedText};
use crate::protobuf::{Depth, KnownFields, Malformed, Wire};

/// `KeyValue`: key, value, key_strindex (of profiles; meaningless in spans).
const KEY_VALUE_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3]);
/// `AnyValue`: the oneof's eight variants.
const ANY_VALUE_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4, 5, 6, 7, 8]);
/// `ArrayValue` and `KeyValueList`: values.
const LIST_FIELDS: KnownFields = KnownFields::of(&[1]);

/// Reads a `KeyValue` that is an attribute; arrays and maps are written to `nested`.
pub(super) fn read_attribute<'a>(
    bytes: &'a [u8],
    depth: Depth,
    nested: &mut NestedText,
) -> Result<DraftAttribute<'a>, Malformed> {
    if let Some(attribute) = read_plain_attribute(bytes) {
        return Ok(attribute);
    }
    let (key, value) = read_key_value(bytes, depth, nested)?;
    let value = match value {
        Value::Scalar(scalar) => scalar.into_draft(),
        list => {
            let start = nested.text.len();
            write_value(list, depth.enter()?, 1, nested)?;
            DraftValue::Nested(start..nested.text.len())
        }
    };
    Ok(DraftAttribute { key, value })
}

/// The form that nearly all attributes have: a key, then a value of one string or integer, each
/// of under 128 bytes or 64 bits. Anything else takes the long way.
#[inline]
fn read_plain_attribute(bytes: &[u8]) -> Option<DraftAttribute<'_>> {
    let [0x0a, key_length, rest @ ..] = bytes else {
        return None;
    };
    let (key, rest) = short(*key_length, rest)?;
    let [0x12, value_length, rest @ ..] = rest else {
        return None;
    };
    let (value, end) = short(*value_length, rest)?;
    if !end.is_empty() {
        return None;
    }
    let value = match value {
        [0x0a, length, text @ ..] if *length < 0x80 && usize::from(*length) == text.len() => {
            DraftValue::String(text)
        }
        [0x18, rest @ ..] => {
            let mut number = Wire::new(rest);
            let value = number.varint().ok()?;
            number
                .is_empty()
                .then_some(DraftValue::Int(value.cast_signed()))?
        }
        _ => return None,
    };
    Some(DraftAttribute { key, value })
}

#[inline]
fn short(length: u8, rest: &[u8]) -> Option<(&[u8], &[u8])> {
    if length >= 0x80 {
        return None;
    }
    rest.split_at_checked(usize::from(length))
}

/// `AnyValue` while it is read: a oneof whose message variants may come in pieces.
#[derive(Debug)]
enum Value<'a> {
    Scalar(Scalar<'a>),
    Array(Pieces<'a>),
    Map(Pieces<'a>),
}

#[derive(Clone, Copy, Debug)]
enum Scalar<'a> {
    Empty,
    String(&'a [u8]),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(&'a [u8]),
}

impl<'a> Scalar<'a> {
    fn into_draft(self) -> DraftValue<'a> {
        match self {
            Self::Empty => DraftValue::Empty,
            Self::String(text) => DraftValue::String(text),
            Self::Bool(truth) => DraftValue::Bool(truth),
            Self::Int(number) => DraftValue::Int(number),
            Self::Double(number) => DraftValue::Double(number),
            Self::Bytes(bytes) => DraftValue::Bytes(bytes),
        }
    }
}

/// A message that may come in several pieces, which protobuf merges; nearly always one.
#[derive(Debug)]
struct Pieces<'a> {
    first: &'a [u8],
    further: Vec<&'a [u8]>,
}

impl<'a> Pieces<'a> {
    fn one(first: &'a [u8]) -> Self {
        Self {
            first,
            further: Vec::new(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        std::iter::once(self.first).chain(self.further.iter().copied())
    }
}

fn read_key_value<'a>(
    bytes: &'a [u8],
    depth: Depth,
    nested: &mut NestedText,
) -> Result<(&'a [u8], Value<'a>), Malformed> {
    let mut key: &[u8] = &[];
    let mut value = Value::Scalar(Scalar::Empty);
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => key = wire.bytes()?,
            0x12 => read_any_value(&mut value, wire.bytes()?, depth.enter()?, nested)?,
            0x18 => drop(wire.varint()?),
            other => wire.skip(other, KEY_VALUE_FIELDS, depth)?,
        }
    }
    Ok((key, value))
}

/// Merges an `AnyValue` into `value`.
fn read_any_value<'a>(
    value: &mut Value<'a>,
    bytes: &'a [u8],
    depth: Depth,
    nested: &mut NestedText,
) -> Result<(), Malformed> {
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        let next = match wire.key()? {
            0x0a => Value::Scalar(Scalar::String(wire.bytes()?)),
            0x10 => Value::Scalar(Scalar::Bool(wire.varint()? != 0)),
            0x18 => Value::Scalar(Scalar::Int(wire.varint()?.cast_signed())),
            0x21 => Value::Scalar(Scalar::Double(f64::from_bits(wire.fixed64()?))),
            0x2a => {
                let piece = wire.bytes()?;
                if let Value::Array(pieces) = value {
                    pieces.further.push(piece);
                    continue;
                }
                Value::Array(Pieces::one(piece))
            }
            0x32 => {
                let piece = wire.bytes()?;
                if let Value::Map(pieces) = value {
                    pieces.further.push(piece);
                    continue;
                }
                Value::Map(Pieces::one(piece))
            }
            0x3a => Value::Scalar(Scalar::Bytes(wire.bytes()?)),
            // An index into a profile's string table: no value in a span.
            0x40 => {
                wire.varint()?;
                Value::Scalar(Scalar::Empty)
            }
            other => {
                wire.skip(other, ANY_VALUE_FIELDS, depth)?;
                continue;
            }
        };
        check_discarded(std::mem::replace(value, next), depth, nested)?;
    }
    Ok(())
}

/// A later variant of the oneof replaces an earlier list, which must still be well-formed.
fn check_discarded(
    value: Value<'_>,
    depth: Depth,
    nested: &mut NestedText,
) -> Result<(), Malformed> {
    if matches!(value, Value::Scalar(_)) {
        return Ok(());
    }
    let (length, fault) = (nested.text.len(), nested.fault);
    write_value(value, depth, 1, nested)?;
    nested.text.truncate(length);
    nested.fault = fault;
    Ok(())
}

/// Writes a value as typed JSON. `depth` is that of the `AnyValue`, `nesting` that of an array or
/// map within its attribute.
fn write_value(
    value: Value<'_>,
    depth: Depth,
    nesting: usize,
    nested: &mut NestedText,
) -> Result<(), Malformed> {
    match value {
        Value::Scalar(scalar) => {
            let value = match scalar {
                Scalar::Empty => AttributeRef::Empty,
                Scalar::String(bytes) => AttributeRef::String(nested.check_utf8(bytes)),
                Scalar::Bool(truth) => AttributeRef::Bool(truth),
                Scalar::Int(number) => AttributeRef::Int(number),
                Scalar::Double(number) => AttributeRef::Double(number),
                Scalar::Bytes(bytes) => AttributeRef::Bytes(bytes),
            };
            write_value_ref(&mut nested.text, value);
            Ok(())
        }
        Value::Array(pieces) => write_array(&pieces, depth.enter()?, nesting, nested),
        Value::Map(pieces) => write_map(&pieces, depth.enter()?, nesting, nested),
    }
}

fn write_array(
    pieces: &Pieces<'_>,
    depth: Depth,
    nesting: usize,
    nested: &mut NestedText,
) -> Result<(), Malformed> {
    nested.enter(nesting);
    let mut array = ArrayWriter::begin(&mut nested.text);
    for piece in pieces.iter() {
        let mut wire = Wire::new(piece);
        while !wire.is_empty() {
            match wire.key()? {
                0x0a => {
                    let mut element = Value::Scalar(Scalar::Empty);
                    let inner = depth.enter()?;
                    read_any_value(&mut element, wire.bytes()?, inner, nested)?;
                    array.element(&mut nested.text);
                    write_value(element, inner, nesting + 1, nested)?;
                }
                other => wire.skip(other, LIST_FIELDS, depth)?,
            }
        }
    }
    array.end(&mut nested.text);
    Ok(())
}

fn write_map(
    pieces: &Pieces<'_>,
    depth: Depth,
    nesting: usize,
    nested: &mut NestedText,
) -> Result<(), Malformed> {
    nested.enter(nesting);
    let mut map = MapWriter::begin(&mut nested.text);
    for piece in pieces.iter() {
        let mut wire = Wire::new(piece);
        while !wire.is_empty() {
            match wire.key()? {
                0x0a => {
                    let entry_depth = depth.enter()?;
                    let (key, value) = read_key_value(wire.bytes()?, entry_depth, nested)?;
                    let key = nested.check_utf8(key);
                    map.key(&mut nested.text, key);
                    match value {
                        // A missing value is no level of its own.
                        Value::Scalar(_) => write_value(value, entry_depth, nesting + 1, nested)?,
                        list => write_value(list, entry_depth.enter()?, nesting + 1, nested)?,
                    }
                }
                other => wire.skip(other, LIST_FIELDS, depth)?,
            }
        }
    }
    map.end(&mut nested.text);
    Ok(())
}
