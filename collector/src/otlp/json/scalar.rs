//! Scalars of protobuf's JSON form. Null is the default of each.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use schemas::{SpanKind, StatusCode};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A text. It is read as bytes, since JSON can escape what is no Unicode text: lone surrogates.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(Cow<'a, [u8]>);

impl Text<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<RawText<'a>>::deserialize(deserializer)
            .map(|text| text.map_or_else(Self::default, |raw| Self(raw.0)))
    }
}

struct RawText<'a>(Cow<'a, [u8]>);

impl<'de: 'a, 'a> Deserialize<'de> for RawText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_bytes(TextVisitor(PhantomData))
            .map(Self)
    }
}

struct TextVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
    type Value = Cow<'a, [u8]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(bytes))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Cow::Owned(bytes.to_vec()))
    }
}

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

/// Reads an integer that may be a number, also one written with a fraction of zero or an
/// exponent, or the same as text.
struct IntegerVisitor<T> {
    type_name: &'static str,
    integer: PhantomData<T>,
}

/// 2^64: the least double over every 64-bit integer.
const TWO_TO_THE_64: f64 = 18_446_744_073_709_551_616.0;

impl<T: TryFrom<i128> + Default> IntegerVisitor<T> {
    fn new(type_name: &'static str) -> Self {
        Self {
            type_name,
            integer: PhantomData,
        }
    }

    fn fit<E: Error>(&self, number: i128) -> Result<T, E> {
        T::try_from(number)
            .map_err(|_| E::custom(format_args!("{number} is no {}", self.type_name)))
    }
}

impl<T: TryFrom<i128> + Default> Visitor<'_> for IntegerVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} as a number or a string", self.type_name)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        self.fit(i128::from(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.fit(i128::from(number))
    }

    // The number is whole and below 2^64, so an i128 holds it.
    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        if number.fract() != 0.0 || number.abs() >= TWO_TO_THE_64 {
            return Err(E::invalid_value(Unexpected::Float(number), &self));
        }
        self.fit(number as i128)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        if let Ok(number) = i128::from_str(text) {
            return self.fit(number);
        }
        match f64::from_str(text) {
            Ok(number) if number.is_finite() => self.visit_f64(number),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }
}

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident($type:ty) = $type_name:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub(super) struct $name(pub(super) $type);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(IntegerVisitor::new($type_name)).map(Self)
            }
        }
    )*};
}

integers! {
    /// A count or flags.
    Unsigned32(u32) = "32-bit unsigned integer";
    /// Nanoseconds.
    Unsigned64(u64) = "64-bit unsigned integer";
    /// The integer value of an attribute.
    Signed64(i64) = "64-bit integer";
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
