//! The one form in which spans are compared, made of what a client says and of each answer.
//!
//! A span is an object with OTLP's names and JSON forms and every field present: ids in lower-case
//! hexadecimal digits (`parentSpanId` is empty for none), 64-bit integers as text, `resource` and
//! `scope` beside the span's own fields. Attributes are pairs of a key and OTLP's value object,
//! sorted by key; clients print an object of them.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::TracesData;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use prost::Message;
use serde_json::{Map, Value, json};

use crate::batches::hex;

/// What a client printed, with sorted attributes and spans.
pub(super) fn normalized(mut printed: Value) -> Vec<Value> {
    sort_attributes(&mut printed);
    sorted(printed.as_array().unwrap().clone())
}

fn sorted(mut spans: Vec<Value>) -> Vec<Value> {
    spans.sort_by_key(|span| span["spanId"].as_str().unwrap().to_owned());
    spans
}

fn sort_attributes(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(sort_attributes),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match field {
                    Value::Object(attributes) if name == "attributes" => {
                        *field = attributes
                            .iter()
                            .map(|(key, value)| json!([key, value]))
                            .collect();
                    }
                    other => sort_attributes(other),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Compares span by span, for a readable difference.
pub(super) fn assert_equal(form: &str, found: Vec<Value>, sent: &[Value]) {
    let found = sorted(found);
    assert_eq!(found.len(), sent.len(), "{form}");
    for (found, sent) in found.iter().zip(sent) {
        let names = |span: &Value| {
            span.as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(names(found), names(sent), "{form}");
        for (name, value) in sent.as_object().unwrap() {
            assert_eq!(&found[name], value, "{form}: {name} of {}", sent["name"]);
        }
    }
}

/// The spans of OTLP's `TracesData` in JSON.
pub(super) fn of_otlp_json(data: &Value) -> Vec<Value> {
    let mut spans = Vec::new();
    for of_resource in list(data, "resourceSpans") {
        let resource = resource(&of_resource["resource"], &of_resource["schemaUrl"]);
        for of_scope in list(of_resource, "scopeSpans") {
            let scope = scope(&of_scope["scope"], &of_scope["schemaUrl"]);
            for span in list(of_scope, "spans") {
                spans.push(with_owner(span_fields(span), &resource, &scope));
            }
        }
    }
    spans
}

/// The spans of the native JSON, but for placeholders of those that are missing.
pub(super) fn of_native_json(trace: &Value) -> Vec<Value> {
    let kinds = [
        "unspecified",
        "internal",
        "server",
        "client",
        "producer",
        "consumer",
    ];
    let codes = ["unset", "ok", "error"];
    let position =
        |names: &[&str], name: &Value| names.iter().position(|each| name == each).unwrap();
    let span = |span: &Value| {
        let start: u64 = span["startTimeUnixNano"].as_str().unwrap().parse().unwrap();
        let mut fields = span.clone();
        fields["traceId"] = trace["traceId"].clone();
        fields["endTimeUnixNano"] = (start + span["durationNano"].as_u64().unwrap())
            .to_string()
            .into();
        fields["kind"] = position(&kinds, &span["kind"]).into();
        fields["status"] = json!({"code": position(&codes, &span["statusCode"]), "message": text(span, "statusMessage")});
        let owner = |kind: &str, key: &str| {
            &trace[kind][usize::try_from(span[key].as_u64().unwrap()).unwrap()]
        };
        let (of_resource, of_scope) = (owner("resources", "resource"), owner("scopes", "scope"));
        let resource = resource(of_resource, &of_resource["schemaUrl"]);
        with_owner(
            span_fields(&fields),
            &resource,
            &scope(of_scope, &of_scope["schemaUrl"]),
        )
    };
    let is_stored = |span: &&Value| span["resource"].is_u64();
    let stored = list(trace, "spans").iter().filter(is_stored);
    stored.map(span).collect()
}

/// The spans of OTLP's `TracesData` in protobuf.
pub(super) fn of_otlp_protobuf(bytes: &[u8]) -> Vec<Value> {
    let data = TracesData::decode(bytes).unwrap();
    let mut spans = Vec::new();
    for of_resource in &data.resource_spans {
        let attributes = attributes_json(&of_resource.resource.as_ref().unwrap().attributes);
        let resource = resource(
            &json!({"attributes": attributes}),
            &of_resource.schema_url.as_str().into(),
        );
        for of_scope in &of_resource.scope_spans {
            let owner = of_scope.scope.clone().unwrap_or_default();
            let attributes = attributes_json(&owner.attributes);
            let fields =
                json!({"name": owner.name, "version": owner.version, "attributes": attributes});
            let scope = scope(&fields, &of_scope.schema_url.as_str().into());
            for span in &of_scope.spans {
                let status = span.status.clone().unwrap_or_default();
                let fields = json!({
                    "traceId": hex(&span.trace_id),
                    "spanId": hex(&span.span_id),
                    "parentSpanId": hex(&span.parent_span_id),
                    "traceState": span.trace_state,
                    "flags": span.flags,
                    "name": span.name,
                    "kind": span.kind,
                    "startTimeUnixNano": span.start_time_unix_nano.to_string(),
                    "endTimeUnixNano": span.end_time_unix_nano.to_string(),
                    "attributes": attributes_json(&span.attributes),
                    "droppedAttributesCount": span.dropped_attributes_count,
                    "events": span.events.iter().map(event_json).collect::<Vec<_>>(),
                    "droppedEventsCount": span.dropped_events_count,
                    "links": span.links.iter().map(link_json).collect::<Vec<_>>(),
                    "droppedLinksCount": span.dropped_links_count,
                    "status": {"code": status.code, "message": status.message},
                });
                spans.push(with_owner(span_fields(&fields), &resource, &scope));
            }
        }
    }
    spans
}

fn event_json(event: &Event) -> Value {
    json!({
        "timeUnixNano": event.time_unix_nano.to_string(),
        "name": event.name,
        "attributes": attributes_json(&event.attributes),
        "droppedAttributesCount": event.dropped_attributes_count,
    })
}

fn link_json(link: &Link) -> Value {
    json!({
        "traceId": hex(&link.trace_id),
        "spanId": hex(&link.span_id),
        "traceState": link.trace_state,
        "attributes": attributes_json(&link.attributes),
        "droppedAttributesCount": link.dropped_attributes_count,
        "flags": link.flags,
    })
}

fn attributes_json(attributes: &[KeyValue]) -> Vec<Value> {
    let entry =
        |entry: &KeyValue| json!({"key": entry.key, "value": value_json(entry.value.as_ref())});
    attributes.iter().map(entry).collect()
}

fn value_json(value: Option<&AnyValue>) -> Value {
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    match value.and_then(|value| value.value.as_ref()) {
        None => json!({}),
        Some(Any::StringValue(text)) => json!({"stringValue": text}),
        Some(Any::BoolValue(truth)) => json!({"boolValue": truth}),
        Some(Any::IntValue(number)) => json!({"intValue": number.to_string()}),
        Some(Any::DoubleValue(number)) => json!({"doubleValue": double_json(*number)}),
        Some(Any::BytesValue(bytes)) => json!({"bytesValue": BASE64_STANDARD.encode(bytes)}),
        Some(Any::ArrayValue(array)) => {
            let values: Vec<Value> = array
                .values
                .iter()
                .map(|value| value_json(Some(value)))
                .collect();
            json!({"arrayValue": {"values": values}})
        }
        Some(Any::KvlistValue(map)) => {
            json!({"kvlistValue": {"values": attributes_json(&map.values)}})
        }
        Some(other) => panic!("no exporter sends {other:?}"),
    }
}

/// A double as protobuf's JSON has it.
pub(super) fn double_json(number: f64) -> Value {
    match number {
        _ if number.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => number.into(),
    }
}

/// The fields that a span has itself, those left out added.
fn span_fields(span: &Value) -> Map<String, Value> {
    let event = |event: &Value| {
        json!({
            "timeUnixNano": event["timeUnixNano"],
            "name": text(event, "name"),
            "attributes": attributes(event),
            "droppedAttributesCount": number(event, "droppedAttributesCount"),
        })
    };
    let link = |link: &Value| {
        json!({
            "traceId": link["traceId"],
            "spanId": link["spanId"],
            "traceState": text(link, "traceState"),
            "attributes": attributes(link),
            "droppedAttributesCount": number(link, "droppedAttributesCount"),
            "flags": number(link, "flags"),
        })
    };
    let fields = json!({
        "traceId": span["traceId"],
        "spanId": span["spanId"],
        "parentSpanId": text(span, "parentSpanId"),
        "traceState": text(span, "traceState"),
        "flags": number(span, "flags"),
        "name": text(span, "name"),
        "kind": number(span, "kind"),
        "startTimeUnixNano": span["startTimeUnixNano"],
        "endTimeUnixNano": span["endTimeUnixNano"],
        "attributes": attributes(span),
        "droppedAttributesCount": number(span, "droppedAttributesCount"),
        "events": list(span, "events").iter().map(event).collect::<Vec<_>>(),
        "droppedEventsCount": number(span, "droppedEventsCount"),
        "links": list(span, "links").iter().map(link).collect::<Vec<_>>(),
        "droppedLinksCount": number(span, "droppedLinksCount"),
        "status": {"code": number(&span["status"], "code"), "message": text(&span["status"], "message")},
    });
    fields.as_object().unwrap().clone()
}

fn with_owner(mut fields: Map<String, Value>, resource: &Value, scope: &Value) -> Value {
    fields.insert("resource".to_owned(), resource.clone());
    fields.insert("scope".to_owned(), scope.clone());
    Value::Object(fields)
}

fn resource(resource: &Value, schema_url: &Value) -> Value {
    json!({"attributes": attributes(resource), "schemaUrl": schema_url.as_str().unwrap_or_default()})
}

fn scope(scope: &Value, schema_url: &Value) -> Value {
    json!({
        "name": text(scope, "name"),
        "version": text(scope, "version"),
        "attributes": attributes(scope),
        "schemaUrl": schema_url.as_str().unwrap_or_default(),
    })
}

/// OTLP's list of attributes as sorted pairs; pairs of one key keep their order.
fn attributes(owner: &Value) -> Value {
    let mut pairs: Vec<&Value> = list(owner, "attributes").iter().collect();
    pairs.sort_by_key(|entry| entry["key"].as_str().unwrap());
    pairs
        .into_iter()
        .map(|entry| json!([entry["key"], entry["value"]]))
        .collect()
}

fn list<'a>(owner: &'a Value, name: &str) -> &'a [Value] {
    owner[name].as_array().map_or(&[], Vec::as_slice)
}

fn text(owner: &Value, name: &str) -> Value {
    owner[name].as_str().unwrap_or_default().into()
}

fn number(owner: &Value, name: &str) -> Value {
    owner[name].as_u64().unwrap_or_default().into()
}
