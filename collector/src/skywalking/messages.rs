//! SkyWalking's messages for prost, in tests, with every text as bytes: prost would refuse a whole
//! request for text that is not UTF-8, spanhouse refuses one span.

macro_rules! message {
    ($name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct $name { $($(#[$attribute])* pub(super) $field: $type,)* }
    };
}

message!(SegmentCollection {
    #[prost(message, repeated, tag = "1")]
    segments: Vec<SegmentObject>,
});

message!(SegmentObject {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    trace_segment_id: Vec<u8>,
    #[prost(message, repeated, tag = "3")]
    spans: Vec<SpanObject>,
    #[prost(bytes = "vec", tag = "4")]
    service: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    service_instance: Vec<u8>,
    #[prost(bool, tag = "6")]
    is_size_limited: bool,
});

message!(SpanObject {
    #[prost(int32, tag = "1")]
    span_id: i32,
    #[prost(int32, tag = "2")]
    parent_span_id: i32,
    #[prost(int64, tag = "3")]
    start_time: i64,
    #[prost(int64, tag = "4")]
    end_time: i64,
    #[prost(message, repeated, tag = "5")]
    refs: Vec<SegmentReference>,
    #[prost(bytes = "vec", tag = "6")]
    operation_name: Vec<u8>,
    #[prost(bytes = "vec", tag = "7")]
    peer: Vec<u8>,
    #[prost(int32, tag = "8")]
    span_type: i32,
    #[prost(int32, tag = "9")]
    span_layer: i32,
    #[prost(int32, tag = "10")]
    component_id: i32,
    #[prost(bool, tag = "11")]
    is_error: bool,
    #[prost(message, repeated, tag = "12")]
    tags: Vec<Pair>,
    #[prost(message, repeated, tag = "13")]
    logs: Vec<Log>,
    #[prost(bool, tag = "14")]
    skip_analysis: bool,
});

message!(SegmentReference {
    #[prost(int32, tag = "1")]
    ref_type: i32,
    #[prost(bytes = "vec", tag = "2")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    parent_trace_segment_id: Vec<u8>,
    #[prost(int32, tag = "4")]
    parent_span_id: i32,
    #[prost(bytes = "vec", tag = "5")]
    parent_service: Vec<u8>,
    #[prost(bytes = "vec", tag = "6")]
    parent_service_instance: Vec<u8>,
    #[prost(bytes = "vec", tag = "7")]
    parent_endpoint: Vec<u8>,
    #[prost(bytes = "vec", tag = "8")]
    network_address_used_at_peer: Vec<u8>,
});

message!(Log {
    #[prost(int64, tag = "1")]
    time: i64,
    #[prost(message, repeated, tag = "2")]
    data: Vec<Pair>,
});

message!(Pair {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
});

/// A key and a value.
pub(super) fn pair(key: &str, value: &str) -> Pair {
    Pair {
        key: key.into(),
        value: value.into(),
    }
}

/// A segment of one service with these spans.
pub(super) fn segment(trace_id: &str, segment_id: &str, spans: Vec<SpanObject>) -> SegmentObject {
    SegmentObject {
        trace_id: trace_id.into(),
        trace_segment_id: segment_id.into(),
        spans,
        service: b"shop".to_vec(),
        service_instance: b"shop-1".to_vec(),
        is_size_limited: false,
    }
}

/// An entry, exit or local span that took five milliseconds.
pub(super) fn span(span_id: i32, parent_span_id: i32, span_type: i32) -> SpanObject {
    SpanObject {
        span_id,
        parent_span_id,
        start_time: 1_700_000_000_000 + i64::from(span_id),
        end_time: 1_700_000_000_005 + i64::from(span_id),
        operation_name: format!("span {span_id}").into_bytes(),
        span_type,
        ..SpanObject::default()
    }
}

/// A reference across processes to a span of another segment.
pub(super) fn reference(trace_id: &str, segment_id: &str, span_id: i32) -> SegmentReference {
    SegmentReference {
        trace_id: trace_id.into(),
        parent_trace_segment_id: segment_id.into(),
        parent_span_id: span_id,
        parent_service: b"gateway".to_vec(),
        parent_service_instance: b"gateway-1".to_vec(),
        parent_endpoint: b"/buy".to_vec(),
        network_address_used_at_peer: b"shop:8080".to_vec(),
        ..SegmentReference::default()
    }
}
