//! `jaeger.api_v2`, as another library writes and reads it. Texts are bytes, so that they may be
//! wrong.

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PostSpansRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) batch: Option<Batch>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Batch {
    #[prost(message, repeated, tag = "1")]
    pub(crate) spans: Vec<Span>,
    #[prost(message, optional, tag = "2")]
    pub(crate) process: Option<Process>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Process {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) service_name: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) tags: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct KeyValue {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) key: Vec<u8>,
    #[prost(int32, tag = "2")]
    pub(crate) v_type: i32,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) v_str: Vec<u8>,
    #[prost(bool, tag = "4")]
    pub(crate) v_bool: bool,
    #[prost(int64, tag = "5")]
    pub(crate) v_int64: i64,
    #[prost(double, tag = "6")]
    pub(crate) v_float64: f64,
    #[prost(bytes = "vec", tag = "7")]
    pub(crate) v_binary: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Span {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) operation_name: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) references: Vec<SpanRef>,
    #[prost(uint32, tag = "5")]
    pub(crate) flags: u32,
    #[prost(message, optional, tag = "6")]
    pub(crate) start_time: Option<Time>,
    #[prost(message, optional, tag = "7")]
    pub(crate) duration: Option<Time>,
    #[prost(message, repeated, tag = "8")]
    pub(crate) tags: Vec<KeyValue>,
    #[prost(message, repeated, tag = "9")]
    pub(crate) logs: Vec<Log>,
    #[prost(message, optional, tag = "10")]
    pub(crate) process: Option<Process>,
    #[prost(bytes = "vec", tag = "11")]
    pub(crate) process_id: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "12")]
    pub(crate) warnings: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SpanRef {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) span_id: Vec<u8>,
    #[prost(int32, tag = "3")]
    pub(crate) ref_type: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Log {
    #[prost(message, optional, tag = "1")]
    pub(crate) timestamp: Option<Time>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) fields: Vec<KeyValue>,
}

/// `google.protobuf.Timestamp` or `Duration`, whose fields are the same.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Time {
    #[prost(int64, tag = "1")]
    pub(crate) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(crate) nanos: i32,
}

/// Nanoseconds as protobuf has them; a negative duration has both parts negative.
pub(crate) fn time(nanos: i128) -> Time {
    Time {
        seconds: (nanos / 1_000_000_000) as i64,
        nanos: (nanos % 1_000_000_000) as i32,
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SamplingStrategyParameters {
    #[prost(string, tag = "1")]
    pub(crate) service_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SamplingStrategyResponse {
    #[prost(int32, tag = "1")]
    pub(crate) strategy_type: i32,
    #[prost(message, optional, tag = "2")]
    pub(crate) probabilistic_sampling: Option<ProbabilisticSamplingStrategy>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ProbabilisticSamplingStrategy {
    #[prost(double, tag = "1")]
    pub(crate) sampling_rate: f64,
}
