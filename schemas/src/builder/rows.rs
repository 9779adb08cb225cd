//! Borrowed rows: what a receiver hands to the builder.

use crate::{AttributeRef, SpanId, SpanKind, StatusCode, TraceId, UnixNanos};

/// A span on its way into a batch.
#[derive(Clone, Debug)]
pub struct SpanRow<'a> {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// The id of the span that caused it.
    pub parent_span_id: Option<SpanId>,
    /// The hierarchical id as sent.
    pub call_path: Option<&'a str>,
    /// When it started.
    pub start: UnixNanos,
    /// How long it took, in nanoseconds; not negative.
    pub duration_nano: i64,
    /// The operation's name.
    pub name: &'a str,
    /// Its role in a call.
    pub kind: SpanKind,
    /// Whether it succeeded.
    pub status_code: StatusCode,
    /// The status message; empty for none.
    pub status_message: &'a str,
    /// W3C tracestate; empty for none.
    pub trace_state: &'a str,
    /// OTLP's flags.
    pub flags: u32,
    /// Its attributes, in the order sent.
    pub attributes: &'a [(&'a str, AttributeRef<'a>)],
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// Its events, in the order sent.
    pub events: &'a [EventRow<'a>],
    /// How many events the sender dropped.
    pub dropped_events_count: u32,
    /// Its links, in the order sent.
    pub links: &'a [LinkRow<'a>],
    /// How many links the sender dropped.
    pub dropped_links_count: u32,
}

impl SpanRow<'_> {
    /// A span with these ids and nothing else.
    pub fn new(trace_id: TraceId, span_id: SpanId) -> Self {
        Self {
            trace_id,
            span_id,
            parent_span_id: None,
            call_path: None,
            start: UnixNanos(0),
            duration_nano: 0,
            name: "",
            kind: SpanKind::Unspecified,
            status_code: StatusCode::Unset,
            status_message: "",
            trace_state: "",
            flags: 0,
            attributes: &[],
            dropped_attributes_count: 0,
            events: &[],
            dropped_events_count: 0,
            links: &[],
            dropped_links_count: 0,
        }
    }
}

/// An event on its way into a batch.
#[derive(Clone, Debug, Default)]
pub struct EventRow<'a> {
    /// When.
    pub time: UnixNanos,
    /// What.
    pub name: &'a str,
    /// Details.
    pub attributes: &'a [(&'a str, AttributeRef<'a>)],
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
}

/// A link on its way into a batch.
#[derive(Clone, Debug)]
pub struct LinkRow<'a> {
    /// The other span's trace, as sent.
    pub trace_id: TraceId,
    /// The other span, as sent.
    pub span_id: SpanId,
    /// The other span's tracestate; empty for none.
    pub trace_state: &'a str,
    /// Details.
    pub attributes: &'a [(&'a str, AttributeRef<'a>)],
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// OTLP's flags of the link.
    pub flags: u32,
}

/// A resource on its way into a batch.
#[derive(Clone, Debug, Default)]
pub struct ResourceRow<'a> {
    /// Its attributes, in the order sent.
    pub attributes: &'a [(&'a str, AttributeRef<'a>)],
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// The schema URL; empty for none.
    pub schema_url: &'a str,
    /// Entity references as a JSON array; empty for none.
    pub entity_refs: &'a str,
}

/// A scope on its way into a batch.
#[derive(Clone, Debug, Default)]
pub struct ScopeRow<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its attributes.
    pub attributes: &'a [(&'a str, AttributeRef<'a>)],
    /// How many attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// The schema URL; empty for none.
    pub schema_url: &'a str,
}
