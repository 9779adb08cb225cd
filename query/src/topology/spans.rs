//! The spans that calls are found in, as far as linking needs them.

use std::cmp::Ordering;

use datafusion::execution::memory_pool::MemoryReservation;
use schemas::{SpanBatch, SpanId, SpanKind, StatusCode, TraceId, UnixNanos};

use super::names::{Name, Names};
use super::read::read;
use crate::QueryError;

/// What a span says of the other end of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Peer {
    /// A service, host or address.
    pub(super) name: Option<Name>,
    /// The database, by the name that it goes by when there is no other.
    pub(super) database: Option<Name>,
    pub(super) is_cache: bool,
    /// The topic or queue.
    pub(super) destination: Option<Name>,
    pub(super) broker: Option<Name>,
}

/// A span, as far as figures need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkedSpan {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(super) parent: Option<SpanId>,
    /// The hierarchical id, where one was sent.
    pub(super) call_path: Option<Name>,
    pub(crate) start: UnixNanos,
    pub(crate) duration_nano: i64,
    pub(crate) kind: SpanKind,
    pub(crate) status: StatusCode,
    /// The span's name.
    pub(crate) operation: Option<Name>,
    pub(crate) service: Option<Name>,
    /// `service.instance.id`.
    pub(crate) instance: Option<Name>,
    /// `service.version`.
    pub(crate) version: Option<Name>,
    /// `cloud.availability_zone`.
    pub(crate) zone: Option<Name>,
    pub(super) peer: Peer,
}

impl LinkedSpan {
    pub(super) fn end(&self) -> i64 {
        self.start.0.saturating_add(self.duration_nano)
    }

    pub(super) fn is_error(&self) -> bool {
        self.status == StatusCode::Error
    }

    /// Whether it is the called half of a call, by its kind.
    pub(super) fn is_answering(&self) -> bool {
        matches!(self.kind, SpanKind::Server | SpanKind::Consumer)
    }

    /// On which side of a call the span stands. One without a kind that names both ends is read as
    /// the caller's, as Zipkin does it.
    pub(super) fn role(&self) -> SpanKind {
        match self.kind {
            SpanKind::Unspecified if self.service.is_some() && self.peer.name.is_some() => {
                SpanKind::Client
            }
            kind => kind,
        }
    }

    /// Whether the other one is the same span, sent again: they agree in all that
    /// the digests of `red` tell spans apart by.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.place() == other.place()
            && self.facts() == other.facts()
            && self.texts() == other.texts()
    }

    /// By trace, then by start; then by all that makes it another span, so that the same spans have
    /// the same order however they arrived.
    pub(super) fn order(&self, other: &Self, names: &Names) -> Ordering {
        let places = self.place().cmp(&other.place());
        places
            .then_with(|| self.facts().cmp(&other.facts()))
            .then_with(|| compare(self.texts(), other.texts(), names))
    }

    /// As [`Self::order`]; then by what copies of a span should not differ in, so that the same one
    /// counts whichever came first.
    fn order_of_copies(&self, other: &Self, names: &Names) -> Ordering {
        let rest = |span: &Self| (span.parent, span.peer.is_cache);
        self.order(other, names)
            .then_with(|| rest(self).cmp(&rest(other)))
            .then_with(|| compare(self.further_texts(), other.further_texts(), names))
    }

    fn trace_number(&self) -> u128 {
        u128::from_be_bytes(self.trace_id.0)
    }

    fn place(&self) -> (u128, UnixNanos) {
        (self.trace_number(), self.start)
    }

    fn facts(&self) -> impl Ord + use<> {
        let span = u64::from_be_bytes(self.span_id.0);
        (span, self.kind, self.duration_nano, self.status.number())
    }

    fn texts(&self) -> [Option<Name>; 5] {
        [
            self.service,
            self.operation,
            self.instance,
            self.version,
            self.zone,
        ]
    }

    fn further_texts(&self) -> [Option<Name>; 5] {
        [
            self.call_path,
            self.peer.name,
            self.peer.database,
            self.peer.destination,
            self.peer.broker,
        ]
    }
}

fn compare<const COUNT: usize>(
    ones: [Option<Name>; COUNT],
    others: [Option<Name>; COUNT],
    names: &Names,
) -> Ordering {
    let pairs = ones.into_iter().zip(others);
    let texts = pairs.filter(|(one, other)| one != other);
    let orders = texts.map(|(one, other)| names.text_of(one).cmp(&names.text_of(other)));
    orders.fold(Ordering::Equal, Ordering::then)
}

/// Puts the spans of each trace together, by start; one that came more than once stands there once.
pub(crate) fn put_in_order(spans: &mut Vec<LinkedSpan>, names: &Names) {
    // Files are in order of traces already.
    spans.sort_by_key(LinkedSpan::trace_number);
    for trace in spans.chunk_by_mut(|one, next| one.trace_id == next.trace_id) {
        trace.sort_by(|one, other| one.order_of_copies(other, names));
    }
    spans.dedup_by(|next, span| next.is_same(span));
}

/// The spans of each trace, of spans in order.
pub(super) fn by_trace(spans: &[LinkedSpan]) -> impl Iterator<Item = &[LinkedSpan]> {
    spans.chunk_by(|one, next| one.trace_id == next.trace_id)
}

/// Spans that a question holds, within its memory.
#[derive(Debug)]
pub(super) struct TraceSpans {
    spans: Vec<LinkedSpan>,
    memory: MemoryReservation,
}

impl TraceSpans {
    pub(super) fn new(memory: MemoryReservation) -> Self {
        Self {
            spans: Vec::new(),
            memory,
        }
    }

    pub(super) fn add(&mut self, batch: &SpanBatch, names: &mut Names) -> Result<(), QueryError> {
        self.spans.reserve(batch.rows());
        self.memory
            .try_resize(self.spans.capacity() * size_of::<LinkedSpan>())?;
        read(batch, names, &mut self.spans);
        Ok(())
    }

    /// How many there are; those that came twice count twice until they are in order.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The spans in order.
    pub(super) fn in_order(&mut self, names: &Names) -> &[LinkedSpan] {
        put_in_order(&mut self.spans, names);
        &self.spans
    }
}
