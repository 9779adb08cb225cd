//! Traces: rows of spans put together as trees.
//!
//! ```text
//!   SpanRows ──► order, duplicates ──► parents (orphans, cycles) ──► pre-order ──► Trace
//!    columns        (start, id)             links by span id          arena
//! ```
//!
//! A [`Trace`] keeps the columns and reads a span's content only when it is asked for: a trace of
//! 100,000 spans costs little more than its rows. Nothing here is recursive, and nothing takes
//! more than O(n log n).

mod assembly;
mod cells;
mod rows;

mod content;
mod distinct;
mod owners;

mod call_path;
mod envelope;
mod forest;
mod hosts;
mod links;
mod marks;
mod selection;
mod skew;
mod summary;

use std::sync::Arc;

use schemas::typed_json::TypedJsonError;
use schemas::{Resource, Scope, Span, SpanId, SpanKind, StatusCode, TraceId, UnixNanos};

pub(crate) use assembly::assemble;
pub(crate) use call_path::CallPaths;
pub use call_path::MAX_CALL_PATH_LEVELS;
use call_path::SentPath;
pub use marks::{Mark, Marks};
use rows::RowId;
pub(crate) use rows::SpanRows;
pub(crate) use selection::{Limits, Selection};
pub(crate) use summary::service_name;
pub use summary::{ServiceSummary, TraceSummary};

/// A whole trace: one tree for each root, spans in pre-order, children by start time.
///
/// The same spans give the same trace, in whatever order they are stored and however often each
/// was sent.
#[derive(Clone, Debug)]
pub struct Trace {
    id: TraceId,
    rows: Arc<SpanRows>,
    spans: Vec<TraceSpan>,
    resources: Vec<Resource>,
    scopes: Vec<Scope>,
    summary: TraceSummary,
}

/// A place in a trace's tree: a span, or a placeholder for a parent that is not stored.
///
/// A placeholder has the mark [`Mark::Missing`], no row, no resource and no scope; its time is
/// the envelope of its children.
#[derive(Clone, Debug)]
pub struct TraceSpan {
    row: Option<RowId>,
    sent_path: Option<SentPath>,
    /// How many numbers its call path has.
    levels: usize,
    /// Its id; none for a placeholder that is known by its call path alone.
    pub span_id: Option<SpanId>,
    /// When it started, as stored.
    pub start: UnixNanos,
    /// How long it took, in nanoseconds.
    pub duration_nano: i64,
    /// What to add to its times so that they agree with its parent's clock, in nanoseconds.
    pub clock_skew_nano: i64,
    /// Its role in a call.
    pub kind: SpanKind,
    /// Whether it succeeded.
    pub status_code: StatusCode,
    /// The position of its parent in [`Trace::spans`]; none for a root. The parent of an RPC's
    /// server half is its client half.
    pub parent: Option<usize>,
    /// The position after its last descendant's: its subtree is `position..end`.
    pub end: usize,
    /// Which half of an RPC it is, where both halves are stored.
    pub half: Option<Half>,
    /// How many ancestors are shown above it: the two halves of an RPC are one level.
    pub depth: usize,
    /// The last number of its call path. An RPC's server half has that of its client half.
    pub ordinal: usize,
    /// How many times it was stored with the same content; 0 for a placeholder.
    pub copies: usize,
    /// What is odd about its place.
    pub marks: Marks,
    /// The position of its resource in [`Trace::resources`]; none for a placeholder.
    pub resource: Option<usize>,
    /// The position of its scope in [`Trace::scopes`]; none for a placeholder.
    pub scope: Option<usize>,
}

/// One side of a call that both sides recorded: under one span id, as Zipkin's clients do, or
/// under one call path, as MTrace's do. In the tree the two sides are one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The calling side: a client or producer.
    Client {
        /// The position of the called side in [`Trace::spans`]: that after this one.
        server: usize,
    },
    /// The called side: a server or consumer. Its parent is the calling side.
    Server,
}

impl TraceSpan {
    /// Whether it stands for a parent that is not stored.
    pub fn is_placeholder(&self) -> bool {
        self.row.is_none()
    }

    /// When it started by its parent's clock.
    pub fn adjusted_start(&self) -> UnixNanos {
        UnixNanos(self.start.0.saturating_add(self.clock_skew_nano))
    }

    /// When it ended by its parent's clock.
    pub fn adjusted_end(&self) -> UnixNanos {
        UnixNanos(self.adjusted_start().0.saturating_add(self.duration_nano))
    }
}

impl Trace {
    /// Its id.
    pub fn id(&self) -> TraceId {
        self.id
    }

    /// Its spans: each root followed by its whole subtree, parents before children, siblings by
    /// start time and then by span id. Duplicates stand here once.
    pub fn spans(&self) -> &[TraceSpan] {
        &self.spans
    }

    /// The distinct resources, in the order of their first span.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The distinct scopes, in the order of their first span.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// What can be said of it as a whole.
    pub fn summary(&self) -> &TraceSummary {
        &self.summary
    }

    /// Everything that a span of this trace says, except for its resource and scope, which are
    /// empty: [`TraceSpan::resource`] and [`TraceSpan::scope`] say where they are. None for a
    /// placeholder.
    ///
    /// # Errors
    /// [`TypedJsonError`] when an attribute text was not written by spanhouse.
    pub fn content(&self, span: &TraceSpan) -> Result<Option<Span>, TypedJsonError> {
        span.row.map(|row| self.rows.content(row)).transpose()
    }

    /// Everything that a span of this trace says; none for a placeholder.
    ///
    /// # Errors
    /// As [`Self::content`].
    pub fn whole_span(&self, span: &TraceSpan) -> Result<Option<Span>, TypedJsonError> {
        let Some(mut whole) = self.content(span)? else {
            return Ok(None);
        };
        whole.resource = self.resource(span).cloned().unwrap_or_default();
        let scope = span.scope.map(|position| self.scopes[position].clone());
        whole.scope = scope.unwrap_or_default();
        Ok(Some(whole))
    }

    /// Who produced the span; none for a placeholder.
    pub fn resource(&self, span: &TraceSpan) -> Option<&Resource> {
        span.resource.map(|position| &self.resources[position])
    }

    /// The span's service, or the name for none; none for a placeholder.
    pub fn service_name(&self, span: &TraceSpan) -> Option<&str> {
        self.resource(span).map(service_name)
    }
}

#[cfg(test)]
pub(crate) mod tests;
