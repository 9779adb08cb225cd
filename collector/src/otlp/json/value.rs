//! `AnyValue` in JSON: an object with one of the oneof's fields.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use schemas::AttributeRef;
use schemas::typed_json::{ArrayWriter, MapWriter, write_value_ref};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::model::KeyValue;
use super::scalar::Double;
use crate::draft::NestedText;
use crate::json::{List, Signed64, Text};

/// An attribute's value; the last field of the oneof counts.
#[derive(Debug, Default)]
pub(super) enum AnyValue<'a> {
    #[default]
    Empty,
    String(Text<'a>),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(Vec<u8>),
    Array(Vec<AnyValue<'a>>),
    Map(Vec<KeyValue<'a>>),
}

/// `ArrayValue` and `KeyValueList`.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Values<T> {
    #[serde(default)]
    values: List<T>,
}

#[derive(Deserialize)]
enum Field {
    #[serde(rename = "stringValue", alias = "string_value")]
    String,
    #[serde(rename = "boolValue", alias = "bool_value")]
    Bool,
    #[serde(rename = "intValue", alias = "int_value")]
    Int,
    #[serde(rename = "doubleValue", alias = "double_value")]
    Double,
    #[serde(rename = "bytesValue", alias = "bytes_value")]
    Bytes,
    #[serde(rename = "arrayValue", alias = "array_value")]
    Array,
    #[serde(rename = "kvlistValue", alias = "kvlist_value")]
    Map,
    #[serde(other)]
    Unknown,
}

impl<'de: 'a, 'a> Deserialize<'de> for AnyValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValueVisitor(PhantomData))
    }
}

struct AnyValueVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for AnyValueVisitor<'a> {
    type Value = AnyValue<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with one of stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue")
    }

    fn visit_unit<E: Error>(self) -> Result<AnyValue<'a>, E> {
        Ok(AnyValue::Empty)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyValue<'a>, A::Error> {
        let mut value = AnyValue::Empty;
        while let Some(field) = map.next_key::<Field>()? {
            let next = match field {
                Field::String => map.next_value::<Option<Text<'a>>>()?.map(AnyValue::String),
                Field::Bool => map.next_value::<Option<bool>>()?.map(AnyValue::Bool),
                Field::Int => map
                    .next_value::<Option<Signed64>>()?
                    .map(|number| AnyValue::Int(number.0)),
                Field::Double => map
                    .next_value::<Option<Double>>()?
                    .map(|number| AnyValue::Double(number.0)),
                Field::Bytes => match map.next_value::<Option<Text<'a>>>()? {
                    Some(text) => Some(AnyValue::Bytes(decode_base64(text.bytes())?)),
                    None => None,
                },
                Field::Array => map
                    .next_value::<Option<Values<AnyValue<'a>>>>()?
                    .map(|list| AnyValue::Array(list.values.into_vec())),
                Field::Map => map
                    .next_value::<Option<Values<KeyValue<'a>>>>()?
                    .map(|list| AnyValue::Map(list.values.into_vec())),
                Field::Unknown => {
                    map.next_value::<IgnoredAny>()?;
                    None
                }
            };
            if let Some(next) = next {
                value = next;
            }
        }
        Ok(value)
    }
}

/// Both alphabets, with and without padding, as protobuf's JSON form asks of readers.
fn decode_base64<E: Error>(text: &[u8]) -> Result<Vec<u8>, E> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let is_url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let alphabet = if is_url_safe { &URL_SAFE } else { &STANDARD };
    GeneralPurpose::new(alphabet, config)
        .decode(text)
        .map_err(|error| E::custom(format_args!("bytesValue is not base64: {error}")))
}

/// Writes a value as typed JSON; `nesting` is that of an array or map within its attribute.
pub(super) fn write_value(value: &AnyValue<'_>, nesting: usize, nested: &mut NestedText) {
    let scalar = match value {
        AnyValue::Empty => AttributeRef::Empty,
        AnyValue::String(text) => AttributeRef::String(nested.check_utf8(text.bytes())),
        AnyValue::Bool(truth) => AttributeRef::Bool(*truth),
        AnyValue::Int(number) => AttributeRef::Int(*number),
        AnyValue::Double(number) => AttributeRef::Double(*number),
        AnyValue::Bytes(bytes) => AttributeRef::Bytes(bytes),
        AnyValue::Array(values) => {
            nested.enter(nesting);
            let mut array = ArrayWriter::begin(&mut nested.text);
            for value in values {
                array.element(&mut nested.text);
                write_value(value, nesting + 1, nested);
            }
            array.end(&mut nested.text);
            return;
        }
        AnyValue::Map(entries) => {
            nested.enter(nesting);
            let mut map = MapWriter::begin(&mut nested.text);
            for entry in entries {
                let key = nested.check_utf8(entry.key.bytes());
                map.key(&mut nested.text, key);
                write_value(&entry.value, nesting + 1, nested);
            }
            map.end(&mut nested.text);
            return;
        }
    };
    write_value_ref(&mut nested.text, scalar);
}
