//! The same traffic as Jaeger's Thrift: a batch in the binary protocol for each resource.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

const STOP: u8 = 0;
const BOOL: u8 = 2;
const DOUBLE: u8 = 4;
const I32: u8 = 8;
const I64: u8 = 10;
const TEXT: u8 = 11;
const STRUCT: u8 = 12;
const LIST: u8 = 15;

/// The bodies of the requests that say what an OTLP request does.
pub(crate) fn bodies(request: &ExportTraceServiceRequest) -> impl Iterator<Item = Vec<u8>> {
    request.resource_spans.iter().map(batch)
}

fn batch(resource_spans: &ResourceSpans) -> Vec<u8> {
    let resource = resource_spans.resource.as_ref();
    let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
    let service = attributes.iter().find(|entry| entry.key == "service.name");
    let scope_spans = resource_spans.scope_spans.iter();
    let spans: Vec<&Span> = scope_spans
        .flat_map(|scope_spans| &scope_spans.spans)
        .collect();
    let mut out = Thrift::default();
    out.field(STRUCT, 1);
    out.field(TEXT, 1);
    match service.and_then(value) {
        Some(Value::StringValue(name)) => out.bytes(name.as_bytes()),
        _ => out.bytes(b""),
    }
    let others = attributes
        .iter()
        .filter(|entry| entry.key != "service.name");
    out.tags(2, others);
    out.0.push(STOP);
    out.list(2, spans.len());
    for span in spans {
        out.span(span);
    }
    out.0.push(STOP);
    out.0
}

fn value(entry: &KeyValue) -> Option<&Value> {
    entry.value.as_ref()?.value.as_ref()
}

#[derive(Default)]
struct Thrift(Vec<u8>);

impl Thrift {
    fn field(&mut self, kind: u8, number: i16) {
        self.0.push(kind);
        self.0.extend(number.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend((bytes.len() as u32).to_be_bytes());
        self.0.extend(bytes);
    }

    fn i64(&mut self, number: i16, value: u64) {
        self.field(I64, number);
        self.0.extend(value.to_be_bytes());
    }

    fn i32(&mut self, number: i16, value: u32) {
        self.field(I32, number);
        self.0.extend(value.to_be_bytes());
    }

    fn text(&mut self, number: i16, text: &str) {
        self.field(TEXT, number);
        self.bytes(text.as_bytes());
    }

    /// The head of a list of structs.
    fn list(&mut self, number: i16, length: usize) {
        self.field(LIST, number);
        self.0.push(STRUCT);
        self.0.extend((length as u32).to_be_bytes());
    }

    fn span(&mut self, span: &Span) {
        let (high, low) = span.trace_id.split_at(8);
        self.i64(1, id(low));
        self.i64(2, id(high));
        self.i64(3, id(&span.span_id));
        self.i64(4, id(&span.parent_span_id));
        self.text(5, &span.name);
        self.i32(7, span.flags);
        self.i64(8, span.start_time_unix_nano / 1_000);
        let duration = span.end_time_unix_nano - span.start_time_unix_nano;
        self.i64(9, duration / 1_000);
        self.tags(10, span.attributes.iter());
        self.list(11, span.events.len());
        for event in &span.events {
            self.i64(1, event.time_unix_nano / 1_000);
            self.tags(2, event.attributes.iter());
            self.0.push(STOP);
        }
        self.0.push(STOP);
    }

    fn tags<'a>(&mut self, number: i16, entries: impl Iterator<Item = &'a KeyValue>) {
        let entries: Vec<&KeyValue> = entries.collect();
        self.list(number, entries.len());
        for entry in entries {
            self.text(1, &entry.key);
            match value(entry) {
                Some(Value::StringValue(text)) => {
                    self.i32(2, 0);
                    self.text(3, text);
                }
                Some(Value::DoubleValue(number)) => {
                    self.i32(2, 1);
                    self.field(DOUBLE, 4);
                    self.0.extend(number.to_be_bytes());
                }
                Some(Value::BoolValue(truth)) => {
                    self.i32(2, 2);
                    self.field(BOOL, 5);
                    self.0.push(u8::from(*truth));
                }
                Some(Value::IntValue(number)) => {
                    self.i32(2, 3);
                    self.i64(6, number.cast_unsigned());
                }
                // Jaeger has no lists: its clients send them as text.
                other => {
                    self.i32(2, 0);
                    self.text(3, &format!("{other:?}"));
                }
            }
            self.0.push(STOP);
        }
    }
}

/// An id of eight bytes; zero for none.
fn id(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_be_bytes)
}
