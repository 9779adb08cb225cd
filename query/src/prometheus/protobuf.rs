//! Prometheus' protobuf format: families one after the other, each behind its length.

mod messages;

use prost::Message;
use schemas::UnixNanos;

use super::HistogramForms;
use super::bucket_counts::{BOUNDS, BucketCounts, bounds_seconds};
use super::exemplars::{BucketExemplars, Exemplar};
use super::families::{Family, FamilyKind, Series, Value};
use super::native_histogram::ZERO_THRESHOLD;
use messages::{
    Bucket, BucketSpan, Histogram, LabelPair, Metric, MetricFamily, MetricType, Number, Timestamp,
};

/// The families as messages behind their lengths; those without series are left out.
pub(super) fn delimited(families: &[Family], forms: HistogramForms) -> Vec<u8> {
    let mut bytes = Vec::new();
    for family in families {
        if family.series.is_empty() {
            continue;
        }
        let message = message_of(family, forms);
        bytes.reserve(message.encoded_len() + 10);
        message
            .encode_length_delimited(&mut bytes)
            .expect("a vector grows");
    }
    bytes
}

fn message_of(family: &Family, forms: HistogramForms) -> MetricFamily {
    let metric_type = match family.kind {
        FamilyKind::Counter => MetricType::Counter,
        FamilyKind::Gauge => MetricType::Gauge,
        FamilyKind::Histogram => MetricType::Histogram,
    };
    let metric = |Series { labels, value }: &Series| {
        let mut metric = Metric {
            label: labels
                .iter()
                .map(|(name, value)| pair(name, value))
                .collect(),
            ..Metric::default()
        };
        match value {
            Value::Number(number) => {
                let number = Number {
                    value: Some(*number as f64),
                };
                match family.kind {
                    FamilyKind::Counter => metric.counter = Some(number),
                    FamilyKind::Gauge | FamilyKind::Histogram => metric.gauge = Some(number),
                }
            }
            Value::Histogram { counts, exemplars } => {
                metric.histogram = Some(histogram(counts, exemplars.as_deref(), forms));
            }
        }
        metric
    };
    MetricFamily {
        name: Some(family.name.to_owned()),
        help: Some(family.help.to_owned()),
        r#type: Some(metric_type.into()),
        metric: family.series.iter().map(metric).collect(),
    }
}

fn histogram(
    counts: &BucketCounts,
    exemplars: Option<&BucketExemplars>,
    forms: HistogramForms,
) -> Histogram {
    let mut histogram = Histogram {
        sample_count: Some(counts.count()),
        sample_sum: Some(counts.sum_seconds),
        ..Histogram::default()
    };
    // Exemplars stand at classic buckets, also for those who read the native ones.
    if forms.has_classic() || exemplars.is_some() {
        histogram.bucket = buckets(counts, exemplars);
    }
    if forms.has_native() {
        let native = counts.native();
        histogram.schema = Some(native.schema);
        histogram.zero_threshold = Some(ZERO_THRESHOLD);
        histogram.zero_count = Some(native.zero_count);
        let spans = native.spans.into_iter();
        histogram.positive_span = spans
            .map(|(offset, length)| BucketSpan {
                offset: Some(offset),
                length: Some(length),
            })
            .collect();
        histogram.positive_delta = native.deltas;
    }
    histogram
}

fn buckets(counts: &BucketCounts, exemplars: Option<&BucketExemplars>) -> Vec<Bucket> {
    let exemplar = |bucket: usize| {
        let found = exemplars.and_then(|exemplars| exemplars.get(bucket)?.as_ref());
        found.map(exemplar)
    };
    let bounds = bounds_seconds().into_iter().zip(counts.cumulative());
    let buckets = bounds.enumerate().map(|(position, (bound, count))| Bucket {
        cumulative_count: Some(count),
        upper_bound: Some(bound),
        exemplar: exemplar(position),
    });
    let last = Bucket {
        cumulative_count: Some(counts.count()),
        upper_bound: Some(f64::INFINITY),
        exemplar: exemplar(BOUNDS),
    };
    buckets.chain([last]).collect()
}

fn exemplar(exemplar: &Exemplar) -> messages::Exemplar {
    let labels = exemplar.labels();
    messages::Exemplar {
        label: labels.map(|(name, value)| pair(name, &value)).collect(),
        value: Some(exemplar.seconds()),
        timestamp: Some(timestamp(exemplar.end)),
    }
}

fn timestamp(instant: UnixNanos) -> Timestamp {
    const SECOND: i64 = 1_000_000_000;
    Timestamp {
        seconds: instant.0.div_euclid(SECOND),
        nanos: i32::try_from(instant.0.rem_euclid(SECOND)).unwrap_or_default(),
    }
}

fn pair(name: &str, value: &str) -> LabelPair {
    LabelPair {
        name: Some(name.to_owned()),
        value: Some(value.to_owned()),
    }
}

#[cfg(test)]
pub(super) use messages::MetricFamily as DecodedFamily;
