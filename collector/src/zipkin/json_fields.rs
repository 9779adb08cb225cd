//! What both versions of Zipkin's JSON have: ids, endpoints, and tellingly wrong fields.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, Visitor};

use super::endpoint::Endpoint;
use super::span::{self, micros};
use crate::DecodeError;
use crate::json::{Signed64, Text};

/// The longest part of a wrong id that an answer repeats, in characters.
const SHOWN_ID: usize = 40;

/// Reads a body that is a list of spans; an empty body is an empty list.
pub(super) fn read_list<'de, S: DeserializeSeed<'de>>(
    body: &'de [u8],
    list: S,
) -> serde_json::Result<Option<S::Value>> {
    if body.trim_ascii().is_empty() {
        return Ok(None);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = list.deserialize(&mut deserializer)?;
    deserializer.end().map(|()| Some(value))
}

/// Refuses a body that is JSON where another encoding was announced, in words that help.
pub(super) fn check_not_json(form: &'static str, body: &[u8]) -> Result<(), DecodeError> {
    if matches!(body.first(), Some(b'[' | b'{')) {
        let reason = "it looks like JSON, which needs the Content-Type application/json";
        return Err(DecodeError::malformed(form, reason));
    }
    Ok(())
}

/// An id of up to `N` bytes in lower-case hexadecimal digits; shorter ones begin with zeros.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id<const N: usize>(pub(super) [u8; N]);

impl<const N: usize> Id<N> {
    fn parse(digits: &[u8]) -> Option<Self> {
        if digits.is_empty() || digits.len() > 2 * N {
            return None;
        }
        let mut id = [0; N];
        for (pair, byte) in digits.rchunks(2).zip(id.iter_mut().rev()) {
            *byte = match *pair {
                [high, low] => hex_digit(high)? << 4 | hex_digit(low)?,
                [low] => hex_digit(low)?,
                _ => return None,
            };
        }
        Some(Self(id))
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl<'de, const N: usize> Deserialize<'de> for Id<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(IdVisitor::<N>)
    }
}

struct IdVisitor<const N: usize>;

impl<const N: usize> Visitor<'_> for IdVisitor<N> {
    type Value = Id<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an id of 1 to {} lower-case hex digits", 2 * N)
    }

    fn visit_bytes<E: Error>(self, digits: &[u8]) -> Result<Id<N>, E> {
        Id::parse(digits).ok_or_else(|| {
            let text = String::from_utf8_lossy(digits);
            let shown: String = text.chars().take(SHOWN_ID).collect();
            let most = 2 * N;
            E::custom(format_args!(
                "the id {shown:?} should have 1 to {most} lower-case hex digits"
            ))
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(
    default,
    rename_all = "camelCase",
    bound(deserialize = "'de: 'a"),
    expecting = "an endpoint"
)]
pub(super) struct JsonEndpoint<'a> {
    service_name: Text<'a>,
    ipv4: Text<'a>,
    ipv6: Text<'a>,
    port: Signed64,
}

impl<'a> JsonEndpoint<'a> {
    pub(super) fn into_endpoint(self) -> Endpoint<'a> {
        let mut endpoint = Endpoint::default();
        endpoint.set_service_name(self.service_name.into_bytes());
        endpoint.set_address(self.ipv4.into_bytes());
        endpoint.set_address(self.ipv6.into_bytes());
        endpoint.set_port(self.port.0);
        endpoint
    }
}

/// The time of an annotation, in microseconds; it must be there.
pub(super) struct Micros(pub(super) u64);

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number: Option<Signed64> = Option::deserialize(deserializer)?;
        let missing = || D::Error::custom("an annotation has no timestamp");
        Ok(Self(micros(number.ok_or_else(missing)?.0)))
    }
}

/// The value of a tag: a text, or a number as text, or a truth value.
#[derive(Debug)]
pub(super) enum Scalar<'a> {
    Text(span::Text<'a>),
    Bool(bool),
}

impl<'a> Scalar<'a> {
    pub(super) fn into_text(self) -> span::Text<'a> {
        match self {
            Self::Text(text) => text,
            Self::Bool(true) => Cow::Borrowed(b"true"),
            Self::Bool(false) => Cow::Borrowed(b"false"),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor(PhantomData))
    }
}

struct ScalarVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for ScalarVisitor<'a> {
    type Value = Scalar<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text.as_bytes())))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Text(Cow::Owned(text.as_bytes().to_vec())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar<'a>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar<'a>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar<'a>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Bool(truth))
    }
}

/// A field of the other version, so that spans sent to the wrong path do not lose half of what
/// they say. Null is no field.
pub(super) fn refuse_field<'de, D: Deserializer<'de>>(
    deserializer: D,
    why: &'static str,
) -> Result<(), D::Error> {
    match Option::<IgnoredAny>::deserialize(deserializer)? {
        Some(_) => Err(D::Error::custom(why)),
        None => Ok(()),
    }
}
