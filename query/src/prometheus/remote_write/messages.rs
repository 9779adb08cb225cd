//! Messages of Prometheus' remote write, as far as they are written here.
//!
//! Source: `prompb/remote.proto` and `prompb/types.proto` of prometheus/prometheus (Apache-2.0).

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::prometheus) struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::prometheus) timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::prometheus) struct TimeSeries {
    /// Sorted by name.
    #[prost(message, repeated, tag = "1")]
    pub(in crate::prometheus) labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    pub(in crate::prometheus) samples: Vec<Sample>,
    #[prost(message, repeated, tag = "3")]
    pub(in crate::prometheus) exemplars: Vec<Exemplar>,
    #[prost(message, repeated, tag = "4")]
    pub(in crate::prometheus) histograms: Vec<Histogram>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, prost::Message)]
pub(in crate::prometheus) struct Label {
    #[prost(string, tag = "1")]
    pub(in crate::prometheus) name: String,
    #[prost(string, tag = "2")]
    pub(in crate::prometheus) value: String,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(in crate::prometheus) struct Sample {
    #[prost(double, tag = "1")]
    pub(in crate::prometheus) value: f64,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    pub(in crate::prometheus) timestamp: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::prometheus) struct Exemplar {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::prometheus) labels: Vec<Label>,
    #[prost(double, tag = "2")]
    pub(in crate::prometheus) value: f64,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "3")]
    pub(in crate::prometheus) timestamp: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::prometheus) struct Histogram {
    /// A member of the oneof `count`, so it is written also when it is zero.
    #[prost(uint64, optional, tag = "1")]
    pub(in crate::prometheus) count_int: Option<u64>,
    #[prost(double, tag = "3")]
    pub(in crate::prometheus) sum: f64,
    #[prost(sint32, tag = "4")]
    pub(in crate::prometheus) schema: i32,
    #[prost(double, tag = "5")]
    pub(in crate::prometheus) zero_threshold: f64,
    /// A member of the oneof `zero_count`.
    #[prost(uint64, optional, tag = "6")]
    pub(in crate::prometheus) zero_count_int: Option<u64>,
    #[prost(message, repeated, tag = "11")]
    pub(in crate::prometheus) positive_spans: Vec<BucketSpan>,
    #[prost(sint64, repeated, tag = "12")]
    pub(in crate::prometheus) positive_deltas: Vec<i64>,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "15")]
    pub(in crate::prometheus) timestamp: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(in crate::prometheus) struct BucketSpan {
    #[prost(sint32, tag = "1")]
    pub(in crate::prometheus) offset: i32,
    #[prost(uint32, tag = "2")]
    pub(in crate::prometheus) length: u32,
}
