//! The spans that calls are found in, as far as linking needs them.

use std::cmp::Ordering;

use datafusion::execution::memory_pool::MemoryReservation;
use schemas::{SpanBatch, SpanId, SpanKind, TraceId, UnixNanos};

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

/// A span. Equal ones are one span that was sent more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkedSpan {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) parent: Option<SpanId>,
    /// The hierarchical id, where one was sent.
    pub(super) call_path: Option<Name>,
    pub(super) start: UnixNanos,
    pub(super) duration_nano: i64,
    pub(super) kind: SpanKind,
    pub(super) is_error: bool,
    /// The span's name.
    pub(super) operation: Option<Name>,
    pub(super) service: Option<Name>,
    /// `service.version`.
    pub(super) version: Option<Name>,
    /// `cloud.availability_zone`.
    pub(super) zone: Option<Name>,
    pub(super) peer: Peer,
}

impl LinkedSpan {
    pub(super) fn end(&self) -> i64 {
        self.start.0.saturating_add(self.duration_nano)
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

    /// By trace, then by start; then by everything else, so that the same spans have the same
    /// order however they arrived.
    fn order(&self, other: &Self, names: &Names) -> Ordering {
        let place = |span: &Self| (span.trace_id, span.start, span.span_id, span.kind.number());
        let rest = |span: &Self| {
            let is_cache = span.peer.is_cache;
            (span.duration_nano, span.is_error, span.parent, is_cache)
        };
        place(self)
            .cmp(&place(other))
            .then_with(|| rest(self).cmp(&rest(other)))
            .then_with(|| {
                let pairs = self.texts().into_iter().zip(other.texts());
                let texts = pairs.filter(|(one, other)| one != other);
                let orders =
                    texts.map(|(one, other)| names.text_of(one).cmp(&names.text_of(other)));
                orders.fold(Ordering::Equal, Ordering::then)
            })
    }

    fn texts(&self) -> [Option<Name>; 9] {
        [
            self.operation,
            self.service,
            self.version,
            self.zone,
            self.call_path,
            self.peer.name,
            self.peer.database,
            self.peer.destination,
            self.peer.broker,
        ]
    }
}

/// Puts the spans of each trace together, by start; one that came more than once stands there once.
pub(super) fn put_in_order(spans: &mut Vec<LinkedSpan>, names: &Names) {
    spans.sort_by(|one, other| one.order(other, names));
    spans.dedup();
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

    /// The spans in order.
    pub(super) fn in_order(&mut self, names: &Names) -> &[LinkedSpan] {
        put_in_order(&mut self.spans, names);
        &self.spans
    }
}
