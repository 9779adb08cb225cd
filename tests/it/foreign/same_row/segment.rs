//! The span as SkyWalking's `SegmentObject`: its times are whole milliseconds, it says that a span
//! failed but not why, and the only address is that of the peer.

use prost::Message;

use super::forms::{
    DURATION_MICROS, EVENT, EVENT_MICROS, NAME, REMOTE, SERVICE, START_MICROS, TEXTS,
};

#[derive(Clone, PartialEq, Message)]
struct SegmentObject {
    #[prost(string, tag = "1")]
    trace_id: String,
    #[prost(string, tag = "2")]
    trace_segment_id: String,
    #[prost(message, repeated, tag = "3")]
    spans: Vec<SpanObject>,
    #[prost(string, tag = "4")]
    service: String,
}

#[derive(Clone, PartialEq, Message)]
struct SpanObject {
    #[prost(int32, tag = "2")]
    parent_span_id: i32,
    #[prost(int64, tag = "3")]
    start_time: i64,
    #[prost(int64, tag = "4")]
    end_time: i64,
    #[prost(message, repeated, tag = "5")]
    refs: Vec<SegmentReference>,
    #[prost(string, tag = "6")]
    operation_name: String,
    #[prost(string, tag = "7")]
    peer: String,
    #[prost(bool, tag = "11")]
    is_error: bool,
    #[prost(message, repeated, tag = "12")]
    tags: Vec<KeyStringValuePair>,
    #[prost(message, repeated, tag = "13")]
    logs: Vec<Log>,
}

#[derive(Clone, PartialEq, Message)]
struct SegmentReference {
    #[prost(string, tag = "2")]
    trace_id: String,
    #[prost(string, tag = "3")]
    parent_trace_segment_id: String,
}

#[derive(Clone, PartialEq, Message)]
struct Log {
    #[prost(int64, tag = "1")]
    time: i64,
    #[prost(message, repeated, tag = "2")]
    data: Vec<KeyStringValuePair>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyStringValuePair {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// A message of `TraceSegmentReportService/collect`.
pub(super) fn segment(trace_id: &str) -> Vec<u8> {
    let pair = |(key, value): &(&str, &str)| KeyStringValuePair {
        key: (*key).to_owned(),
        value: (*value).to_owned(),
    };
    let millis = |micros: u64| i64::try_from(micros / 1_000).unwrap();
    let (_, address, port) = REMOTE;
    let span = SpanObject {
        parent_span_id: -1,
        start_time: millis(START_MICROS),
        end_time: millis(START_MICROS + DURATION_MICROS),
        refs: vec![SegmentReference {
            trace_id: trace_id.to_owned(),
            parent_trace_segment_id: "the caller's segment".to_owned(),
        }],
        operation_name: NAME.to_owned(),
        peer: format!("{address}:{port}"),
        is_error: true,
        tags: TEXTS.iter().map(pair).collect(),
        logs: vec![Log {
            time: millis(EVENT_MICROS),
            data: vec![pair(&("event", EVENT))],
        }],
    };
    let segment = SegmentObject {
        trace_id: trace_id.to_owned(),
        trace_segment_id: "the segment".to_owned(),
        spans: vec![span],
        service: SERVICE.to_owned(),
    };
    segment.encode_to_vec()
}
