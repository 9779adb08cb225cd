//! Reading typed JSON back.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{BYTES_VALUE, DOUBLE_VALUE, MAP_VALUE};
use crate::{AttributeValue, Attributes};

/// Text that is not typed JSON.
#[derive(Debug, thiserror::Error)]
#[error("not typed JSON: {0}")]
pub struct TypedJsonError(#[from] serde_json::Error);

/// Parses one value.
///
/// # Errors
/// [`TypedJsonError`] when the text is not JSON, nests deeper than 128 levels, or holds an integer
/// outside 64 bits.
pub fn parse_value(text: &str) -> Result<AttributeValue, TypedJsonError> {
    resolve(serde_json::from_str::<Value>(text)?.0)
}

/// Parses an object of attributes.
///
/// # Errors
/// As [`parse_value`], and when the text is no object.
pub fn parse_attributes(text: &str) -> Result<Attributes, TypedJsonError> {
    resolve_entries(serde_json::from_str::<Entries>(text)?.0)
}

struct Value(AttributeValue);
struct Entries(Vec<(String, AttributeValue)>);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor).map(Self)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Vec<(String, AttributeValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            entries.push((key, value.0));
        }
        Ok(entries)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = AttributeValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an attribute value")
    }

    fn visit_unit<E>(self) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Empty)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Int(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<AttributeValue, E> {
        let number = i64::try_from(number)
            .map_err(|_| E::custom(format_args!("{number} is over 64 bits")))?;
        Ok(AttributeValue::Int(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Double(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<AttributeValue, E> {
        Ok(AttributeValue::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<AttributeValue, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element::<Value>()? {
            values.push(value.0);
        }
        Ok(AttributeValue::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AttributeValue, A::Error> {
        Ok(AttributeValue::Map(Attributes(
            EntriesVisitor.visit_map(map)?,
        )))
    }
}

/// Turns the reserved one-key objects inside a value that was read as plain JSON into what they
/// stand for.
fn resolve(value: AttributeValue) -> Result<AttributeValue, TypedJsonError> {
    let mut entries = match value {
        AttributeValue::Array(values) => {
            return Ok(AttributeValue::Array(
                values.into_iter().map(resolve).collect::<Result<_, _>>()?,
            ));
        }
        AttributeValue::Map(Attributes(entries)) => entries,
        scalar => return Ok(scalar),
    };
    if let [(key, value)] = entries.as_mut_slice() {
        match (key.as_str(), value) {
            (BYTES_VALUE, AttributeValue::String(text)) => {
                return Ok(AttributeValue::Bytes(
                    BASE64_STANDARD
                        .decode(text)
                        .map_err(serde_json::Error::custom)?,
                ));
            }
            (DOUBLE_VALUE, AttributeValue::String(text)) => {
                return Ok(AttributeValue::Double(
                    text.parse().map_err(serde_json::Error::custom)?,
                ));
            }
            (MAP_VALUE, AttributeValue::Map(inner)) => entries = std::mem::take(&mut inner.0),
            _ => {}
        }
    }
    resolve_entries(entries).map(AttributeValue::Map)
}

fn resolve_entries(entries: Vec<(String, AttributeValue)>) -> Result<Attributes, TypedJsonError> {
    let resolved = entries
        .into_iter()
        .map(|(key, value)| Ok((key, resolve(value)?)));
    resolved.collect::<Result<_, _>>().map(Attributes)
}
