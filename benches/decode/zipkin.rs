//! The same traffic as Zipkin v2 JSON, the way that OpenTelemetry's exporters for Zipkin write it.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue as Any, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Map, Value, json};

/// A list of the spans of an OTLP request.
pub(crate) fn body(request: &ExportTraceServiceRequest) -> Vec<u8> {
    let spans = request.resource_spans.iter().flat_map(|resource_spans| {
        let resource = resource_spans.resource.as_ref();
        let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
        let service = attributes.iter().find(|entry| entry.key == "service.name");
        let scope_spans = resource_spans.scope_spans.iter();
        let spans = scope_spans.flat_map(|scope_spans| &scope_spans.spans);
        spans.map(move |span| zipkin_span(service, span))
    });
    serde_json::to_vec(&spans.collect::<Vec<_>>()).expect("keys are texts")
}

fn zipkin_span(service: Option<&KeyValue>, span: &Span) -> Value {
    let mut tags: Map<String, Value> = span
        .attributes
        .iter()
        .map(|entry| (entry.key.clone(), json!(text(entry.value.as_ref()))))
        .collect();
    if let Some(status) = span.status.as_ref().filter(|status| status.code == 2) {
        tags.insert("otel.status_code".to_owned(), json!("ERROR"));
        tags.insert("error".to_owned(), json!(status.message));
    }
    let annotations: Vec<_> = span
        .events
        .iter()
        .map(|event| json!({"timestamp": event.time_unix_nano / 1_000, "value": event.name}))
        .collect();
    let service = service.map(|entry| text(entry.value.as_ref()));
    json!({
        "traceId": hex(&span.trace_id),
        "parentId": Some(&span.parent_span_id).filter(|id| !id.is_empty()).map(|id| hex(id)),
        "id": hex(&span.span_id),
        "kind": match span.kind() {
            SpanKind::Client => Some("CLIENT"),
            SpanKind::Server => Some("SERVER"),
            SpanKind::Producer => Some("PRODUCER"),
            SpanKind::Consumer => Some("CONSUMER"),
            SpanKind::Internal | SpanKind::Unspecified => None,
        },
        "name": span.name,
        "timestamp": span.start_time_unix_nano / 1_000,
        "duration": (span.end_time_unix_nano - span.start_time_unix_nano) / 1_000,
        "localEndpoint": {"serviceName": service, "ipv4": "10.0.0.1"},
        "annotations": annotations,
        "tags": tags,
    })
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value as a tag has it.
fn text(value: Option<&Any>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        None => String::new(),
        Some(AnyValue::StringValue(text)) => text.clone(),
        Some(AnyValue::BoolValue(truth)) => truth.to_string(),
        Some(AnyValue::IntValue(number)) => number.to_string(),
        Some(AnyValue::DoubleValue(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
    }
}
