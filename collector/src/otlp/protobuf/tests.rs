mod disorder;
mod generate;
mod invalid_spans;
mod messages;
mod oracle;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::resource::v1 as resource;
use opentelemetry_proto::tonic::trace::v1 as trace;
use proptest::prelude::*;
use prost::Message;
use schemas::{
    AttributeValue, Attributes, SpanId, SpanKind, SpanReader, StatusCode, TraceId, UnixNanos,
};

use super::*;
use disorder::{Dice, Kind, disorder};
use messages::Request;
use oracle::{expected, summary};

/// Asserts that the walker and prost agree: both refuse the bytes, or both read the same spans.
fn check_against_prost(bytes: &[u8]) -> Result<(), TestCaseError> {
    match (Request::decode(bytes), decode_protobuf(bytes)) {
        (Ok(request), Ok(decoded)) => {
            prop_assert_eq!(summary(&decoded), summary(&expected(&request)));
        }
        (Err(_), Err(_)) => {}
        (prost, walker) => prop_assert!(false, "prost: {prost:?}\nwalker: {walker:?}"),
    }
    Ok(())
}

proptest! {
    #[test]
    fn generated_requests_read_as_prost_reads_them(request in generate::request()) {
        check_against_prost(&request.encode_to_vec())?;
    }

    #[test]
    fn odd_wire_forms_read_as_prost_reads_them(request in generate::request(), seed in 1..u64::MAX) {
        let bytes = disorder(Kind::Request, &request.encode_to_vec(), &mut Dice(seed));
        check_against_prost(&bytes)?;
    }

    #[test]
    fn damaged_bytes_are_judged_as_prost_judges_them(request in generate::request(), seed in 1..u64::MAX) {
        let mut dice = Dice(seed);
        let mut bytes = disorder(Kind::Request, &request.encode_to_vec(), &mut dice);
        for _ in 0..=dice.below(3) {
            if bytes.is_empty() {
                break;
            }
            let at = dice.below(bytes.len());
            match dice.below(4) {
                0 => bytes.truncate(at),
                1 => bytes[at] ^= 1 << dice.below(8),
                2 => bytes.insert(at, [0x0a, 0x80, 0xff, 0x01][dice.below(4)]),
                _ => drop(bytes.remove(at)),
            }
        }
        check_against_prost(&bytes)?;
    }

    #[test]
    fn any_bytes_at_all_are_judged_as_prost_judges_them(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        check_against_prost(&bytes)?;
    }
}

#[test]
fn nesting_is_judged_as_prost_judges_it() {
    for levels in 1..60 {
        for of_maps in [false, true] {
            let span = messages::Span {
                trace_id: vec![1; 16],
                span_id: vec![2; 8],
                attributes: vec![generate::nested(levels, of_maps)],
                ..Default::default()
            };
            let scope_spans = messages::ScopeSpans {
                spans: vec![span],
                ..Default::default()
            };
            let resource_spans = messages::ResourceSpans {
                scope_spans: vec![scope_spans],
                ..Default::default()
            };
            let request = Request {
                resource_spans: vec![resource_spans],
            };
            check_against_prost(&request.encode_to_vec()).expect("the same judgement");
        }
    }
}

fn string(text: &str) -> Option<common::AnyValue> {
    Some(common::AnyValue {
        value: Some(common::any_value::Value::StringValue(text.to_owned())),
    })
}

fn attribute(key: &str, value: &str) -> common::KeyValue {
    common::KeyValue {
        key: key.to_owned(),
        value: string(value),
        ..Default::default()
    }
}

fn one_of_everything() -> ExportTraceServiceRequest {
    let value = |value| common::KeyValue {
        key: "v".to_owned(),
        value: Some(common::AnyValue { value: Some(value) }),
        ..Default::default()
    };
    use common::any_value::Value;
    let span = trace::Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        trace_state: "a=b".into(),
        parent_span_id: vec![3; 8],
        flags: 0x301,
        name: "GET /cart".into(),
        kind: 3,
        start_time_unix_nano: 1_000,
        end_time_unix_nano: 1_500,
        attributes: vec![
            value(Value::StringValue("s".into())),
            value(Value::BoolValue(true)),
            value(Value::IntValue(-7)),
            value(Value::DoubleValue(0.5)),
            value(Value::BytesValue(vec![1, 2])),
            value(Value::ArrayValue(common::ArrayValue {
                values: vec![string("x").expect("some")],
            })),
            value(Value::KvlistValue(common::KeyValueList {
                values: vec![attribute("k", "y")],
            })),
        ],
        dropped_attributes_count: 4,
        events: vec![trace::span::Event {
            time_unix_nano: 1_200,
            name: "exception".into(),
            attributes: vec![attribute("exception.type", "Timeout")],
            dropped_attributes_count: 5,
        }],
        dropped_events_count: 6,
        links: vec![trace::span::Link {
            trace_id: vec![4; 16],
            span_id: vec![5; 8],
            trace_state: "c=d".into(),
            attributes: vec![attribute("l", "m")],
            dropped_attributes_count: 7,
            flags: 8,
        }],
        dropped_links_count: 9,
        status: Some(trace::Status {
            message: "boom".into(),
            code: 2,
        }),
    };
    ExportTraceServiceRequest {
        resource_spans: vec![trace::ResourceSpans {
            resource: Some(resource::Resource {
                attributes: vec![attribute("service.name", "checkout")],
                dropped_attributes_count: 10,
                entity_refs: vec![common::EntityRef {
                    schema_url: "e".into(),
                    r#type: "host".into(),
                    id_keys: vec!["host.id".into()],
                    description_keys: vec!["host.name".into()],
                }],
            }),
            scope_spans: vec![trace::ScopeSpans {
                scope: Some(common::InstrumentationScope {
                    name: "lib".into(),
                    version: "1.2".into(),
                    attributes: vec![attribute("q", "r")],
                    dropped_attributes_count: 11,
                }),
                spans: vec![span],
                schema_url: "s".into(),
            }],
            schema_url: "t".into(),
        }],
    }
}

#[test]
fn every_field_of_otlp_reads_back() {
    let decoded = decode_protobuf(&one_of_everything().encode_to_vec()).expect("well-formed");
    assert_eq!((decoded.rejected, decoded.reason.as_str()), (0, ""));
    let span = SpanReader::new(&decoded.batch)
        .span(0)
        .expect("own text parses");
    assert_eq!(
        (span.trace_id, span.span_id),
        (TraceId([1; 16]), SpanId([2; 8]))
    );
    assert_eq!(
        (span.parent_span_id, span.trace_state.as_str(), span.flags),
        (Some(SpanId([3; 8])), "a=b", 0x301)
    );
    assert_eq!(
        (span.name.as_str(), span.kind),
        ("GET /cart", SpanKind::Client)
    );
    assert_eq!((span.start, span.duration_nano), (UnixNanos(1_000), 500));
    assert_eq!(
        (span.status.code, span.status.message.as_str()),
        (StatusCode::Error, "boom")
    );
    let values: Vec<AttributeValue> = span
        .attributes
        .0
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    let inner = Attributes(vec![("k".into(), AttributeValue::String("y".into()))]);
    let expected_values = vec![
        AttributeValue::String("s".into()),
        AttributeValue::Bool(true),
        AttributeValue::Int(-7),
        AttributeValue::Double(0.5),
        AttributeValue::Bytes(vec![1, 2]),
        AttributeValue::Array(vec![AttributeValue::String("x".into())]),
        AttributeValue::Map(inner),
    ];
    assert_eq!(values, expected_values);
    assert_eq!(
        (
            span.dropped_attributes_count,
            span.dropped_events_count,
            span.dropped_links_count
        ),
        (4, 6, 9)
    );
    let event = &span.events[0];
    assert_eq!(
        (
            event.time,
            event.name.as_str(),
            event.dropped_attributes_count
        ),
        (UnixNanos(1_200), "exception", 5)
    );
    assert_eq!(event.attributes.get_str("exception.type"), Some("Timeout"));
    let link = &span.links[0];
    assert_eq!(
        (link.trace_id, link.span_id, link.trace_state.as_str()),
        (TraceId([4; 16]), SpanId([5; 8]), "c=d")
    );
    assert_eq!(
        (
            link.attributes.get_str("l"),
            link.dropped_attributes_count,
            link.flags
        ),
        (Some("m"), 7, 8)
    );
    assert_eq!(
        (
            span.resource.service_name(),
            span.resource.dropped_attributes_count
        ),
        (Some("checkout"), 10)
    );
    assert_eq!(span.resource.schema_url, "t");
    assert_eq!(
        span.resource.entity_refs,
        r#"[{"schemaUrl":"e","type":"host","idKeys":["host.id"],"descriptionKeys":["host.name"]}]"#
    );
    assert_eq!(
        (span.scope.name.as_str(), span.scope.version.as_str()),
        ("lib", "1.2")
    );
    assert_eq!(
        (
            span.scope.attributes.get_str("q"),
            span.scope.dropped_attributes_count
        ),
        (Some("r"), 11)
    );
    assert_eq!(span.scope.schema_url, "s");
}

#[test]
fn undefined_enumeration_numbers_are_kept_with_a_warning() {
    let mut request = one_of_everything();
    request.resource_spans[0].scope_spans[0].spans[0].kind = 17;
    let decoded = decode_protobuf(&request.encode_to_vec()).expect("well-formed");
    assert_eq!((decoded.batch.rows(), decoded.rejected), (1, 0));
    assert_eq!(
        decoded.reason,
        "1 span kept with a kind or status code that OTLP does not define as unspecified"
    );
}

#[test]
fn the_same_bytes_give_the_same_batch() {
    let bytes = one_of_everything().encode_to_vec();
    let [first, second] = [decode_protobuf(&bytes), decode_protobuf(&bytes)];
    let (first, second) = (first.expect("well-formed"), second.expect("well-formed"));
    assert_eq!(
        first.batch.to_record_batch(None),
        second.batch.to_record_batch(None)
    );
}
