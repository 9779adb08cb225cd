//! Metric families, before they are written in one of the forms.

use schemas::UnixNanos;

use super::bucket_counts::BucketCounts;
use super::exemplars::{BucketExemplars, ExemplarsByLabels, RecentExemplars};
use super::labels::Labels;
use super::tally::Tally;
use super::totals::Told;
use super::{Format, WriteRequests, protobuf, text};

/// The rate, errors and durations of all stored spans and calls, as Prometheus' metrics.
#[derive(Clone, Debug)]
pub struct RedMetrics {
    pub(super) families: Vec<Family>,
}

/// Which buckets histograms are told in, where a form knows both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HistogramForms {
    /// Twenty buckets, a series each.
    Classic,
    /// Exponential buckets.
    Native,
    /// Both.
    #[default]
    Both,
}

impl HistogramForms {
    pub(super) fn has_classic(self) -> bool {
        self != Self::Native
    }

    pub(super) fn has_native(self) -> bool {
        self != Self::Classic
    }
}

/// What the values of a family mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FamilyKind {
    Counter,
    Gauge,
    Histogram,
}

/// Series of one name.
#[derive(Clone, Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: FamilyKind,
    pub(super) series: Vec<Series>,
}

#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) labels: Labels,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Number(u64),
    Histogram {
        counts: BucketCounts,
        exemplars: Option<Box<BucketExemplars>>,
    },
}

impl RedMetrics {
    pub(super) fn of(told: Told, exemplars: &RecentExemplars) -> Self {
        let mut families = of_spans(told.spans, &exemplars.spans);
        families.extend(of_calls(&told.calls, exemplars));
        families.push(left_out(told.spans_left_out, told.calls_left_out));
        Self { families }
    }

    /// The metrics as a scraper reads them.
    pub(crate) fn encode(&self, format: Format, forms: HistogramForms) -> Vec<u8> {
        match format {
            Format::Text => text::plain(&self.families).into_bytes(),
            Format::OpenMetrics => text::open_metrics(&self.families).into_bytes(),
            Format::Protobuf => protobuf::delimited(&self.families, forms),
        }
    }

    /// The metrics as requests of Prometheus' remote write, version 1.0, not yet compressed.
    ///
    /// Samples are of the instant `at`. Labels are added to each series; one that the series has
    /// itself is left out. Requests are made as they are taken, of a few hundred samples each.
    pub fn into_write_requests(
        self,
        at: UnixNanos,
        labels: &[(String, String)],
        forms: HistogramForms,
    ) -> WriteRequests {
        WriteRequests::new(self, at, labels, forms)
    }
}

fn of_spans(spans: Vec<(Labels, Tally)>, exemplars: &ExemplarsByLabels) -> Vec<Family> {
    let calls = numbers(&spans, |tally| tally.count);
    let latency = spans.into_iter().map(|(labels, tally)| Series {
        value: Value::Histogram {
            counts: tally.durations,
            exemplars: exemplars.get(&labels).cloned(),
        },
        labels,
    });
    vec![
        Family {
            name: "traces_spanmetrics_calls_total",
            help: "Spans of all stored history.",
            kind: FamilyKind::Counter,
            series: calls,
        },
        Family {
            name: "traces_spanmetrics_latency",
            help: "Durations of the same spans, in seconds.",
            kind: FamilyKind::Histogram,
            series: latency.collect(),
        },
    ]
}

fn of_calls(calls: &[(Labels, Tally)], exemplars: &RecentExemplars) -> Vec<Family> {
    let total = numbers(calls, |tally| tally.count);
    let failed = numbers(calls, |tally| tally.failed);
    let server = histograms(calls, |tally| &tally.durations, &exemplars.servers);
    let client = histograms(calls, |tally| &tally.client_durations, &exemplars.clients);
    vec![
        Family {
            name: "traces_service_graph_request_total",
            help: "Calls between two nodes, of all stored history.",
            kind: FamilyKind::Counter,
            series: total,
        },
        Family {
            name: "traces_service_graph_request_failed_total",
            help: "Those of the calls that failed on either side.",
            kind: FamilyKind::Counter,
            series: failed,
        },
        Family {
            name: "traces_service_graph_request_server_seconds",
            help: "Durations of calls as the callee saw them, in seconds.",
            kind: FamilyKind::Histogram,
            series: server,
        },
        Family {
            name: "traces_service_graph_request_client_seconds",
            help: "Durations of calls as the caller saw them, in seconds.",
            kind: FamilyKind::Histogram,
            series: client,
        },
    ]
}

fn numbers(tallies: &[(Labels, Tally)], number: impl Fn(&Tally) -> u64) -> Vec<Series> {
    let all = tallies.iter().map(|(labels, tally)| Series {
        labels: Labels::clone(labels),
        value: Value::Number(number(tally)),
    });
    all.collect()
}

/// Of those that have durations.
fn histograms(
    tallies: &[(Labels, Tally)],
    durations: impl Fn(&Tally) -> &BucketCounts,
    exemplars: &ExemplarsByLabels,
) -> Vec<Series> {
    let all = tallies.iter().map(|(labels, tally)| Series {
        labels: Labels::clone(labels),
        value: Value::Histogram {
            counts: durations(tally).clone(),
            exemplars: exemplars.get(labels).cloned(),
        },
    });
    all.filter(
        |series| !matches!(&series.value, Value::Histogram { counts, .. } if counts.count() == 0),
    )
    .collect()
}

fn left_out(spans: usize, calls: usize) -> Family {
    let series = [("calls", calls), ("spans", spans)].map(|(of, number)| Series {
        labels: Labels::from([("of", of.to_owned())]),
        value: Value::Number(number as u64),
    });
    Family {
        name: "spanhouse_red_series_dropped",
        help: "Label sets that are not shown, because there are as many as the setting red_series_limit allows.",
        kind: FamilyKind::Gauge,
        series: series.into(),
    }
}
