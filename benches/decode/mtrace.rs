//! The same traffic as MTrace's JSON: a client's and its server's span have one path.

use std::collections::HashMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue as Any, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Map, Value, json};

/// An array of the spans of an OTLP request, whose traces are whole.
pub(crate) fn body(request: &ExportTraceServiceRequest) -> Vec<u8> {
    let spans = || {
        request.resource_spans.iter().flat_map(|resource_spans| {
            let resource = resource_spans.resource.as_ref();
            let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
            let service = attributes.iter().find(|entry| entry.key == "service.name");
            let scope_spans = resource_spans.scope_spans.iter();
            let spans = scope_spans.flat_map(|scope_spans| &scope_spans.spans);
            spans.map(move |span| (service, span))
        })
    };
    let paths = paths(spans().map(|(_, span)| span));
    let spans: Vec<Value> = spans()
        .map(|(service, span)| mtrace_span(service, span, &paths[span.span_id.as_slice()]))
        .collect();
    serde_json::to_vec(&spans).expect("keys are texts")
}

/// The call path of each span id.
fn paths<'a>(spans: impl Iterator<Item = &'a Span>) -> HashMap<&'a [u8], String> {
    let mut children: HashMap<&[u8], Vec<&Span>> = HashMap::new();
    for span in spans {
        let parent = span.parent_span_id.as_slice();
        children.entry(parent).or_default().push(span);
    }
    let roots = children.remove(&[][..]).unwrap_or_default();
    let mut open: Vec<(&Span, String)> = roots
        .into_iter()
        .map(|root| (root, "0".to_owned()))
        .collect();
    let mut paths = HashMap::new();
    while let Some((span, path)) = open.pop() {
        let below = children.remove(span.span_id.as_slice()).unwrap_or_default();
        for (index, child) in below.into_iter().enumerate() {
            let is_other_half = span.kind() == SpanKind::Client && child.kind() == SpanKind::Server;
            let child_path = match is_other_half {
                true => path.clone(),
                false => format!("{path}.{}", index + 1),
            };
            open.push((child, child_path));
        }
        paths.insert(span.span_id.as_slice(), path);
    }
    paths
}

fn mtrace_span(service: Option<&KeyValue>, span: &Span, path: &str) -> Value {
    let mut annotations: Map<String, Value> = span
        .attributes
        .iter()
        .map(|entry| (entry.key.clone(), plain(entry.value.as_ref())))
        .collect();
    for event in &span.events {
        let time = event.time_unix_nano.to_string();
        let value = event.attributes.first();
        let value = plain(value.and_then(|entry| entry.value.as_ref()));
        annotations.insert(event.name.clone(), json!([{"time": time, "value": value}]));
    }
    let trace_id: String = span
        .trace_id
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let duration = span.end_time_unix_nano - span.start_time_unix_nano;
    let status = span.status.as_ref().filter(|status| status.code == 2);
    json!({
        "traceId": trace_id,
        "spanId": path,
        "name": span.name,
        "service": plain(service.and_then(|entry| entry.value.as_ref())),
        "kind": match span.kind() {
            SpanKind::Client => Some("client"),
            SpanKind::Server => Some("server"),
            SpanKind::Producer => Some("producer"),
            SpanKind::Consumer => Some("consumer"),
            SpanKind::Internal => Some("internal"),
            SpanKind::Unspecified => None,
        },
        "start": span.start_time_unix_nano.to_string(),
        "duration": duration,
        "status": status.map(|status| json!({"code": "error", "message": status.message})),
        "annotations": annotations,
    })
}

/// A value as MTrace has it; lists become text.
fn plain(value: Option<&Any>) -> Value {
    match value.and_then(|value| value.value.as_ref()) {
        None => Value::Null,
        Some(AnyValue::StringValue(text)) => json!(text),
        Some(AnyValue::BoolValue(truth)) => json!(truth),
        Some(AnyValue::IntValue(number)) => json!(number),
        Some(AnyValue::DoubleValue(number)) => json!(number),
        Some(other) => json!(format!("{other:?}")),
    }
}
