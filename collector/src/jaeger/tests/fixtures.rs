//! Batches that other projects test with, written down in JSON.

mod rendered;

use std::path::PathBuf;

use prost::Message;
use serde_json::Value as Json;

use super::*;

/// A fixture; none when there are no fixtures, which are no part of the repository.
fn fixture(path: &str) -> Option<Json> {
    let root = PathBuf::from(std::env::var_os("SPANHOUSE_FIXTURES")?);
    let text = std::fs::read(root.join(path)).expect("readable");
    Some(serde_json::from_slice(&text).expect("JSON"))
}

fn land_thrift(json: &Json) -> Vec<Span> {
    let batch = rendered::thrift_batch(json);
    let decoded = decode_thrift_binary(&batch.write(Written::Binary)).expect("a batch");
    assert_eq!(decoded.reason, "");
    let call = Value::Struct(vec![(1, batch)]).write_call(Written::Compact, "emitBatch");
    let called = decode_agent_compact(&call).expect("a call");
    assert_eq!(spans(&called), spans(&decoded));
    spans(&decoded)
}

fn land_protobuf(json: &Json) -> Vec<Span> {
    let body = rendered::post_spans_request(json).encode_to_vec();
    let decoded = decode_protobuf(&body).expect("a request");
    assert_eq!(decoded.reason, "");
    spans(&decoded)
}

#[test]
fn a_batch_in_thrift_and_what_jaeger_makes_of_it_are_the_same() {
    for number in ["01", "02"] {
        let folder = "jaeger/thrift-converter";
        let Some(batch) = fixture(&format!("{folder}/thrift_batch_{number}.json")) else {
            return;
        };
        let domain = fixture(&format!("{folder}/domain_{number}.json")).expect("both are there");
        assert_eq!(land_thrift(&batch), land_protobuf(&domain), "{number}");
    }
}

#[test]
fn the_batches_of_the_collector_land() {
    let Some(batch) = fixture("otel-collector/jaeger/thrift_batch_01.json") else {
        return;
    };
    let landed = land_thrift(&batch);
    let [span] = landed.as_slice() else {
        panic!("one span, not {}", landed.len());
    };
    let binary = span.resource.attributes.get("a.binary");
    let bytes = AttributeValue::Bytes(vec![1, 2, 3, 4, 3, 2, 1]);
    assert_eq!(binary, Some(&bytes));
    assert_eq!(span.kind, SpanKind::Server);
    assert_eq!(span.events[1].name, "nothing");
    for name in ["jaegerproto_batch_01", "proto_batch_no_binary_tags_01"] {
        let path = format!("otel-collector/jaeger/{name}.json");
        let landed = land_protobuf(&fixture(&path).expect("there"));
        let [span] = landed.as_slice() else {
            panic!("{name}: one span, not {}", landed.len());
        };
        assert_eq!(span.name, "get");
        assert_eq!(span.start, UnixNanos(1_485_467_191_639_875_000));
        assert_eq!(span.duration_nano, 22_938_000);
        assert_eq!(span.resource.service_name(), Some("api"));
        assert_eq!(span.events.len(), 3);
        assert_eq!(
            span.attributes.get("peer.ipv4"),
            Some(&AttributeValue::Int(3_224_716_605))
        );
    }
}

#[test]
fn a_trace_of_jaegers_model_lands() {
    let Some(trace) = fixture("jaeger/ui-json/domain_01.json") else {
        return;
    };
    let landed = land_protobuf(&trace);
    let services: Vec<_> = landed
        .iter()
        .map(|span| span.resource.service_name().expect("each has one"))
        .collect();
    assert_eq!(services[..3], ["service-x", "service-x", "service-y"]);
    assert_eq!(landed[0].start, UnixNanos(1_485_467_191_639_875_139));
    let referring = landed
        .iter()
        .find(|span| span.name == "reference-test")
        .expect("there");
    assert_eq!(referring.parent_span_id, Some(SpanId(2_u64.to_be_bytes())));
    assert_eq!(referring.links.len(), 3, "all of them, as they were");
    let warnings = AttributeValue::Array(vec![string("some span warning")]);
    assert_eq!(referring.attributes.get("jaeger.warnings"), Some(&warnings));
}
