//! Jaeger's typed tags.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use schemas::{AttributeValue, Attributes, Resource, Scope, Span, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::native::MAX_SAFE_INTEGER;

/// A typed tag.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = JaegerTag, example = json!({"key": "http.response.status_code", "type": "int64", "value": 500}))]
pub(super) struct Tag {
    /// Its name.
    key: String,
    /// `string`, `bool`, `int64`, `float64` or `binary`.
    r#type: &'static str,
    /// A text, a truth value or a number; an integer beyond 2^53 is a text, bytes are base64,
    /// arrays and maps are JSON in a text.
    #[schema(value_type = Object)]
    value: Value,
}

impl Tag {
    fn text(key: &str, text: &str) -> Self {
        Self {
            key: key.to_owned(),
            r#type: "string",
            value: text.into(),
        }
    }

    fn of((key, value): &(String, AttributeValue)) -> Self {
        let (r#type, value) = match value {
            AttributeValue::Empty => ("string", "".into()),
            AttributeValue::String(text) => ("string", text.as_str().into()),
            AttributeValue::Bool(truth) => ("bool", (*truth).into()),
            AttributeValue::Int(number) => ("int64", integer(*number)),
            AttributeValue::Double(number) => ("float64", double(*number)),
            AttributeValue::Bytes(bytes) => ("binary", BASE64_STANDARD.encode(bytes).into()),
            AttributeValue::Array(_) | AttributeValue::Map(_) => {
                ("string", plain_json(value).to_string().into())
            }
        };
        Self {
            key: key.clone(),
            r#type,
            value,
        }
    }
}

/// Browsers read numbers as doubles: what they would round is given as text.
fn integer(number: i64) -> Value {
    match (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(&number) {
        true => number.into(),
        false => number.to_string().into(),
    }
}

/// JSON has no number for what is not finite.
fn double(number: f64) -> Value {
    match number.is_finite() {
        true => number.into(),
        false => number.to_string().into(),
    }
}

/// A value as JSON without types, as Go's OpenTelemetry shows arrays and maps as text.
fn plain_json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Empty => Value::Null,
        AttributeValue::String(text) => text.as_str().into(),
        AttributeValue::Bool(truth) => (*truth).into(),
        AttributeValue::Int(number) => (*number).into(),
        AttributeValue::Double(number) => double(*number),
        AttributeValue::Bytes(bytes) => BASE64_STANDARD.encode(bytes).into(),
        AttributeValue::Array(values) => values.iter().map(plain_json).collect(),
        AttributeValue::Map(entries) => {
            let entry = |(key, value): &(String, AttributeValue)| (key.clone(), plain_json(value));
            Value::Object(entries.0.iter().map(entry).collect::<Map<_, _>>())
        }
    }
}

/// The attribute in which receivers of Jaeger's own format keep flags that W3C does not know.
const JAEGER_FLAGS: &str = "jaeger.flags";

/// Jaeger's flags of a span, where they are more than W3C's.
pub(super) fn jaeger_flags(span: &Span) -> Option<u32> {
    match span.attributes.get(JAEGER_FLAGS) {
        Some(AttributeValue::Int(flags)) => u32::try_from(*flags).ok(),
        _ => None,
    }
}

/// A span's tags: its scope, its attributes, and its fields that Jaeger has no place for.
pub(super) fn of_span(span: &Span, scope: &Scope) -> Vec<Tag> {
    let mut tags = Vec::with_capacity(span.attributes.0.len() + 4);
    let text = |tags: &mut Vec<Tag>, key: &str, text: &str| {
        if !text.is_empty() {
            tags.push(Tag::text(key, text));
        }
    };
    text(&mut tags, "otel.scope.name", &scope.name);
    text(&mut tags, "otel.scope.version", &scope.version);
    let shows_flags = jaeger_flags(span).is_some();
    let is_tag = |(key, _): &&(String, AttributeValue)| !(shows_flags && key == JAEGER_FLAGS);
    tags.extend(span.attributes.0.iter().filter(is_tag).map(Tag::of));
    text(&mut tags, "span.kind", span.kind.name());
    match span.status.code {
        StatusCode::Unset => {}
        StatusCode::Ok => tags.push(Tag::text("otel.status_code", "OK")),
        StatusCode::Error => {
            tags.push(Tag::text("otel.status_code", "ERROR"));
            tags.push(Tag {
                key: "error".to_owned(),
                r#type: "bool",
                value: true.into(),
            });
        }
    }
    text(&mut tags, "otel.status_description", &span.status.message);
    text(&mut tags, "w3c.tracestate", &span.trace_state);
    tags
}

/// The attribute as which an event's name is shown.
const EVENT_NAME: &str = "event";

/// An event's fields: its name, unless an attribute takes the name's place, and its attributes.
pub(super) fn of_event(name: &str, attributes: &Attributes) -> Vec<Tag> {
    let shows_name = !name.is_empty() && attributes.get(EVENT_NAME).is_none();
    let name = shows_name.then(|| Tag::text(EVENT_NAME, name));
    name.into_iter()
        .chain(attributes.0.iter().map(Tag::of))
        .collect()
}

/// A process's tags: its resource's attributes without the service's name.
pub(super) fn of_resource(resource: &Resource) -> Vec<Tag> {
    let others = resource
        .attributes
        .0
        .iter()
        .filter(|(key, _)| key != "service.name");
    others.map(Tag::of).collect()
}
