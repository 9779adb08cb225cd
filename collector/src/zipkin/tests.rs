mod both_encodings;
mod fixtures;
mod messages;
mod v1_fold;
mod v1_json;
mod v1_thrift;
mod v2_json;
mod v2_meaning;
mod v2_protobuf;

use std::fmt::Write;

use schemas::{AttributeValue, Attributes, Span, SpanReader, UnixNanos};
use serde_json::{Value, json};

use super::*;
use crate::fake_sink::ARRIVAL;
use crate::{DecodeError, Decoded};

const TRACE: &str = "463ac35c9f6413ad48485a3953bb6124";
const ID: &str = "a2fb4a1d1a96d312";

type Decode = fn(&[u8], UnixNanos) -> Result<Decoded, DecodeError>;

fn decode_with(decode: Decode, body: &[u8]) -> Vec<Span> {
    let decoded = decode(body, ARRIVAL).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((decoded.rejected, decoded.reason.as_str()), (0, ""));
    spans(&decoded)
}

fn spans(decoded: &Decoded) -> Vec<Span> {
    SpanReader::new(&decoded.batch)
        .spans()
        .expect("own text parses")
}

fn v2_spans(list: &Value) -> Vec<Span> {
    decode_with(decode_v2_json, list.to_string().as_bytes())
}

/// A span of these fields besides its ids.
fn v2_span(fields: &Value) -> Span {
    v2_spans(&json!([with_ids(fields)])).remove(0)
}

fn with_ids(fields: &Value) -> Value {
    let mut span = json!({ "traceId": TRACE, "id": ID });
    let fields = fields.as_object().expect("an object").clone();
    span.as_object_mut().expect("an object").extend(fields);
    span
}

fn refusal_of(decode: Decode, body: &[u8]) -> String {
    match decode(body, ARRIVAL) {
        Ok(decoded) => panic!("{} spans of {body:?}", decoded.batch.rows()),
        Err(error) => error.to_string(),
    }
}

/// Attributes in one line, by name.
fn shown(attributes: &Attributes) -> String {
    let mut sorted: Vec<_> = attributes.0.iter().collect();
    sorted.sort_by_key(|(key, _)| key);
    let mut text = String::new();
    for (key, value) in sorted {
        let separator = if text.is_empty() { "" } else { " " };
        match value {
            AttributeValue::String(value) => write!(text, "{separator}{key}={value}"),
            AttributeValue::Bool(value) => write!(text, "{separator}{key}:{value}"),
            AttributeValue::Int(value) => write!(text, "{separator}{key}:{value}"),
            other => write!(text, "{separator}{key}?{other:?}"),
        }
        .expect("memory");
    }
    text
}

/// Events in one line: what happened how many microseconds after 1970.
fn shown_events(span: &Span) -> String {
    let events = span.events.iter();
    let shown = events.map(|event| format!("{}@{}", event.name, event.time.0 / 1_000));
    shown.collect::<Vec<_>>().join(" ")
}
