//! Exemplars: traces to look at, the slowest of each bucket in the last minutes.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use schemas::{SpanId, SpanKind, StatusCode, TraceId, UNKNOWN_SERVICE, UnixNanos};

use super::bucket_counts::{BOUNDS, classic_bucket};
use super::labels::{self, Labels, SpanLabels};
use crate::counters::Counting;
use crate::engine::Scan;
use crate::red::TimeSpan;
use crate::topology::{
    Call, ConnectionType, FastHashing, LinkedSpan, Name, Names, Node, Recent, RecentSpans,
};
use crate::{QueryError, RollUps};

/// How recent the spans are.
const WINDOW: Duration = Duration::from_secs(120);
/// So many spans are looked at; where more came in the window, the slowest of these.
const ENOUGH_SPANS: usize = 200_000;

/// A span, or half of a call, that stands for its bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exemplar {
    pub(super) trace_id: TraceId,
    /// None for calls, which are mostly two spans.
    pub(super) span_id: Option<SpanId>,
    pub(super) duration_nano: i64,
    /// When it ended; half of a call by the start of the whole.
    pub(super) end: UnixNanos,
}

impl Exemplar {
    fn of(trace_id: TraceId, span_id: Option<SpanId>, start: UnixNanos, nanos: i64) -> Self {
        let duration_nano = nanos.max(0);
        Self {
            trace_id,
            span_id,
            duration_nano,
            end: UnixNanos(start.0.saturating_add(duration_nano)),
        }
    }

    pub(super) fn seconds(&self) -> f64 {
        self.duration_nano as f64 / 1e9
    }

    /// Sorted by name.
    pub(super) fn labels(&self) -> impl Iterator<Item = (&'static str, String)> {
        let span_id = self.span_id.map(|id| ("span_id", id.to_string()));
        span_id
            .into_iter()
            .chain([("trace_id", self.trace_id.to_string())])
    }
}

/// The exemplars of a histogram by classic bucket, the one without a bound last.
pub(crate) type BucketExemplars = [Option<Exemplar>; BOUNDS + 1];

/// Exemplars by label set.
pub(crate) type ExemplarsByLabels = HashMap<Labels, Box<BucketExemplars>>;

/// The slowest of each bucket among those that started in the last two minutes.
#[derive(Debug, Default)]
pub(crate) struct RecentExemplars {
    pub(super) spans: ExemplarsByLabels,
    /// Of calls as callees saw them.
    pub(super) servers: ExemplarsByLabels,
    /// Of calls as callers saw them.
    pub(super) clients: ExemplarsByLabels,
}

/// Where spans are looked for, and the names that their operations count by.
pub(crate) struct ExemplarSource<'a> {
    pub(crate) spans: Scan<'a>,
    pub(crate) rollups: &'a RollUps,
    pub(crate) counting: &'a Counting,
}

impl ExemplarSource<'_> {
    /// The slowest spans, and the slowest calls that started before `calls_until`: what is known of
    /// later ones may still change. None where memory is short.
    pub(crate) async fn recent(
        &self,
        now: UnixNanos,
        calls_until: UnixNanos,
    ) -> Result<RecentExemplars, QueryError> {
        let range = TimeSpan {
            from: UnixNanos(now.0.saturating_sub(WINDOW.as_nanos() as i64)),
            to: UnixNanos(now.0.saturating_add(1)),
        };
        let reading = RecentSpans::read(&self.spans, self.counting, range, ENOUGH_SPANS);
        let mut recent = match reading.await {
            // Figures are wanted more than traces to look at.
            Err(QueryError::TooLarge(_)) => return Ok(RecentExemplars::default()),
            read => read?,
        };
        let mut spans = Slowest::default();
        let mut servers = Slowest::default();
        let mut clients = Slowest::default();
        recent.each(|seen| match seen {
            Recent::Span(span) => {
                let span_id = Some(span.span_id);
                let nanos = span.duration_nano;
                let exemplar = Exemplar::of(span.trace_id, span_id, span.start, nanos);
                spans.add(SpanGroup::of(span), exemplar);
            }
            Recent::Call(trace_id, call) if call.start < calls_until => {
                let halves = [
                    (&mut servers, call.server_nano),
                    (&mut clients, call.client_nano),
                ];
                for (slowest, nanos) in halves {
                    if let Some(nanos) = nanos {
                        let exemplar = Exemplar::of(trace_id, None, call.start, nanos);
                        slowest.add(Edge::of(call), exemplar);
                    }
                }
            }
            Recent::Call(..) => {}
        });
        let names = recent.names();
        Ok(RecentExemplars {
            spans: spans.by_labels(|group| group.labels(names, self.rollups)),
            servers: servers.by_labels(|edge| edge.labels(names)),
            clients: clients.by_labels(|edge| edge.labels(names)),
        })
    }
}

/// What tells spans apart, by the span's own name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct SpanGroup {
    service: Option<Name>,
    operation: Option<Name>,
    kind: SpanKind,
    status: StatusCode,
}

impl SpanGroup {
    fn of(span: &LinkedSpan) -> Self {
        Self {
            service: span.service,
            operation: span.operation,
            kind: span.kind,
            status: span.status,
        }
    }

    fn labels(self, names: &Names, rollups: &RollUps) -> Labels {
        let service = names.text_of(self.service);
        let name = names.text_of(self.operation).unwrap_or_default();
        let labels = SpanLabels::of(
            service.unwrap_or(UNKNOWN_SERVICE),
            rollups.kept(service, name),
            self.kind,
            self.status,
        );
        labels.labels()
    }
}

/// What tells calls apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Edge {
    caller: Node,
    callee: Node,
    connection: ConnectionType,
}

impl Edge {
    fn of(call: &Call) -> Self {
        Self {
            caller: call.caller.node,
            callee: call.callee.node,
            connection: call.connection,
        }
    }

    fn labels(self, names: &Names) -> Labels {
        let [client, server] = [self.caller, self.callee].map(|node| node.text(names));
        labels::of_calls(client, server, self.connection)
    }
}

/// The slowest of each bucket.
struct Slowest<K>(HashMap<K, Box<BucketExemplars>, FastHashing>);

impl<K> Default for Slowest<K> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Eq + Hash> Slowest<K> {
    fn add(&mut self, key: K, exemplar: Exemplar) {
        let buckets = self.0.entry(key).or_insert_with(none);
        put_if_slower(buckets, exemplar);
    }

    /// What has the same labels is as one.
    fn by_labels(self, labels: impl Fn(K) -> Labels) -> ExemplarsByLabels {
        let mut all = ExemplarsByLabels::new();
        for (key, buckets) in self.0 {
            let of_labels = all.entry(labels(key)).or_insert_with(none);
            let found = buckets.iter().flatten();
            found.for_each(|exemplar| put_if_slower(of_labels, *exemplar));
        }
        all
    }
}

fn none() -> Box<BucketExemplars> {
    Box::new([None; BOUNDS + 1])
}

fn put_if_slower(buckets: &mut BucketExemplars, exemplar: Exemplar) {
    let place = &mut buckets[classic_bucket(exemplar.duration_nano)];
    if place.is_none_or(|slowest| slowest.duration_nano < exemplar.duration_nano) {
        *place = Some(exemplar);
    }
}
