//! Parts of JSON that receivers read alike. Null is the default of each.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A text. It is read as bytes, since JSON can escape what is no Unicode text: lone surrogates.
#[derive(Debug, Default)]
pub(crate) struct Text<'a>(Cow<'a, [u8]>);

impl<'a> Text<'a> {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_bytes(self) -> Cow<'a, [u8]> {
        self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<SentText<'a>>::deserialize(deserializer)
            .map(|text| text.map_or_else(Self::default, |raw| Self(raw.0)))
    }
}

/// A text that is not null.
#[derive(Debug)]
pub(crate) struct SentText<'a>(pub(crate) Cow<'a, [u8]>);

impl<'de: 'a, 'a> Deserialize<'de> for SentText<'a> {
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

/// A list; null is an empty one.
#[derive(Debug)]
pub(crate) struct List<T>(Vec<T>);

impl<T> List<T> {
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    pub(crate) fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Vec<T>>::deserialize(deserializer).map(|list| Self(list.unwrap_or_default()))
    }
}

/// Reads an integer that may be a number, also one written with a fraction of zero or an
/// exponent, or the same as text.
pub(crate) struct IntegerVisitor<T> {
    type_name: &'static str,
    integer: PhantomData<T>,
}

/// 2^64: the least double over every 64-bit integer.
const TWO_TO_THE_64: f64 = 18_446_744_073_709_551_616.0;

impl<T: TryFrom<i128> + Default> IntegerVisitor<T> {
    pub(crate) fn new(type_name: &'static str) -> Self {
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
        pub(crate) struct $name(pub(crate) $type);

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
    /// An attribute's integer, or microseconds.
    Signed64(i64) = "64-bit integer";
}
