//! spanhouse's vocabulary: ids, the span model, the columns of the span table and the batches
//! that travel between receivers, storage and queries.
//!
//! ```text
//!   receiver ──► SpanBatchBuilder ──► SpanBatch ──► storage (memtable, Parquet)
//!                 push(SpanRow)        columns          │
//!                                                       ▼
//!                        Span ◄── SpanReader ◄── SpanBatch ──► queries
//! ```
//!
//! The crate knows no transport, no file and no query engine. Terms are OpenTelemetry's.

#![warn(missing_docs)]

mod call_path;
mod ids;

pub mod attributes;
mod batch;
mod builder;
pub mod columns;
mod reader;
pub mod rollups;
mod sent_trace_id;
mod span;
pub mod typed_json;

pub use attributes::{AttributeRef, AttributeValue, Attributes};
pub use batch::{SpanBatch, SpanBatchError};
pub use builder::{EventRow, LinkRow, ResourceRow, ScopeRow, SpanBatchBuilder, SpanRow};
pub use call_path::{CallPath, CallPathError};
pub use columns::{ColumnId, ColumnType, SpanColumn};
pub use ids::{IdError, SpanId, TraceId, UnixNanos};
pub use reader::SpanReader;
pub use sent_trace_id::SentIdError;
pub use span::{Event, Link, Resource, Scope, Span, SpanKind, Status, StatusCode};

/// The service name shown for spans whose resource has no `service.name`, as OpenTelemetry's
/// resource conventions state.
pub const UNKNOWN_SERVICE: &str = "unknown_service";
