//! A JSON list of Zipkin v1 spans.

use std::fmt;

use schemas::UnixNanos;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use super::draft::assemble;
use super::endpoint::Endpoint;
use super::fold::Folder;
use super::json_fields::{Id, JsonEndpoint, Micros, Scalar, read_list, refuse_field};
use super::span::{Spans, micros};
use super::v1_span::{BinaryAnnotation, BinaryValue, V1Annotation, V1Span, present};
use crate::json::{List, SentText, Signed64, Text};
use crate::{DecodeError, Decoded};

const FORM: &str = "a JSON list of Zipkin v1 spans";

/// Decodes a JSON list of Zipkin v1 spans. Each becomes one span for each host that it tells of.
/// `arrival` is when spans began that do not tell it and whose traces do not either. Spans that
/// are invalid are counted in the result; see [`Refusal`](crate::Refusal) for what makes a span
/// invalid.
///
/// # Errors
/// [`DecodeError::Malformed`] when the text is not JSON, an id or an annotation is missing or not
/// of Zipkin's form, or the spans are of version 2.
pub fn decode_v1_json(body: &[u8], arrival: UnixNanos) -> Result<Decoded, DecodeError> {
    let read = read_list(body, ListSeed::default())
        .map_err(|error| DecodeError::malformed(FORM, &error))?;
    Ok(assemble(&read.unwrap_or_default(), arrival))
}

#[derive(Default)]
struct ListSeed<'de> {
    spans: Spans<'de>,
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
        let mut folder = Folder::default();
        while let Some(span) = list.next_element::<JsonSpan<'de>>()? {
            folder.fold(&span.into_span(), &mut self.spans);
        }
        Ok(self.spans)
    }
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    bound(deserialize = "'de: 'a"),
    expecting = "a span"
)]
struct JsonSpan<'a> {
    trace_id: Id<16>,
    id: Id<8>,
    #[serde(default)]
    parent_id: Option<Id<8>>,
    #[serde(default)]
    name: Text<'a>,
    #[serde(default)]
    timestamp: Signed64,
    #[serde(default)]
    duration: Signed64,
    #[serde(default)]
    annotations: List<JsonAnnotation<'a>>,
    #[serde(default)]
    binary_annotations: List<JsonBinaryAnnotation<'a>>,
    #[serde(default)]
    debug: Option<bool>,
    #[serde(default)]
    tags: V2Field,
    #[serde(default)]
    local_endpoint: V2Field,
    #[serde(default)]
    remote_endpoint: V2Field,
}

impl<'a> JsonSpan<'a> {
    fn into_span(self) -> V1Span<'a> {
        let Self {
            tags: V2Field,
            local_endpoint: V2Field,
            remote_endpoint: V2Field,
            ..
        } = self;
        let annotations = self.annotations.into_vec().into_iter();
        let binary_annotations = self.binary_annotations.into_vec().into_iter();
        V1Span {
            trace_id: self.trace_id.0,
            id: self.id.0,
            parent_id: self.parent_id.map_or([0; 8], |id| id.0),
            name: self.name.into_bytes(),
            timestamp: micros(self.timestamp.0),
            duration: micros(self.duration.0),
            is_debug: self.debug == Some(true),
            annotations: annotations.map(JsonAnnotation::into_annotation).collect(),
            binary_annotations: binary_annotations
                .filter_map(JsonBinaryAnnotation::into_annotation)
                .collect(),
        }
    }
}

#[derive(Default)]
struct V2Field;

impl<'de> Deserialize<'de> for V2Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let why = "tags, localEndpoint and remoteEndpoint are of version 2, whose spans come by POST /api/v2/spans";
        refuse_field(deserializer, why).map(|()| Self)
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"), expecting = "an annotation")]
struct JsonAnnotation<'a> {
    timestamp: Micros,
    value: SentText<'a>,
    #[serde(default)]
    endpoint: Option<JsonEndpoint<'a>>,
}

impl<'a> JsonAnnotation<'a> {
    fn into_annotation(self) -> V1Annotation<'a> {
        V1Annotation {
            timestamp: self.timestamp.0,
            value: self.value.0,
            host: host(self.endpoint),
        }
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"), expecting = "a binary annotation")]
struct JsonBinaryAnnotation<'a> {
    key: SentText<'a>,
    #[serde(default)]
    value: Option<Scalar<'a>>,
    #[serde(default)]
    endpoint: Option<JsonEndpoint<'a>>,
}

impl<'a> JsonBinaryAnnotation<'a> {
    /// None without a value: it says nothing.
    fn into_annotation(self) -> Option<BinaryAnnotation<'a>> {
        Some(BinaryAnnotation {
            key: self.key.0,
            value: match self.value? {
                Scalar::Text(text) => BinaryValue::Text(text),
                Scalar::Bool(truth) => BinaryValue::Bool(truth),
            },
            host: host(self.endpoint),
        })
    }
}

fn host(endpoint: Option<JsonEndpoint<'_>>) -> Option<Endpoint<'_>> {
    endpoint.and_then(|endpoint| present(endpoint.into_endpoint()))
}
