//! A span as sent, borrowing its texts from the body. Unknown fields and fields of another type
//! are errors, so that nothing is dropped silently; null is the same as no field.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemas::{SpanKind, StatusCode};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};

use super::annotations::Annotations;
use super::ids::SentTraceId;

#[derive(Debug, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    bound(deserialize = "'de: 'a")
)]
pub(super) struct Span<'a> {
    pub(super) trace_id: SentTraceId<'a>,
    pub(super) span_id: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) service: Option<Text<'a>>,
    pub(super) kind: Option<Kind>,
    pub(super) start: Option<Nanos>,
    pub(super) duration: Option<Nanos>,
    pub(super) local: Option<Object<Endpoint<'a>>>,
    pub(super) remote: Option<Object<Endpoint<'a>>>,
    pub(super) status: Option<Status<'a>>,
    pub(super) annotations: Option<Annotations<'a>>,
}

/// One side of a call.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub(super) struct Endpoint<'a> {
    pub(super) service: Option<Text<'a>>,
    pub(super) address: Option<Text<'a>>,
    pub(super) port: Option<u16>,
}

/// What names a span that cannot be read otherwise.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Names<'a> {
    pub(super) span_id: Option<Text<'a>>,
    pub(super) name: Option<Text<'a>>,
}

/// A value that has to be an object; serde's own structures take arrays too.
#[derive(Debug, Default)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// A text; serde's own `Cow` is always a copy within an `Option`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

struct TextVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
    type Value = Text<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// Nanoseconds: a whole number, or the same as text, since JavaScript's numbers have 53 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nanos(pub(super) u64);

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NanosVisitor)
    }
}

/// The digits of the last nanosecond that 64 signed bits hold.
const NANOS_DIGITS: usize = 19;

struct NanosVisitor;

impl Visitor<'_> for NanosVisitor {
    type Value = Nanos;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nanoseconds as a whole number or a text of digits")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Nanos, E> {
        Ok(Nanos(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Nanos, E> {
        // The standard library takes a sign, and zeros without end.
        let is_number =
            text.len() <= NANOS_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        number
            .map(Nanos)
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// The role of a span in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(pub(super) SpanKind);

const KINDS: &[&str] = &["client", "server", "producer", "consumer", "internal"];

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        let kind = match text.as_str() {
            "client" => SpanKind::Client,
            "server" => SpanKind::Server,
            "producer" => SpanKind::Producer,
            "consumer" => SpanKind::Consumer,
            "internal" => SpanKind::Internal,
            other => return Err(D::Error::unknown_variant(other, KINDS)),
        };
        Ok(Self(kind))
    }
}

/// Whether the operation succeeded: a word, or an object with a message too.
#[derive(Debug)]
pub(super) struct Status<'a> {
    pub(super) code: StatusCode,
    pub(super) message: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
struct StatusObject<'a> {
    code: Text<'a>,
    message: Option<Text<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Status<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StatusVisitor(PhantomData))
    }
}

struct StatusVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for StatusVisitor<'a> {
    type Value = Status<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status: a text, or an object with code and message")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Status<'a>, E> {
        Ok(Status {
            code: status_code(text)?,
            message: None,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Status<'a>, A::Error> {
        let StatusObject { code, message } =
            StatusObject::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Status {
            code: status_code(code.as_str())?,
            message,
        })
    }
}

fn status_code<E: Error>(text: &str) -> Result<StatusCode, E> {
    match text {
        "unset" => Ok(StatusCode::Unset),
        "ok" => Ok(StatusCode::Ok),
        "error" => Ok(StatusCode::Error),
        other => Err(E::unknown_variant(other, &["unset", "ok", "error"])),
    }
}
