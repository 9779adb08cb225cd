//! Scalars of protobuf's JSON form. Null is the default of each.

use std::fmt;

use schemas::{SpanKind, StatusCode};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::json::{IntegerVisitor, Text};

/// An id of `N` bytes in hexadecimal digits of any case, or what stands in its place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum HexId<const N: usize> {
    #[default]
    Missing,
    Id([u8; N]),
    /// Of another length, or with other characters: its span is refused, not the request.
    Wrong,
}

impl<const N: usize> HexId<N> {
    /// The bytes as protobuf would have them; of a wrong length for a wrong text.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Missing => &[],
            Self::Id(bytes) => bytes,
            Self::Wrong => &[0],
        }
    }

    fn parse(text: &[u8]) -> Self {
        if text.is_empty() {
            return Self::Missing;
        }
        if text.len() != 2 * N {
            return Self::Wrong;
        }
        let mut id = [0; N];
        for (pair, byte) in text.chunks_exact(2).zip(&mut id) {
            let [Some(high), Some(low)] = [hex_digit(pair[0]), hex_digit(pair[1])] else {
                return Self::Wrong;
            };
            *byte = high << 4 | low;
        }
        Self::Id(id)
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

impl<'de, const N: usize> Deserialize<'de> for HexId<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(|text| Self::parse(text.bytes()))
    }
}

/// A double: a number, or text such as `NaN` and `-Infinity`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Double(pub(super) f64);

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DoubleVisitor).map(Self)
    }
}

struct DoubleVisitor;

impl Visitor<'_> for DoubleVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or one of the strings NaN, Infinity, -Infinity")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        text.parse()
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// An enumeration's number. Old senders write its name.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct EnumNumber(pub(super) i32);

impl EnumNumber {
    pub(super) fn span_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(EnumVisitor {
                prefix: "SPAN_KIND_",
                number_of: kind_number,
            })
            .map(Self)
    }

    pub(super) fn status_code<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(EnumVisitor {
                prefix: "STATUS_CODE_",
                number_of: code_number,
            })
            .map(Self)
    }
}

fn kind_number(name: &str) -> Option<i32> {
    if name == "UNSPECIFIED" {
        return Some(0);
    }
    SpanKind::ALL
        .into_iter()
        .find(|kind| kind.name().eq_ignore_ascii_case(name))
        .map(|kind| i32::from(kind.number()))
}

fn code_number(name: &str) -> Option<i32> {
    [StatusCode::Unset, StatusCode::Ok, StatusCode::Error]
        .into_iter()
        .find(|code| code.name().eq_ignore_ascii_case(name))
        .map(|code| i32::from(code.number()))
}

struct EnumVisitor {
    prefix: &'static str,
    number_of: fn(&str) -> Option<i32>,
}

impl Visitor<'_> for EnumVisitor {
    type Value = i32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an integer or a name {}…", self.prefix)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i32, E> {
        IntegerVisitor::new("32-bit integer").visit_u64(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i32, E> {
        IntegerVisitor::new("32-bit integer").visit_i64(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i32, E> {
        IntegerVisitor::new("32-bit integer").visit_f64(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i32, E> {
        let name = text.strip_prefix(self.prefix).unwrap_or(text);
        if let Some(number) = (self.number_of)(name) {
            return Ok(number);
        }
        text.parse()
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_unit<E: Error>(self) -> Result<i32, E> {
        Ok(0)
    }
}
