//! The same generated spans in every encoding of version 2, written by others than us.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use prost::Message;

use super::messages::{Annotation, Endpoint, ListOfSpans, Span as Sent};
use super::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z./ ]{0,12}",
        any::<String>(),
        Just("error".to_owned()),
        Just("true".to_owned()),
        Just("otel.status_code".to_owned()),
        Just("peer.service".to_owned()),
        Just("OK".to_owned()),
    ]
}

fn micros() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        1..10_u64,
        1_700_000_000_000_000..1_700_000_000_000_100_u64,
        0..=u64::MAX / 2
    ]
}

prop_compose! {
    fn endpoint()(
        service_name in text(),
        ipv4 in prop_oneof![Just(vec![]), any::<[u8; 4]>().prop_map(Vec::from)],
        ipv6 in prop_oneof![Just(vec![]), any::<[u8; 16]>().prop_map(Vec::from), Just(vec![0; 16])],
        port in -1..70_000_i32,
    ) -> Endpoint {
        Endpoint { service_name, ipv4, ipv6, port }
    }
}

prop_compose! {
    fn annotation()(timestamp in micros(), value in text()) -> Annotation {
        Annotation { timestamp, value }
    }
}

prop_compose! {
    fn span()(
        ids in (vec(0..3_u8, 1..=16), vec(0..3_u8, 1..=8), prop_oneof![Just(vec![]), vec(0..3_u8, 8)]),
        kind in 0..6_i32,
        name in text(),
        times in (micros(), micros()),
        endpoints in (proptest::option::of(endpoint()), proptest::option::of(endpoint())),
        annotations in vec(annotation(), 0..4),
        tags in btree_map(text(), text(), 0..5),
        flags in any::<(bool, bool)>(),
    ) -> Sent {
        Sent {
            trace_id: ids.0,
            parent_id: ids.2,
            id: ids.1,
            kind,
            name,
            timestamp: times.0,
            duration: times.1,
            local_endpoint: endpoints.0,
            remote_endpoint: endpoints.1,
            annotations,
            tags,
            debug: flags.0,
            shared: flags.1,
        }
    }
}

/// An id in digits; null for none.
fn hex(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>()
        .into()
}

fn json_endpoint(endpoint: &Endpoint) -> Value {
    let ipv4 =
        <[u8; 4]>::try_from(&endpoint.ipv4[..]).map(|bytes| Ipv4Addr::from(bytes).to_string());
    let ipv6 =
        <[u8; 16]>::try_from(&endpoint.ipv6[..]).map(|bytes| Ipv6Addr::from(bytes).to_string());
    json!({ "serviceName": endpoint.service_name, "ipv4": ipv4.ok(), "ipv6": ipv6.ok(), "port": endpoint.port })
}

fn json_span(span: &Sent) -> Value {
    let kinds = [
        None,
        Some("CLIENT"),
        Some("SERVER"),
        Some("PRODUCER"),
        Some("CONSUMER"),
        Some("X"),
    ];
    let annotations = span.annotations.iter();
    let annotations = annotations
        .map(|annotation| json!({ "timestamp": annotation.timestamp, "value": annotation.value }));
    json!({
        "traceId": hex(&span.trace_id),
        "parentId": hex(&span.parent_id),
        "id": hex(&span.id),
        "kind": kinds[span.kind as usize],
        "name": span.name,
        "timestamp": span.timestamp,
        "duration": span.duration,
        "localEndpoint": span.local_endpoint.as_ref().map(json_endpoint),
        "remoteEndpoint": span.remote_endpoint.as_ref().map(json_endpoint),
        "annotations": annotations.collect::<Vec<_>>(),
        "tags": span.tags,
        "debug": span.debug,
        "shared": span.shared,
    })
}

proptest! {
    #[test]
    fn json_and_protobuf_of_the_same_spans_give_the_same_batch(spans in vec(span(), 0..6)) {
        let list = Value::from(spans.iter().map(json_span).collect::<Vec<_>>()).to_string();
        let from_json = decode_v2_json(list.as_bytes(), ARRIVAL).expect("JSON");
        let bytes = ListOfSpans { spans: spans.clone() }.encode_to_vec();
        let from_protobuf = decode_v2_protobuf(&bytes, ARRIVAL).expect("protobuf");
        prop_assert_eq!(
            from_json.batch.to_record_batch(None),
            from_protobuf.batch.to_record_batch(None)
        );
        prop_assert_eq!(&from_json.reason, &from_protobuf.reason);
        prop_assert_eq!(from_json.batch.rows() as u64 + from_json.rejected, spans.len() as u64);
    }

    #[test]
    fn any_bytes_at_all_are_read_or_refused(bytes in vec(any::<u8>(), 0..64)) {
        for decode in [decode_v2_json, decode_v2_protobuf, decode_v1_json, decode_v1_thrift] as [Decode; 4] {
            drop(decode(&bytes, ARRIVAL));
        }
    }

    #[test]
    fn damaged_protobuf_is_read_or_refused(span in span(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = ListOfSpans { spans: vec![span] }.encode_to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        drop(decode_v2_protobuf(&bytes, ARRIVAL));
    }
}
