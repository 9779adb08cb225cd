//! Attributes: `KeyStringValuePair` as sent, and those that we name ourselves.

use crate::draft::{DraftAttribute, DraftValue};
use crate::protobuf::{Depth, KnownFields, Malformed, Wire};

/// `KeyStringValuePair`: key, value.
const PAIR_FIELDS: KnownFields = KnownFields::of(&[1, 2]);

/// Reads a `KeyStringValuePair`.
pub(super) fn read_pair(bytes: &[u8], depth: Depth) -> Result<DraftAttribute<'_>, Malformed> {
    let mut key: &[u8] = &[];
    let mut value: &[u8] = &[];
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => key = wire.bytes()?,
            0x12 => value = wire.bytes()?,
            other => wire.skip(other, PAIR_FIELDS, depth)?,
        }
    }
    Ok(DraftAttribute {
        key,
        value: DraftValue::String(value),
    })
}

/// Appends a text, unless it is empty: protobuf knows no difference to one that was not sent.
pub(super) fn push_text<'a>(
    attributes: &mut Vec<DraftAttribute<'a>>,
    key: &'static str,
    text: &'a [u8],
) {
    if !text.is_empty() {
        push(attributes, key, DraftValue::String(text));
    }
}

/// Appends an integer, also when it is zero.
pub(super) fn push_number(
    attributes: &mut Vec<DraftAttribute<'_>>,
    key: &'static str,
    number: impl Into<i64>,
) {
    push(attributes, key, DraftValue::Int(number.into()));
}

/// Appends `true` where it was said.
pub(super) fn push_if(attributes: &mut Vec<DraftAttribute<'_>>, key: &'static str, truth: bool) {
    if truth {
        push(attributes, key, DraftValue::Bool(true));
    }
}

/// Appends the name of an enumeration's number; the number itself when this version does not know it.
pub(super) fn push_name(
    attributes: &mut Vec<DraftAttribute<'_>>,
    key: &'static str,
    names: &[&'static str],
    number: i32,
) {
    let name = usize::try_from(number)
        .ok()
        .and_then(|index| names.get(index));
    match name {
        Some(name) => push(attributes, key, DraftValue::String(name.as_bytes())),
        None => push_number(attributes, key, number),
    }
}

fn push<'a>(attributes: &mut Vec<DraftAttribute<'a>>, key: &'static str, value: DraftValue<'a>) {
    let key = key.as_bytes();
    attributes.push(DraftAttribute { key, value });
}
