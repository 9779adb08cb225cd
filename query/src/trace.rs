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
mod call_path;
mod content;
mod forest;
mod marks;
mod owners;
mod rows;
mod summary;

use std::sync::Arc;

use schemas::typed_json::TypedJsonError;
use schemas::{Resource, Scope, Span, SpanId, StatusCode, TraceId, UnixNanos};

pub(crate) use assembly::assemble;
pub use call_path::MAX_CALL_PATH_LEVELS;
pub use marks::{Mark, Marks};
use rows::RowId;
pub(crate) use rows::SpanRows;
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

/// A span's place in its trace.
#[derive(Clone, Debug)]
pub struct TraceSpan {
    row: RowId,
    /// Its id.
    pub span_id: SpanId,
    /// When it started.
    pub start: UnixNanos,
    /// How long it took, in nanoseconds.
    pub duration_nano: i64,
    /// Whether it succeeded.
    pub status_code: StatusCode,
    /// The position of its parent in [`Trace::spans`]; none for a root.
    pub parent: Option<usize>,
    /// How many ancestors it has.
    pub depth: usize,
    /// Its number among its siblings in start order: from 1, among roots from 0.
    pub ordinal: usize,
    /// How many times it was stored with the same content.
    pub copies: usize,
    /// What is odd about its place.
    pub marks: Marks,
    /// The position of its resource in [`Trace::resources`].
    pub resource: usize,
    /// The position of its scope in [`Trace::scopes`].
    pub scope: usize,
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
    /// empty: [`TraceSpan::resource`] and [`TraceSpan::scope`] say where they are.
    ///
    /// # Errors
    /// [`TypedJsonError`] when an attribute text was not written by spanhouse.
    pub fn content(&self, span: &TraceSpan) -> Result<Span, TypedJsonError> {
        self.rows.content(span.row)
    }

    /// Everything that a span of this trace says.
    ///
    /// # Errors
    /// As [`Self::content`].
    pub fn whole_span(&self, span: &TraceSpan) -> Result<Span, TypedJsonError> {
        let mut whole = self.content(span)?;
        whole.resource = self.resources[span.resource].clone();
        whole.scope = self.scopes[span.scope].clone();
        Ok(whole)
    }
}

#[cfg(test)]
pub(crate) mod tests;
