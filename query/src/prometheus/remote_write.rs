//! Prometheus' remote write, version 1.0: the same metrics, sent rather than scraped.

mod messages;

use prost::Message;
use schemas::UnixNanos;

use super::bucket_counts::{BOUNDS, BucketCounts, bounds_seconds};
use super::exemplars::{BucketExemplars, Exemplar};
use super::families::{Family, Series, Value};
use super::native_histogram::ZERO_THRESHOLD;
use super::{HistogramForms, RedMetrics};
use messages::{BucketSpan, Histogram, Label, Sample, TimeSeries, WriteRequest};

/// About so many series are in a request, as Prometheus sends them.
const SERIES_A_REQUEST: usize = 500;

/// Requests of remote write, made one by one.
#[derive(Debug)]
pub struct WriteRequests {
    families: std::vec::IntoIter<Family>,
    name: &'static str,
    series: std::vec::IntoIter<Series>,
    writer: Writer,
}

/// A request, encoded and not yet compressed.
#[derive(Clone, Debug)]
pub struct EncodedWriteRequest {
    /// A message `prometheus.WriteRequest`.
    pub bytes: Vec<u8>,
    /// How many samples are in it.
    pub samples: usize,
}

impl WriteRequests {
    pub(super) fn new(
        metrics: RedMetrics,
        at: UnixNanos,
        labels: &[(String, String)],
        forms: HistogramForms,
    ) -> Self {
        let writer = Writer {
            timestamp: millis(at),
            labels: labels
                .iter()
                .map(|(name, value)| label(name, value))
                .collect(),
            forms,
        };
        Self {
            families: metrics.families.into_iter(),
            name: "",
            series: Vec::new().into_iter(),
            writer,
        }
    }

    fn next_series(&mut self) -> Option<Series> {
        loop {
            if let Some(series) = self.series.next() {
                return Some(series);
            }
            let family = self.families.next()?;
            self.name = family.name;
            self.series = family.series.into_iter();
        }
    }
}

impl Iterator for WriteRequests {
    type Item = EncodedWriteRequest;

    fn next(&mut self) -> Option<EncodedWriteRequest> {
        let mut timeseries = Vec::with_capacity(SERIES_A_REQUEST + BOUNDS + 4);
        while timeseries.len() < SERIES_A_REQUEST
            && let Some(series) = self.next_series()
        {
            self.writer.write(self.name, &series, &mut timeseries);
        }
        (!timeseries.is_empty()).then(|| EncodedWriteRequest {
            samples: timeseries.len(),
            bytes: WriteRequest { timeseries }.encode_to_vec(),
        })
    }
}

/// What all series of a round share.
#[derive(Debug)]
struct Writer {
    timestamp: i64,
    labels: Vec<Label>,
    forms: HistogramForms,
}

impl Writer {
    fn write(&self, name: &str, series: &Series, all: &mut Vec<TimeSeries>) {
        match &series.value {
            Value::Number(number) => {
                all.push(self.sample(self.named(name, series, None), *number as f64));
            }
            Value::Histogram { counts, exemplars } => {
                if self.forms.has_classic() {
                    self.classic(name, series, (counts, exemplars.as_deref()), all);
                }
                if self.forms.has_native() {
                    let labels = self.named(name, series, None);
                    all.push(self.native(labels, counts));
                }
            }
        }
    }

    fn classic(
        &self,
        name: &str,
        series: &Series,
        (counts, exemplars): (&BucketCounts, Option<&BucketExemplars>),
        all: &mut Vec<TimeSeries>,
    ) {
        let buckets = format!("{name}_bucket");
        let bounds = bounds_seconds().map(|bound| bound.to_string());
        let bounds = bounds.into_iter().chain(["+Inf".to_owned()]);
        let cumulative = counts.cumulative().into_iter().chain([counts.count()]);
        for (bucket, (bound, count)) in bounds.zip(cumulative).enumerate() {
            let labels = self.named(&buckets, series, Some(&bound));
            let found = exemplars.and_then(|exemplars| exemplars.get(bucket)?.as_ref());
            all.push(TimeSeries {
                exemplars: found.map(exemplar).into_iter().collect(),
                ..self.sample(labels, count as f64)
            });
        }
        for (suffix, value) in [
            ("sum", counts.sum_seconds),
            ("count", counts.count() as f64),
        ] {
            let labels = self.named(&format!("{name}_{suffix}"), series, None);
            all.push(self.sample(labels, value));
        }
    }

    fn native(&self, labels: Vec<Label>, counts: &BucketCounts) -> TimeSeries {
        let native = counts.native();
        let spans = native.spans.into_iter();
        let histogram = Histogram {
            count_int: Some(counts.count()),
            sum: counts.sum_seconds,
            schema: native.schema,
            zero_threshold: ZERO_THRESHOLD,
            zero_count_int: Some(native.zero_count),
            positive_spans: spans
                .map(|(offset, length)| BucketSpan { offset, length })
                .collect(),
            positive_deltas: native.deltas,
            timestamp: self.timestamp,
        };
        TimeSeries {
            labels,
            histograms: vec![histogram],
            ..TimeSeries::default()
        }
    }

    fn sample(&self, labels: Vec<Label>, value: f64) -> TimeSeries {
        TimeSeries {
            labels,
            samples: vec![Sample {
                value,
                timestamp: self.timestamp,
            }],
            ..TimeSeries::default()
        }
    }

    /// All labels of a series, sorted by name. One without a value is as if it were not there, and a receiver
    /// that stores the series without it would not find it again for an exemplar.
    fn named(&self, name: &str, series: &Series, bound: Option<&str>) -> Vec<Label> {
        let own = series.labels.iter();
        let mut labels: Vec<Label> = own.map(|(name, value)| label(name, value)).collect();
        labels.push(label("__name__", name));
        labels.extend(bound.map(|bound| label("le", bound)));
        let is_own = |added: &&Label| labels.iter().any(|own| own.name == added.name);
        let added: Vec<Label> = self
            .labels
            .iter()
            .filter(|added| !is_own(added))
            .cloned()
            .collect();
        labels.extend(added);
        labels.retain(|label| !label.value.is_empty());
        labels.sort_unstable();
        labels
    }
}

fn exemplar(exemplar: &Exemplar) -> messages::Exemplar {
    let labels = exemplar.labels();
    messages::Exemplar {
        labels: labels.map(|(name, value)| label(name, &value)).collect(),
        value: exemplar.seconds(),
        timestamp: millis(exemplar.end),
    }
}

fn label(name: &str, value: &str) -> Label {
    Label {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn millis(instant: UnixNanos) -> i64 {
    instant.0.div_euclid(1_000_000)
}

#[cfg(test)]
pub(super) use messages::{TimeSeries as DecodedTimeSeries, WriteRequest as DecodedWriteRequest};
