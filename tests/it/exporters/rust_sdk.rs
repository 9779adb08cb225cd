//! OpenTelemetry's Rust SDK as a client.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{
    Link, Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt,
    TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Array, Context, InstrumentationScope, KeyValue, Value as Attribute};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    SdkTracer, SdkTracerProvider, Span, SpanData, SpanExporter as _, SpanProcessor,
};
use serde_json::{Value, json};

use super::sent::double_json;

/// Keeps the spans that ended.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Vec<SpanData>>>);

impl SpanProcessor for Recorder {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.lock().unwrap().push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Records a trace with the SDK, sends it with the stock exporter, and tells what was sent.
pub(super) async fn export(endpoint: &str) -> Value {
    let attributes = [
        KeyValue::new("service.name", "rust-grpc"),
        KeyValue::new("service.instance.id", "instance 1"),
        KeyValue::new("process.pid", 4711),
        KeyValue::new("ratio", 0.25),
    ];
    let schema_url = "https://opentelemetry.io/schemas/1.37.0";
    let resource = Resource::builder_empty()
        .with_schema_url(attributes, schema_url)
        .build();
    let recorder = Recorder::default();
    let provider = SdkTracerProvider::builder()
        .with_resource(resource.clone())
        .with_max_events_per_span(4)
        .with_max_links_per_span(3)
        .with_span_processor(recorder.clone())
        .build();
    let scope = InstrumentationScope::builder("tests.first")
        .with_version("4.5.6")
        .with_schema_url("https://opentelemetry.io/schemas/1.36.0")
        .with_attributes([KeyValue::new("scoped", true)])
        .build();
    record(
        &provider.tracer_with_scope(scope),
        &provider.tracer("tests.second"),
    );

    let spans = std::mem::take(&mut *recorder.0.lock().unwrap());
    let mut exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .unwrap();
    exporter.set_resource(&resource);
    exporter.export(spans.clone()).await.unwrap();
    spans.iter().map(|span| sent(span, &resource)).collect()
}

fn record(tracer: &SdkTracer, other_tracer: &SdkTracer) {
    let start = UNIX_EPOCH + Duration::from_nanos(1_795_446_245_123_456_789);
    let after = |nanos| start + Duration::from_nanos(nanos);
    let remote = SpanContext::new(
        TraceId::from_hex("0af7651916cd43dd8448eb211c80319c").unwrap(),
        SpanId::from_hex("00f067aa0ba902b7").unwrap(),
        TraceFlags::SAMPLED,
        true,
        TraceState::from_key_value([("vendor", "a:b"), ("congo", "t61rcWkgMzE")]).unwrap(),
    );
    let parent = Context::new().with_remote_span_context(remote.clone());
    let link = |number: i64| Link::new(remote.clone(), vec![KeyValue::new("number", number)], 2);
    let mut root = SpanBuilder::from_name("POST /orders")
        .with_kind(SpanKind::Server)
        .with_start_time(start)
        .with_attributes(attributes())
        .with_links(vec![link(0), link(1)])
        .start_with_context(tracer, &parent);
    root.add_event_with_timestamp(
        "exception",
        after(7),
        vec![KeyValue::new("exception.type", "Timeout")],
    );
    root.add_event_with_timestamp("plain", after(8), Vec::new());
    root.set_status(Status::error("payment timed out: 漢字"));
    let inside = parent.with_remote_span_context(root.span_context().clone());
    let local = Context::new().with_span(root);

    let kinds = [
        SpanKind::Internal,
        SpanKind::Server,
        SpanKind::Client,
        SpanKind::Producer,
        SpanKind::Consumer,
    ];
    for (number, kind) in (0..).zip(kinds) {
        // Children of the same process, and one whose parent came over the wire.
        let context = if number == 4 { &inside } else { &local };
        let child = SpanBuilder::from_name(format!("child {number}")).with_kind(kind);
        let mut child = child
            .with_start_time(after(number))
            .start_with_context(other_tracer, context);
        if number == 0 {
            child.set_status(Status::Ok);
        }
        child.end_with_timestamp(after(number + 999));
    }
    let crowded = SpanBuilder::from_name("crowded").with_start_time(start);
    let mut crowded = crowded
        .with_links((0..6).map(link).collect())
        .start_with_context(tracer, &local);
    for number in 0..9 {
        crowded.add_event_with_timestamp(format!("event {number}"), after(number), Vec::new());
    }
    crowded.end_with_timestamp(after(100));
    local.span().end_with_timestamp(after(1_000_000_000));
}

fn attributes() -> Vec<KeyValue> {
    vec![
        KeyValue::new("http.request.method", "POST"),
        KeyValue::new("http.response.status_code", 503),
        KeyValue::new("user.id", "u-1"),
        KeyValue::new("server.port", "not a number"),
        KeyValue::new("text", "ünïcødé 漢字 \"quoted\" \\ \u{1}"),
        KeyValue::new("empty text", ""),
        KeyValue::new("yes", true),
        KeyValue::new("large", i64::MAX),
        KeyValue::new("small", i64::MIN),
        KeyValue::new("pi", std::f64::consts::PI),
        KeyValue::new("whole double", 2.0),
        KeyValue::new("not a number", f64::NAN),
        KeyValue::new("infinite", f64::NEG_INFINITY),
        KeyValue::new(
            "texts",
            Attribute::Array(Array::String(vec!["a".into(), "".into()])),
        ),
        KeyValue::new("truths", Attribute::Array(vec![true, false].into())),
        KeyValue::new("integers", Attribute::Array(vec![1, -2].into())),
        KeyValue::new("doubles", Attribute::Array(vec![0.1, 2.0].into())),
        // This SDK lets keys repeat.
        KeyValue::new("twice", "first"),
        KeyValue::new("twice", 2),
        KeyValue::new("user.id", "u-1 again"),
    ]
}

/// A span in the form that `sent` describes.
fn sent(span: &SpanData, resource: &Resource) -> Value {
    let context = &span.span_context;
    let flags = |context: &SpanContext, is_remote: bool| {
        u32::from(context.trace_flags().to_u8()) | 0x100 | if is_remote { 0x200 } else { 0 }
    };
    let event = |event: &opentelemetry::trace::Event| {
        json!({
            "timeUnixNano": nanos(event.timestamp),
            "name": event.name,
            "attributes": pairs(event.attributes.iter()),
            "droppedAttributesCount": event.dropped_attributes_count,
        })
    };
    let link = |link: &Link| {
        json!({
            "traceId": link.span_context.trace_id().to_string(),
            "spanId": link.span_context.span_id().to_string(),
            "traceState": link.span_context.trace_state().header(),
            "attributes": pairs(link.attributes.iter()),
            "droppedAttributesCount": link.dropped_attributes_count,
            "flags": flags(&link.span_context, link.span_context.is_remote()),
        })
    };
    let (code, message) = match &span.status {
        Status::Unset => (0, ""),
        Status::Ok => (1, ""),
        Status::Error { description } => (2, description.as_ref()),
    };
    let kinds = [
        SpanKind::Internal,
        SpanKind::Server,
        SpanKind::Client,
        SpanKind::Producer,
        SpanKind::Consumer,
    ];
    let of_resource: Vec<KeyValue> = resource
        .iter()
        .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
        .collect();
    let scope = &span.instrumentation_scope;
    json!({
        "traceId": context.trace_id().to_string(),
        "spanId": context.span_id().to_string(),
        "parentSpanId": span.parent_span_id.to_string(),
        "traceState": context.trace_state().header(),
        "flags": flags(context, span.parent_span_is_remote),
        "name": span.name,
        "kind": 1 + kinds.iter().position(|kind| *kind == span.span_kind).unwrap(),
        "startTimeUnixNano": nanos(span.start_time),
        "endTimeUnixNano": nanos(span.end_time),
        "attributes": pairs(span.attributes.iter()),
        "droppedAttributesCount": span.dropped_attributes_count,
        "events": span.events.events.iter().map(event).collect::<Vec<_>>(),
        "droppedEventsCount": span.events.dropped_count,
        "links": span.links.links.iter().map(link).collect::<Vec<_>>(),
        "droppedLinksCount": span.links.dropped_count,
        "status": {"code": code, "message": message},
        "resource": {
            "attributes": pairs(of_resource.iter()),
            "schemaUrl": resource.schema_url().unwrap_or_default(),
        },
        "scope": {
            "name": scope.name(),
            "version": scope.version().unwrap_or_default(),
            "attributes": pairs(scope.attributes()),
            "schemaUrl": scope.schema_url().unwrap_or_default(),
        },
    })
}

fn nanos(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos()
        .to_string()
}

/// Attributes as pairs sorted by key; those of one key keep their order.
fn pairs<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> Vec<Value> {
    let mut attributes: Vec<&KeyValue> = attributes.collect();
    attributes.sort_by_key(|attribute| attribute.key.as_str());
    attributes
        .into_iter()
        .map(|attribute| json!([attribute.key.as_str(), value(&attribute.value)]))
        .collect()
}

fn value(attribute: &Attribute) -> Value {
    let array = |values: Vec<Value>| json!({"arrayValue": {"values": values}});
    let text = |text: &str| json!({"stringValue": text});
    let truth = |truth: &bool| json!({"boolValue": truth});
    let integer = |number: &i64| json!({"intValue": number.to_string()});
    let double = |number: &f64| json!({"doubleValue": double_json(*number)});
    match attribute {
        Attribute::String(each) => text(each.as_str()),
        Attribute::Bool(each) => truth(each),
        Attribute::I64(each) => integer(each),
        Attribute::F64(each) => double(each),
        Attribute::Array(Array::String(values)) => {
            array(values.iter().map(|each| text(each.as_str())).collect())
        }
        Attribute::Array(Array::Bool(values)) => array(values.iter().map(truth).collect()),
        Attribute::Array(Array::I64(values)) => array(values.iter().map(integer).collect()),
        Attribute::Array(Array::F64(values)) => array(values.iter().map(double).collect()),
        other => panic!("not sent here: {other:?}"),
    }
}
