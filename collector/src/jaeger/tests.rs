mod agreement;
mod fixtures;
pub(super) mod messages;
mod references;
mod refusals;
pub(super) mod sent;
mod tags;

use schemas::{
    AttributeValue, Attributes, Event, Link, Resource, Scope, Span, SpanId, SpanKind, SpanReader,
    Status, StatusCode, TraceId, UnixNanos,
};

use super::*;
use crate::thrift::value::{Value, Written};
use sent::{Batch, FOLLOWS_FROM, Reference, Sent, TagValue, text};

fn spans(decoded: &Decoded) -> Vec<Span> {
    let spans = SpanReader::new(&decoded.batch).spans();
    spans.expect("own text parses")
}

/// Sends a batch in every form, which must all be the same; gives its spans.
fn land(batch: &Batch) -> Vec<Span> {
    let forms = [
        decode_thrift_binary(&batch.thrift()),
        decode_agent_binary(&batch.agent(Written::Binary)),
        decode_agent_binary(&batch.agent(Written::OldBinary)),
        decode_agent_compact(&batch.agent(Written::Compact)),
        decode_protobuf(&batch.protobuf()),
    ];
    let mut landed = forms.map(|decoded| {
        let decoded = decoded.expect("well-formed");
        assert_eq!(decoded.reason, "");
        spans(&decoded)
    });
    for form in &landed[1..] {
        assert_eq!(*form, landed[0]);
    }
    std::mem::take(&mut landed[0])
}

/// What becomes of one span.
fn land_one(span: Sent) -> Span {
    let mut landed = land(&Batch::of(vec![span]));
    assert_eq!(landed.len(), 1);
    landed.remove(0)
}

const TRACE: u128 = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;

/// A span that says nothing more than it must.
fn plain() -> Sent {
    Sent {
        trace_id: TRACE,
        span_id: 7,
        name: "get".to_owned(),
        start: 1_700_000_000_000_001,
        duration: 5,
        ..Sent::default()
    }
}

fn attributes(entries: &[(&str, AttributeValue)]) -> Attributes {
    let entries = entries.iter();
    Attributes(
        entries
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect(),
    )
}

fn string(text: &str) -> AttributeValue {
    AttributeValue::String(text.to_owned())
}

/// A batch of one span that says all there is to say.
fn rich() -> Batch {
    let sent = Sent {
        parent: 6,
        references: vec![Reference {
            kind: FOLLOWS_FROM,
            trace_id: 9,
            span_id: 10,
        }],
        flags: 3,
        tags: vec![
            text("http.url", "http://shop/cart"),
            ("retries".to_owned(), TagValue::Long(-1)),
            ("load".to_owned(), TagValue::Double(0.5)),
            ("cached".to_owned(), TagValue::Bool(false)),
            ("blob".to_owned(), TagValue::Binary(vec![0, 0xff])),
            text("span.kind", "server"),
            ("error".to_owned(), TagValue::Bool(true)),
            text("otel.status_description", "no cart"),
            text("otel.scope.name", "http"),
            text("otel.scope.version", "1.2"),
            text("w3c.tracestate", "a=b"),
        ],
        logs: vec![(
            1_700_000_000_000_003,
            vec![text("event", "retry"), ("n".to_owned(), TagValue::Long(1))],
        )],
        ..plain()
    };
    Batch {
        service: "shop".to_owned(),
        process_tags: vec![
            text("hostname", "web-1"),
            ("raw".to_owned(), TagValue::Binary(vec![1])),
        ],
        spans: vec![sent],
    }
}

#[test]
fn everything_that_a_span_says_lands() {
    let expect = Span {
        trace_id: TraceId(TRACE.to_be_bytes()),
        span_id: SpanId([0, 0, 0, 0, 0, 0, 0, 7]),
        parent_span_id: Some(SpanId([0, 0, 0, 0, 0, 0, 0, 6])),
        call_path: None,
        start: UnixNanos(1_700_000_000_000_001_000),
        duration_nano: 5_000,
        name: "get".to_owned(),
        kind: SpanKind::Server,
        status: Status {
            code: StatusCode::Error,
            message: "no cart".to_owned(),
        },
        trace_state: "a=b".to_owned(),
        flags: 1,
        attributes: attributes(&[
            ("http.url", string("http://shop/cart")),
            ("retries", AttributeValue::Int(-1)),
            ("load", AttributeValue::Double(0.5)),
            ("cached", AttributeValue::Bool(false)),
            ("blob", AttributeValue::Bytes(vec![0, 0xff])),
            ("jaeger.flags", AttributeValue::Int(3)),
        ]),
        dropped_attributes_count: 0,
        events: vec![Event {
            time: UnixNanos(1_700_000_000_000_003_000),
            name: "retry".to_owned(),
            attributes: attributes(&[("n", AttributeValue::Int(1))]),
            dropped_attributes_count: 0,
        }],
        dropped_events_count: 0,
        links: vec![Link {
            trace_id: TraceId(9_u128.to_be_bytes()),
            span_id: SpanId(10_u64.to_be_bytes()),
            trace_state: String::new(),
            attributes: attributes(&[("opentracing.ref_type", string("follows_from"))]),
            dropped_attributes_count: 0,
            flags: 0,
        }],
        dropped_links_count: 0,
        resource: Resource {
            attributes: attributes(&[
                ("service.name", string("shop")),
                ("hostname", string("web-1")),
                ("raw", AttributeValue::Bytes(vec![1])),
            ]),
            ..Resource::default()
        },
        scope: Scope {
            name: "http".to_owned(),
            version: "1.2".to_owned(),
            ..Scope::default()
        },
    };
    // Attributes with a column of their own are read back before the others.
    let sorted = |mut span: Span| {
        let attributes = &mut span.attributes.0;
        attributes.sort_by(|one, other| one.0.cmp(&other.0));
        span
    };
    let landed: Vec<_> = land(&rich()).into_iter().map(sorted).collect();
    assert_eq!(landed, [sorted(expect)]);
}

#[test]
fn an_unfinished_span_and_what_jaeger_noted_are_kept() {
    let mut value = plain().value();
    let Value::Struct(fields) = &mut value else {
        unreachable!("a span is a struct");
    };
    fields.push((12, Value::Bool(true)));
    let batch = Value::Struct(vec![
        (1, Value::Struct(vec![(1, Value::text(""))])),
        (2, Value::List(crate::thrift::Type::Struct, vec![value])),
    ]);
    let decoded = decode_thrift_binary(&batch.write(Written::Binary)).expect("a batch");
    let landed = spans(&decoded);
    assert_eq!(
        landed[0].attributes,
        attributes(&[("jaeger.incomplete", AttributeValue::Bool(true))])
    );
    assert_eq!(landed[0].resource, Resource::default(), "no service");

    let mut message = Batch::of(vec![plain()]).message();
    let span = &mut message.batch.as_mut().expect("there").spans[0];
    span.process_id = b"p1".to_vec();
    span.warnings = vec![b"clock skew".to_vec(), b"\"".to_vec()];
    let decoded = decode_protobuf(&prost::Message::encode_to_vec(&message)).expect("a request");
    let warnings = AttributeValue::Array(vec![string("clock skew"), string("\"")]);
    assert_eq!(
        spans(&decoded)[0].attributes,
        attributes(&[
            ("jaeger.process_id", string("p1")),
            ("jaeger.warnings", warnings)
        ])
    );
}

#[test]
fn a_process_may_come_after_its_spans() {
    let Value::Struct(mut fields) = Batch::of(vec![plain()]).value() else {
        unreachable!("a batch is a struct");
    };
    fields.reverse();
    fields.push((3, Value::I64(1)));
    fields.push((4, Value::Struct(vec![(1, Value::I64(2))])));
    for written in [Written::Binary, Written::Compact] {
        let arguments = Value::Struct(vec![(1, Value::Struct(fields.clone()))]);
        let call = arguments.write_call(written, "emitBatch");
        let decoded = match written {
            Written::Compact => decode_agent_compact(&call),
            _ => decode_agent_binary(&call),
        };
        let landed = spans(&decoded.expect("a call"));
        assert_eq!(landed[0].resource.service_name(), Some("api"));
    }
}

#[test]
fn in_protobuf_a_span_may_have_a_process_of_its_own() {
    let process = |name: &str| messages::Process {
        service_name: name.as_bytes().to_vec(),
        tags: Vec::new(),
    };
    let span = |span_id: u64, own: Option<&str>| messages::Span {
        process: own.map(process),
        ..Sent { span_id, ..plain() }.message()
    };
    let request = messages::PostSpansRequest {
        batch: Some(messages::Batch {
            spans: vec![
                span(1, None),
                span(2, Some("b")),
                span(3, Some("b")),
                span(4, None),
            ],
            process: Some(process("a")),
        }),
    };
    let body = prost::Message::encode_to_vec(&request);
    let services = |body: &[u8]| -> Vec<_> {
        let decoded = decode_protobuf(body).expect("a request");
        let spans = spans(&decoded).into_iter();
        spans
            .map(|span| span.resource.service_name().map(str::to_owned))
            .collect()
    };
    let names = |names: &[&str]| -> Vec<_> {
        let names = names.iter();
        names.map(|name| Some((*name).to_owned())).collect()
    };
    assert_eq!(services(&body), names(&["a", "b", "b", "a"]));
    // A second batch in the same request is merged into the first.
    let renamed = messages::PostSpansRequest {
        batch: Some(messages::Batch {
            spans: vec![span(5, None)],
            process: Some(process("c")),
        }),
    };
    let merged = [body, prost::Message::encode_to_vec(&renamed)].concat();
    assert_eq!(services(&merged), names(&["c", "b", "b", "c", "c"]));
}

#[test]
fn empty_requests_have_no_spans() {
    assert_eq!(land(&Batch::default()), []);
    let decoded = decode_protobuf(b"").expect("an empty request");
    assert_eq!(decoded.batch.rows(), 0);
}
