//! A JSON list of Zipkin v2 spans.
//!
//! It is read as Zipkin reads it: ids in lower-case hexadecimal digits, tags with texts, null for
//! any field that may be missing, unknown fields. One fault of these refuses the request. Text
//! that is not Unicode, which JavaScript senders produce when they cut strings, refuses one span.

use std::fmt;

use schemas::{SpanKind, UnixNanos};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::draft::assemble;
use super::json_fields::{Id, JsonEndpoint, Micros, Scalar, read_list, refuse_field};
use super::span::{Annotation, Kind, Span, Spans, Tag, micros};
use crate::json::{SentText, Signed64, Text};
use crate::{DecodeError, Decoded};

const FORM: &str = "a JSON list of Zipkin v2 spans";

/// Decodes a JSON list of Zipkin v2 spans. `arrival` is when spans began that do not tell it and
/// whose traces do not either. Spans that are invalid are counted in the result; see
/// [`Refusal`](crate::Refusal) for what makes a span invalid.
///
/// # Errors
/// [`DecodeError::Malformed`] when the text is not JSON, an id, a tag or an annotation is missing
/// or not of Zipkin's form, or the spans are of version 1.
pub fn decode_v2_json(body: &[u8], arrival: UnixNanos) -> Result<Decoded, DecodeError> {
    let spans = read(body, TagValues::Texts)
        .or_else(|first| {
            // The attempt that came further met the true fault.
            let place = |error: &serde_json::Error| (error.line(), error.column());
            read(body, TagValues::Scalars).map_err(|second| {
                if place(&first) > place(&second) {
                    first
                } else {
                    second
                }
            })
        })
        .map_err(|error| DecodeError::malformed(FORM, &error))?;
    Ok(assemble(&spans, arrival))
}

fn read(body: &[u8], tag_values: TagValues) -> serde_json::Result<Spans<'_>> {
    let spans = Spans::default();
    let read = read_list(body, ListSeed { spans, tag_values })?;
    Ok(read.unwrap_or_default())
}

/// What values of tags are read as. The reader of JSON cannot do both at once: where it takes
/// text that is not Unicode, it takes no numbers.
#[derive(Clone, Copy)]
enum TagValues {
    Texts,
    /// Texts, numbers and truth values; Zipkin takes numbers too.
    Scalars,
}

struct ListSeed<'de> {
    spans: Spans<'de>,
    tag_values: TagValues,
}

impl<'de> DeserializeSeed<'de> for ListSeed<'de> {
    type Value = Spans<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Spans<'de>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ListSeed<'de> {
    type Value = Spans<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of spans")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Spans<'de>, A::Error> {
        while let Some(()) = list.next_element_seed(SpanSeed(&mut self))? {}
        Ok(self.spans)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    TraceId,
    ParentId,
    Id,
    Kind,
    Name,
    Timestamp,
    Duration,
    LocalEndpoint,
    RemoteEndpoint,
    Annotations,
    Tags,
    Debug,
    Shared,
    BinaryAnnotations,
    #[serde(other)]
    Unknown,
}

struct SpanSeed<'s, 'de>(&'s mut ListSeed<'de>);

impl<'de> DeserializeSeed<'de> for SpanSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SpanSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a span")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let ListSeed { spans, tag_values } = self.0;
        let marks = spans.marks();
        let mut span = Span::default();
        let mut trace_id = None;
        let mut id = None;
        while let Some(field) = map.next_key()? {
            match field {
                Field::TraceId => trace_id = Some(map.next_value::<Id<16>>()?),
                Field::Id => id = Some(map.next_value::<Id<8>>()?),
                Field::ParentId => {
                    let parent: Option<Id<8>> = map.next_value()?;
                    span.parent_id = parent.map_or([0; 8], |id| id.0);
                }
                Field::Kind => span.kind = kind_of(map.next_value::<Text<'_>>()?.bytes()),
                Field::Name => span.name = map.next_value::<Text<'_>>()?.into_bytes(),
                Field::Timestamp => span.timestamp = micros(map.next_value::<Signed64>()?.0),
                Field::Duration => span.duration = micros(map.next_value::<Signed64>()?.0),
                Field::LocalEndpoint => {
                    let endpoint: Option<JsonEndpoint<'_>> = map.next_value()?;
                    span.local = endpoint.unwrap_or_default().into_endpoint();
                }
                Field::RemoteEndpoint => {
                    let endpoint: Option<JsonEndpoint<'_>> = map.next_value()?;
                    span.remote = endpoint.unwrap_or_default().into_endpoint();
                }
                Field::Annotations => map.next_value_seed(AnnotationsSeed(spans))?,
                Field::Tags => {
                    let tags = &mut spans.tags;
                    let tag_values = *tag_values;
                    map.next_value_seed(TagsSeed { tags, tag_values })?;
                }
                Field::Debug => span.is_debug = map.next_value::<Option<bool>>()? == Some(true),
                Field::Shared => span.is_shared = map.next_value::<Option<bool>>()? == Some(true),
                Field::BinaryAnnotations => {
                    let V1Field = map.next_value()?;
                }
                Field::Unknown => {
                    let IgnoredAny = map.next_value()?;
                }
            }
        }
        span.trace_id = trace_id
            .ok_or_else(|| A::Error::missing_field("traceId"))?
            .0;
        span.id = id.ok_or_else(|| A::Error::missing_field("id"))?.0;
        spans.push(span, marks);
        Ok(())
    }
}

struct V1Field;

impl<'de> Deserialize<'de> for V1Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let why = "binaryAnnotations are of version 1, whose spans come by POST /api/v1/spans";
        refuse_field(deserializer, why).map(|()| Self)
    }
}

fn kind_of(name: &[u8]) -> Kind {
    if name.is_empty() {
        return Kind::None;
    }
    SpanKind::ALL
        .into_iter()
        .find(|kind| kind.name().as_bytes().eq_ignore_ascii_case(name))
        .map_or(Kind::Undefined, Kind::Known)
}

/// Reads the annotations of a span to the end of the list of all; null is none.
struct AnnotationsSeed<'s, 'de>(&'s mut Spans<'de>);

impl<'de> DeserializeSeed<'de> for AnnotationsSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for AnnotationsSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of annotations")
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(annotation) = list.next_element::<JsonAnnotation<'de>>()? {
            self.0.annotations.push(Annotation {
                timestamp: annotation.timestamp.0,
                value: annotation.value.0,
            });
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"), expecting = "an annotation")]
struct JsonAnnotation<'a> {
    timestamp: Micros,
    value: SentText<'a>,
}

/// Reads the tags of a span to the end of the list of all; null is none.
struct TagsSeed<'s, 'de> {
    tags: &'s mut Vec<Tag<'de>>,
    tag_values: TagValues,
}

impl<'de> DeserializeSeed<'de> for TagsSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for TagsSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tags")
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text<'de>>()? {
            let value = match self.tag_values {
                TagValues::Texts => map.next_value::<SentText<'de>>()?.0,
                TagValues::Scalars => map.next_value::<Scalar<'de>>()?.into_text(),
            };
            let key = key.into_bytes();
            self.tags.push(Tag { key, value });
        }
        Ok(())
    }
}
