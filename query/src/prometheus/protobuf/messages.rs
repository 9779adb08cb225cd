//! Messages of `io.prometheus.client`, as far as they are written here.
//!
//! Source: `io/prometheus/client/metrics.proto` of prometheus/client_model (Apache-2.0).

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(super) enum MetricType {
    Counter = 0,
    Gauge = 1,
    Histogram = 4,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::prometheus) struct MetricFamily {
    #[prost(string, optional, tag = "1")]
    pub(in crate::prometheus) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::prometheus) help: Option<String>,
    #[prost(enumeration = "MetricType", optional, tag = "3")]
    pub(in crate::prometheus) r#type: Option<i32>,
    #[prost(message, repeated, tag = "4")]
    pub(in crate::prometheus) metric: Vec<Metric>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::prometheus) struct Metric {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::prometheus) label: Vec<LabelPair>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::prometheus) gauge: Option<Number>,
    #[prost(message, optional, tag = "3")]
    pub(in crate::prometheus) counter: Option<Number>,
    #[prost(message, optional, tag = "7")]
    pub(in crate::prometheus) histogram: Option<Histogram>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(in crate::prometheus) struct LabelPair {
    #[prost(string, optional, tag = "1")]
    pub(in crate::prometheus) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::prometheus) value: Option<String>,
}

/// The messages `Counter` and `Gauge`, which begin alike.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(in crate::prometheus) struct Number {
    #[prost(double, optional, tag = "1")]
    pub(in crate::prometheus) value: Option<f64>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::prometheus) struct Histogram {
    #[prost(uint64, optional, tag = "1")]
    pub(in crate::prometheus) sample_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub(in crate::prometheus) sample_sum: Option<f64>,
    #[prost(message, repeated, tag = "3")]
    pub(in crate::prometheus) bucket: Vec<Bucket>,
    #[prost(sint32, optional, tag = "5")]
    pub(in crate::prometheus) schema: Option<i32>,
    #[prost(double, optional, tag = "6")]
    pub(in crate::prometheus) zero_threshold: Option<f64>,
    #[prost(uint64, optional, tag = "7")]
    pub(in crate::prometheus) zero_count: Option<u64>,
    #[prost(message, repeated, tag = "12")]
    pub(in crate::prometheus) positive_span: Vec<BucketSpan>,
    #[prost(sint64, repeated, packed = "false", tag = "13")]
    pub(in crate::prometheus) positive_delta: Vec<i64>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::prometheus) struct Bucket {
    #[prost(uint64, optional, tag = "1")]
    pub(in crate::prometheus) cumulative_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub(in crate::prometheus) upper_bound: Option<f64>,
    #[prost(message, optional, tag = "3")]
    pub(in crate::prometheus) exemplar: Option<Exemplar>,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(in crate::prometheus) struct BucketSpan {
    #[prost(sint32, optional, tag = "1")]
    pub(in crate::prometheus) offset: Option<i32>,
    #[prost(uint32, optional, tag = "2")]
    pub(in crate::prometheus) length: Option<u32>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::prometheus) struct Exemplar {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::prometheus) label: Vec<LabelPair>,
    #[prost(double, optional, tag = "2")]
    pub(in crate::prometheus) value: Option<f64>,
    #[prost(message, optional, tag = "3")]
    pub(in crate::prometheus) timestamp: Option<Timestamp>,
}

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(in crate::prometheus) struct Timestamp {
    #[prost(int64, tag = "1")]
    pub(in crate::prometheus) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(in crate::prometheus) nanos: i32,
}
