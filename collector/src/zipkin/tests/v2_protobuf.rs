use prost::Message;

use super::messages::{Annotation, Endpoint, ListOfSpans, Span as Sent};
use super::*;
use crate::Refusal;

fn sent() -> Sent {
    Sent {
        trace_id: vec![7; 16],
        id: vec![9; 8],
        ..Sent::default()
    }
}

fn list(spans: Vec<Sent>) -> Vec<u8> {
    ListOfSpans { spans }.encode_to_vec()
}

#[test]
fn a_span_of_everything_is_that_of_json() {
    let span = Sent {
        parent_id: vec![8; 8],
        kind: 2,
        name: "GET".into(),
        timestamp: 1_700_000_000_000_000,
        duration: 3,
        local_endpoint: Some(Endpoint {
            service_name: "Back".into(),
            ipv4: vec![10, 0, 0, 1],
            ipv6: vec![0x20; 16],
            port: 80,
        }),
        remote_endpoint: Some(Endpoint {
            ipv6: [vec![0; 10], vec![255, 255, 1, 2, 3, 4]].concat(),
            ..Endpoint::default()
        }),
        annotations: vec![Annotation {
            timestamp: 1_700_000_000_000_001,
            value: "a".into(),
        }],
        tags: [
            ("error".to_owned(), "b".to_owned()),
            ("c".to_owned(), String::new()),
        ]
        .into(),
        debug: true,
        shared: true,
        ..sent()
    };
    let from_json = v2_spans(&json!([{
        "traceId": "07".repeat(16),
        "parentId": "08".repeat(8),
        "id": "09".repeat(8),
        "kind": "SERVER",
        "name": "get",
        "timestamp": 1_700_000_000_000_000_i64,
        "duration": 3,
        "localEndpoint": {
            "serviceName": "back", "ipv4": "10.0.0.1", "ipv6": "2020:2020:2020:2020:2020:2020:2020:2020", "port": 80
        },
        "remoteEndpoint": { "ipv4": "1.2.3.4" },
        "annotations": [{ "timestamp": 1_700_000_000_000_001_i64, "value": "a" }],
        "tags": { "error": "b", "c": "" },
        "debug": true,
        "shared": true,
    }]));
    assert_eq!(
        decode_with(decode_v2_protobuf, &list(vec![span])),
        from_json
    );
}

#[test]
fn short_ids_are_padded() {
    let span = Sent {
        trace_id: vec![1; 8],
        id: vec![2; 3],
        parent_id: vec![3],
        ..Sent::default()
    };
    let span = decode_with(decode_v2_protobuf, &list(vec![span])).remove(0);
    assert_eq!(
        span.trace_id.to_string(),
        "00000000000000000101010101010101"
    );
    assert_eq!(span.span_id.to_string(), "0000000000020202");
    assert_eq!(
        span.parent_span_id.map(|id| id.to_string()).as_deref(),
        Some("0000000000000003")
    );
}

#[test]
fn an_empty_body_is_an_empty_list() {
    assert_eq!(decode_with(decode_v2_protobuf, b""), []);
}

#[test]
fn what_is_no_list_of_spans_is_refused_as_a_whole() {
    let check = |body: &[u8], why: &str| {
        let error = refusal_of(decode_v2_protobuf, body);
        assert_eq!(
            error,
            format!("not a protobuf list of Zipkin v2 spans: {why}")
        );
    };
    let fine = list(vec![sent(), sent()]);
    check(
        &fine[..fine.len() - 1],
        "a length reaches past the end of its message",
    );
    check(b"hello", "a group ends that was not begun");
    check(
        b"[]",
        "it looks like JSON, which needs the Content-Type application/json",
    );
    check(
        &list(vec![Sent {
            trace_id: vec![],
            ..sent()
        }]),
        "a trace_id is empty or over 16 bytes",
    );
    check(
        &list(vec![Sent {
            trace_id: vec![1; 17],
            ..sent()
        }]),
        "a trace_id is empty or over 16 bytes",
    );
    check(
        &list(vec![Sent {
            id: vec![],
            ..sent()
        }]),
        "the id of a span is empty or over 8 bytes",
    );
    check(
        &list(vec![Sent {
            id: vec![1; 9],
            ..sent()
        }]),
        "the id of a span is empty or over 8 bytes",
    );
    check(
        &list(vec![Sent {
            parent_id: vec![1; 9],
            ..sent()
        }]),
        "a parent_id is over 8 bytes",
    );
    let remote_endpoint = Some(Endpoint {
        ipv4: vec![1; 5],
        ..Endpoint::default()
    });
    check(
        &list(vec![Sent {
            remote_endpoint,
            ..sent()
        }]),
        "an address is neither 4 nor 16 bytes",
    );
}

#[test]
fn single_spans_are_refused_for_what_no_span_can_have() {
    let check = |span: Sent, refusal: Refusal| {
        let body = list(vec![sent(), span.clone(), sent()]);
        let decoded = decode_v2_protobuf(&body, ARRIVAL).expect("protobuf");
        assert_eq!((decoded.batch.rows(), decoded.rejected), (2, 1), "{span:?}");
        assert_eq!(decoded.refused[refusal as usize], 1, "{}", decoded.reason);
    };
    check(
        Sent {
            trace_id: vec![0; 16],
            ..sent()
        },
        Refusal::TraceId,
    );
    check(
        Sent {
            id: vec![0; 8],
            ..sent()
        },
        Refusal::SpanId,
    );
    check(
        Sent {
            timestamp: u64::MAX,
            ..sent()
        },
        Refusal::TimeOutOfRange,
    );
    check(
        Sent {
            timestamp: 1,
            duration: u64::MAX,
            ..sent()
        },
        Refusal::TimeOutOfRange,
    );
}

#[test]
fn kinds_that_zipkin_does_not_define_are_told() {
    let body = list(vec![
        Sent { kind: 5, ..sent() },
        Sent { kind: -1, ..sent() },
    ]);
    let decoded = decode_v2_protobuf(&body, ARRIVAL).expect("protobuf");
    assert!(
        decoded.reason.starts_with("2 spans kept with a kind"),
        "{}",
        decoded.reason
    );
}

#[test]
fn an_endpoint_in_pieces_is_merged_and_unknown_fields_are_skipped() {
    let mut body = list(vec![Sent {
        local_endpoint: Some(Endpoint {
            service_name: "a".into(),
            ..Endpoint::default()
        }),
        ..sent()
    }]);
    // The port in a second endpoint, then field 15, a number.
    let more = [0x42, 2, 0x20, 80, 0x78, 1];
    body.extend(more);
    body[1] += more.len() as u8;
    let span = decode_with(decode_v2_protobuf, &body).remove(0);
    assert_eq!(span.resource.service_name(), Some("a"));
    assert_eq!(shown(&span.attributes), "network.local.port:80");
}
