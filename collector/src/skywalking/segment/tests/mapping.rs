//! What segments become, by examples.

use prost::Message;
use schemas::{AttributeValue, Span, SpanId, SpanKind, StatusCode, TraceId, UnixNanos};

use super::{decode_segment, decode_segments, spans};
use crate::skywalking::messages::{
    Log, SegmentCollection, SegmentObject, pair, reference, segment, span,
};

const ENTRY: i32 = 0;
const EXIT: i32 = 1;
const LOCAL: i32 = 2;
const TRACE: &str = "4a5b1f0e.57.17000000000000001";

fn decode(segment: &SegmentObject) -> Vec<Span> {
    let decoded = decode_segment(&segment.encode_to_vec()).expect("well-formed");
    assert_eq!((decoded.rejected, decoded.reason.as_str()), (0, ""));
    spans(&decoded)
}

fn integer(span: &Span, key: &str) -> Option<i64> {
    match span.attributes.get(key) {
        Some(AttributeValue::Int(number)) => Some(*number),
        _ => None,
    }
}

#[test]
fn a_trace_over_two_segments_is_one_chain_of_parents() {
    // Agents send a segment's spans in the order in which they ended.
    let caller = segment(
        TRACE,
        "segment-1",
        vec![span(2, 1, EXIT), span(1, 0, LOCAL), span(0, -1, ENTRY)],
    );
    let mut entry = span(0, -1, ENTRY);
    entry.refs = vec![reference(TRACE, "segment-1", 2)];
    let callee = segment(TRACE, "segment-2", vec![span(1, 0, LOCAL), entry]);
    for segments in [vec![caller.clone(), callee.clone()], vec![callee, caller]] {
        let request = SegmentCollection { segments };
        let decoded = decode_segments(&request.encode_to_vec()).expect("well-formed");
        let spans = spans(&decoded);
        let leaf = spans.iter().find(|span| {
            span.attributes.get_str("skywalking.segment_id") == Some("segment-2")
                && integer(span, "skywalking.span_id") == Some(1)
        });
        let mut chain = Vec::new();
        let mut next = leaf;
        while let Some(span) = next {
            chain.push((span.kind, span.links.len()));
            let parent = span.parent_span_id;
            next = parent.map(|id| spans.iter().find(|span| span.span_id == id).expect("there"));
        }
        let kinds = [
            SpanKind::Internal,
            SpanKind::Server,
            SpanKind::Client,
            SpanKind::Internal,
        ];
        let expect: Vec<_> = kinds
            .into_iter()
            .chain([SpanKind::Server])
            .map(|kind| (kind, 0))
            .collect();
        assert_eq!(chain, expect);
        assert!(spans.iter().all(|span| span.trace_id == spans[0].trace_id));
    }
}

#[test]
fn everything_of_a_span_reads_back() {
    let mut exit = span(1, 0, EXIT);
    exit.span_layer = 1;
    exit.component_id = 33;
    exit.peer = b"10.0.0.2:3306".to_vec();
    exit.is_error = true;
    exit.skip_analysis = true;
    exit.tags = vec![
        pair("db.statement", "SELECT 1"),
        pair("http.status_code", "500"),
        pair("empty", ""),
    ];
    exit.logs = vec![Log {
        time: 1_700_000_000_003,
        data: vec![
            pair("error.kind", "Timeout"),
            pair("event", "error"),
            pair("message", "too late"),
        ],
    }];
    let mut sent = segment("0123456789ABCDEF0123456789abcdef", "segment-1", vec![exit]);
    sent.is_size_limited = true;
    let [span] = &decode(&sent)[..] else {
        panic!("one span")
    };
    assert_eq!(
        span.trace_id,
        TraceId::parse("0123456789abcdef0123456789abcdef").expect("hex")
    );
    assert_eq!(
        (span.name.as_str(), span.kind),
        ("span 1", SpanKind::Client)
    );
    assert_eq!(
        (span.start, span.duration_nano),
        (UnixNanos(1_700_000_000_001_000_000), 5_000_000)
    );
    assert_eq!(
        (span.status.code, span.status.message.as_str()),
        (StatusCode::Error, "")
    );
    let texts = [
        ("db.statement", "SELECT 1"),
        ("http.status_code", "500"),
        ("empty", ""),
        ("network.peer.address", "10.0.0.2"),
        ("skywalking.layer", "Database"),
        ("skywalking.trace_id", "0123456789ABCDEF0123456789abcdef"),
        ("skywalking.segment_id", "segment-1"),
    ];
    for (key, value) in texts {
        assert_eq!(span.attributes.get_str(key), Some(value), "{key}");
    }
    let numbers = [
        ("network.peer.port", 3306),
        ("skywalking.component_id", 33),
        ("skywalking.span_id", 1),
    ];
    for (key, value) in numbers {
        assert_eq!(integer(span, key), Some(value), "{key}");
    }
    for key in ["skywalking.skip_analysis", "skywalking.size_limited"] {
        assert_eq!(
            span.attributes.get(key),
            Some(&AttributeValue::Bool(true)),
            "{key}"
        );
    }
    assert_eq!(span.attributes.0.len(), texts.len() + numbers.len() + 2);
    assert_eq!(span.resource.service_name(), Some("shop"));
    assert_eq!(
        span.resource.attributes.get_str("service.instance.id"),
        Some("shop-1")
    );
    let [event] = span.events.as_slice() else {
        panic!("one event")
    };
    assert_eq!(
        (event.time, event.name.as_str()),
        (UnixNanos(1_700_000_000_003_000_000), "error")
    );
    assert_eq!(event.attributes.get_str("error.kind"), Some("Timeout"));
    assert_eq!(event.attributes.get_str("message"), Some("too late"));
    assert_eq!(event.attributes.0.len(), 2);
}

#[test]
fn logs_are_named_by_what_they_hold() {
    let check = |data: &[(&str, &str)], name: &str, fields: usize| {
        let mut local = span(0, -1, LOCAL);
        let data = data.iter().map(|(key, value)| pair(key, value)).collect();
        local.logs = vec![Log {
            time: 1_700_000_000_001,
            data,
        }];
        let spans = decode(&segment(TRACE, "s", vec![local]));
        let event = &spans[0].events[0];
        assert_eq!(
            (event.name.as_str(), event.attributes.0.len()),
            (name, fields)
        );
    };
    check(&[("a", "1"), ("event", "error")], "error", 1);
    check(&[("message", "hello"), ("a", "1")], "hello", 1);
    check(&[("Traceback", "line 1")], "Traceback", 1);
    check(&[], "", 0);
}

#[test]
fn kinds_follow_from_type_and_layer() {
    let check = |span_type: i32, layer: i32, expect: SpanKind| {
        let mut sent = span(0, -1, span_type);
        sent.span_layer = layer;
        assert_eq!(decode(&segment(TRACE, "s", vec![sent]))[0].kind, expect);
    };
    check(ENTRY, 3, SpanKind::Server);
    check(EXIT, 3, SpanKind::Client);
    check(LOCAL, 4, SpanKind::Internal);
    check(ENTRY, 4, SpanKind::Consumer);
    check(EXIT, 4, SpanKind::Producer);
    check(9, 0, SpanKind::Unspecified);
}

#[test]
fn further_references_are_links() {
    let mut entry = span(0, -1, ENTRY);
    let mut thread = reference(TRACE, "segment-3", 4);
    thread.ref_type = 1;
    entry.refs = vec![
        reference("another.trace", "segment-0", 1),
        reference(TRACE, "segment-1", 2),
        thread,
    ];
    let spans = decode(&segment(TRACE, "segment-2", vec![entry, span(2, -1, EXIT)]));
    let span = &spans[0];
    let id = |segment_id: &str, number| {
        SpanId(
            crate::skywalking::identity::SpanIds::of_segment(segment_id.as_bytes()).span_id(number),
        )
    };
    assert_eq!(span.parent_span_id, Some(id("segment-1", 2)));
    for (key, value) in [
        ("skywalking.ref.type", "CrossProcess"),
        ("skywalking.ref.parent_segment_id", "segment-1"),
        ("skywalking.ref.parent_service", "gateway"),
        ("skywalking.ref.parent_service_instance", "gateway-1"),
        ("skywalking.ref.parent_endpoint", "/buy"),
        ("skywalking.ref.network_address_used_at_peer", "shop:8080"),
    ] {
        assert_eq!(span.attributes.get_str(key), Some(value), "{key}");
    }
    let links: Vec<_> = span
        .links
        .iter()
        .map(|link| {
            let text = |key| link.attributes.get_str(key);
            (
                link.span_id,
                text("opentracing.ref_type"),
                text("skywalking.ref.trace_id"),
                link.trace_id == span.trace_id,
            )
        })
        .collect();
    assert_eq!(
        links,
        [
            (
                id("segment-0", 1),
                Some("child_of"),
                Some("another.trace"),
                false
            ),
            (id("segment-3", 4), Some("follows_from"), Some(TRACE), true),
        ]
    );
}

#[test]
fn a_reference_of_a_span_within_its_segment_is_a_link() {
    let mut local = span(1, 0, LOCAL);
    local.refs = vec![reference(TRACE, "segment-1", 2)];
    let spans = decode(&segment(
        TRACE,
        "segment-2",
        vec![local, span(0, -1, ENTRY)],
    ));
    assert_eq!(spans[0].parent_span_id, Some(spans[1].span_id));
    assert_eq!((spans[0].links.len(), spans[1].parent_span_id), (1, None));
}

#[test]
fn a_span_that_names_itself_as_its_parent_has_none() {
    let spans = decode(&segment(TRACE, "s", vec![span(0, 0, ENTRY)]));
    assert_eq!(spans[0].parent_span_id, None);
}

#[test]
fn the_same_bytes_give_the_same_batch() {
    let bytes = segment(TRACE, "s", vec![span(1, 0, EXIT), span(0, -1, ENTRY)]).encode_to_vec();
    let [first, second] = [decode_segment(&bytes), decode_segment(&bytes)].map(|decoded| {
        let decoded = decoded.expect("well-formed");
        decoded.batch.to_record_batch(None)
    });
    assert_eq!(first, second);
}
