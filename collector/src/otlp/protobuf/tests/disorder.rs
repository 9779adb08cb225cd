//! The same message in other wire forms: fields in another order, singular messages in pieces,
//! unknown fields between.

use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};

/// A message of OTLP, as far as its fields are messages.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Request,
    ResourceSpans,
    Resource,
    ScopeSpans,
    Scope,
    Span,
    Event,
    Link,
    Status,
    KeyValue,
    AnyValue,
    Array,
    Map,
    EntityRef,
}

impl Kind {
    /// The message in a field, and whether the field is singular.
    fn child(self, field: u32) -> Option<(Self, bool)> {
        Some(match (self, field) {
            (Self::Request, 1) => (Self::ResourceSpans, false),
            (Self::ResourceSpans, 1) => (Self::Resource, true),
            (Self::ResourceSpans, 2) => (Self::ScopeSpans, false),
            (Self::Resource, 3) => (Self::EntityRef, false),
            (Self::ScopeSpans, 1) => (Self::Scope, true),
            (Self::ScopeSpans, 2) => (Self::Span, false),
            (Self::Span, 11) => (Self::Event, false),
            (Self::Span, 13) => (Self::Link, false),
            (Self::Span, 15) => (Self::Status, true),
            (Self::KeyValue, 2) => (Self::AnyValue, true),
            (Self::AnyValue, 5) => (Self::Array, true),
            (Self::AnyValue, 6) => (Self::Map, true),
            (Self::Array, 1) => (Self::AnyValue, false),
            (Self::Resource | Self::Map, 1)
            | (Self::Scope | Self::Event, 3)
            | (Self::Span, 9)
            | (Self::Link, 4) => (Self::KeyValue, false),
            _ => return None,
        })
    }
}

/// A small source of randomness that proptest seeds.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit.max(1)
    }

    fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }
}

/// Rewrites a well-formed message; its meaning may change, its well-formedness not.
pub(super) fn disorder(kind: Kind, message: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut fields = Vec::new();
    for (number, wire_type, field) in split(message) {
        let Some((child, is_singular)) = kind.child(number) else {
            fields.push(field);
            continue;
        };
        assert!(
            wire_type == WireType::LengthDelimited,
            "messages have a length"
        );
        let value = value_of(&field);
        if is_singular && dice.one_in(3) {
            let parts = split(value);
            let cut = dice.below(parts.len() + 1);
            for half in [&parts[..cut], &parts[cut..]] {
                let piece: Vec<u8> = half
                    .iter()
                    .flat_map(|(_, _, bytes)| bytes.clone())
                    .collect();
                fields.push(with_length(number, &disorder(child, &piece, dice)));
            }
        } else {
            fields.push(with_length(number, &disorder(child, value, dice)));
        }
    }
    if dice.one_in(2) {
        for index in (1..fields.len()).rev() {
            fields.swap(index, dice.below(index + 1));
        }
    }
    if dice.one_in(4) && !fields.is_empty() {
        let repeated = fields[dice.below(fields.len())].clone();
        // A long one repeated at each of a hundred levels would grow without end.
        if repeated.len() < 64 {
            fields.push(repeated);
        }
    }
    if dice.one_in(3) {
        let at = dice.below(fields.len() + 1);
        fields.insert(at, unknown_field(dice));
    }
    fields.concat()
}

fn unknown_field(dice: &mut Dice) -> Vec<u8> {
    let number = [17, 31, 32, 1000, 536_870_911][dice.below(5)];
    let mut field = Vec::new();
    match dice.below(5) {
        0 => {
            encode_key(number, WireType::Varint, &mut field);
            encode_varint(dice.0, &mut field);
        }
        1 => {
            encode_key(number, WireType::SixtyFourBit, &mut field);
            field.extend([7; 8]);
        }
        2 => field = with_length(number, b"unknown"),
        3 => {
            encode_key(number, WireType::StartGroup, &mut field);
            field.extend(with_length(1, b"within a group"));
            encode_key(number, WireType::EndGroup, &mut field);
        }
        _ => {
            encode_key(number, WireType::ThirtyTwoBit, &mut field);
            field.extend([7; 4]);
        }
    }
    field
}

fn with_length(number: u32, value: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut field);
    encode_varint(value.len() as u64, &mut field);
    field.extend(value);
    field
}

fn value_of(field: &[u8]) -> &[u8] {
    let mut rest = field;
    decode_key(&mut rest).expect("split before");
    decode_varint(&mut rest).expect("split before");
    rest
}

/// The fields of a message that prost wrote: number, wire type, bytes with the key.
fn split(message: &[u8]) -> Vec<(u32, WireType, Vec<u8>)> {
    let mut fields = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let start = rest;
        let (number, wire_type) = decode_key(&mut rest).expect("prost wrote it");
        let length = match wire_type {
            WireType::Varint => decode_varint(&mut rest).map(|_| 0).expect("prost wrote it"),
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => decode_varint(&mut rest).expect("prost wrote it"),
            WireType::StartGroup | WireType::EndGroup => panic!("prost writes no groups"),
        };
        rest = &rest[usize::try_from(length).expect("short")..];
        fields.push((
            number,
            wire_type,
            start[..start.len() - rest.len()].to_vec(),
        ));
    }
    fields
}
