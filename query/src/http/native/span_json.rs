//! A span in the native JSON.

use schemas::{Attributes, Span, SpanKind};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::super::attribute_json::{AttributeSchema, AttributesJson};
use super::super::otlp_json::{EventJson, LinkJson, is_zero};
use crate::{Mark, Trace, TraceSpan};

/// The largest whole number that every JSON reader keeps exactly: 2^53 - 1.
pub(in crate::http) const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// A whole number; as text where a reader with doubles would lose digits.
pub(in crate::http) struct SafeInteger(pub(in crate::http) i64);

impl Serialize for SafeInteger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            number if (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(&number) => {
                serializer.serialize_i64(number)
            }
            number => serializer.collect_str(&number),
        }
    }
}

/// A whole number; as decimal text beyond 2^53, which readers with doubles would round.
#[derive(ToSchema)]
#[schema(as = SafeInteger)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what SafeInteger writes")]
pub(in crate::http) enum SafeIntegerSchema {
    /// Up to 2^53 - 1.
    Number(i64),
    /// Beyond.
    Text(String),
}

/// An entry of the tree: a span in its place, both halves of an RPC, or a placeholder for a
/// parent that is not stored.
///
/// Where both sides of a call recorded it under one span id (Zipkin's shared spans) or one call
/// path (MTrace), the entry is the calling side's span, and the called side's is its
/// `serverHalf`. Spans that the called side made, and those that name the shared id, are children
/// of the entry.
///
/// A placeholder has the mark `missing`, the time of its children, empty texts and lists, and
/// neither `resource` nor `scope`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Span)]
pub(super) struct SpanJson<'a> {
    /// Its place as a hierarchical id: `0.2.1` is the first child of the second child of the
    /// root. As sent, for protocols that have one; made up for other spans, by start time, around
    /// the numbers that were sent. Absent below level 256, where `depth` and `parentSpanId` still
    /// tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.2.1")]
    call_path: Option<&'a str>,
    /// The hierarchical id that it was sent with, for protocols that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_call_path: Option<&'a str>,
    /// How many entries are above it; 0 for a root.
    depth: usize,
    /// 16 lower-case hex digits; absent for a placeholder that is known by its call path alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "00f067aa0ba902b7")]
    span_id: Option<String>,
    /// As sent; absent for a root. A marked span may name a parent that is not in the trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    /// The operation's name.
    #[schema(example = "GET /cart")]
    name: &'a str,
    /// `unspecified`, `internal`, `server`, `client`, `producer` or `consumer`.
    #[schema(example = "server")]
    kind: &'static str,
    /// Its service; `unknown_service` when its resource names none.
    #[schema(example = "checkout")]
    service_name: &'a str,
    /// Nanoseconds since 1970, as decimal text; as sent.
    #[schema(example = "1795446245123456789")]
    start_time_unix_nano: String,
    /// Nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    duration_nano: SafeInteger,
    /// What to add to its start, and to the times of its events, so that they agree with the
    /// clock of the host that called it, nanoseconds; absent for nothing. A called span that does
    /// not fit into its caller's, on another host, is put in its middle, or where it is longer, at
    /// its start; spans of its host below it move with it.
    #[serde(skip_serializing_if = "is_no_skew")]
    #[schema(value_type = Option<SafeIntegerSchema>)]
    clock_skew_nano: SafeInteger,
    /// `unset`, `ok` or `error`.
    #[schema(example = "error")]
    status_code: &'static str,
    /// The status message; absent when empty.
    #[serde(skip_serializing_if = "str::is_empty")]
    status_message: &'a str,
    /// What is odd about its place: `orphan` (its parent is not stored; a placeholder stands for
    /// it), `cycle` (its parents led back to itself; cut here, shown as a root), `repeatedId`
    /// (another span with other content has its id or call path), `duplicate` (stored `copies`
    /// times, shown once), `missing` (a placeholder: not stored, only named by others).
    marks: Vec<&'static str>,
    /// How many times it was stored; absent for once.
    #[serde(skip_serializing_if = "is_at_most_one")]
    copies: usize,
    /// How many stored spans of its subtree are left out of this answer; absent for none. Those
    /// below an entry that is shown are counted there.
    #[serde(skip_serializing_if = "is_none_left_out")]
    pub(super) omitted: usize,
    /// W3C tracestate; absent when empty.
    #[serde(skip_serializing_if = "str::is_empty")]
    trace_state: &'a str,
    /// OTLP's flags; absent for 0.
    #[serde(skip_serializing_if = "is_zero")]
    flags: u32,
    /// Attributes, in OTLP's JSON form; a key may repeat.
    #[schema(value_type = Vec<AttributeSchema>)]
    attributes: AttributesJson<'a>,
    /// How many attributes its sender dropped; absent for none.
    #[serde(skip_serializing_if = "is_zero")]
    dropped_attributes_count: u32,
    /// What happened during it, in OTLP's JSON form, in the order sent.
    #[schema(value_type = Vec<EventSchema>)]
    events: Vec<EventJson<'a>>,
    /// How many events its sender dropped; absent for none.
    #[serde(skip_serializing_if = "is_zero")]
    dropped_events_count: u32,
    /// Spans that it refers to, in OTLP's JSON form.
    #[schema(value_type = Vec<LinkSchema>)]
    links: Vec<LinkJson<'a>>,
    /// How many links its sender dropped; absent for none.
    #[serde(skip_serializing_if = "is_zero")]
    dropped_links_count: u32,
    /// The position of its resource in the trace's `resources`.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<usize>,
    /// The position of its scope in the trace's `scopes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<usize>,
    /// The called side's span of an RPC, with the same call path and depth; it never has a
    /// `serverHalf` itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub(super) server_half: Option<Box<SpanJson<'a>>>,
}

impl<'a> SpanJson<'a> {
    /// A span alone, with its call path and its content; none for a placeholder.
    pub(super) fn of(
        trace: &'a Trace,
        place: &TraceSpan,
        call_path: Option<&'a str>,
        content: Option<&'a Span>,
    ) -> Self {
        let nothing = Self {
            call_path,
            sent_call_path: None,
            depth: place.depth,
            span_id: place.span_id.map(|id| id.to_string()),
            parent_span_id: None,
            name: "",
            kind: kind_name(place.kind),
            service_name: trace.service_name(place).unwrap_or_default(),
            start_time_unix_nano: place.start.0.to_string(),
            duration_nano: SafeInteger(place.duration_nano),
            clock_skew_nano: SafeInteger(place.clock_skew_nano),
            status_code: place.status_code.name(),
            status_message: "",
            marks: place.marks.iter().map(Mark::name).collect(),
            copies: place.copies,
            omitted: 0,
            trace_state: "",
            flags: 0,
            attributes: AttributesJson(&NO_ATTRIBUTES),
            dropped_attributes_count: 0,
            events: Vec::new(),
            dropped_events_count: 0,
            links: Vec::new(),
            dropped_links_count: 0,
            resource: place.resource,
            scope: place.scope,
            server_half: None,
        };
        let Some(content) = content else {
            return nothing;
        };
        Self {
            sent_call_path: content.call_path.as_deref(),
            parent_span_id: content.parent_span_id.map(|id| id.to_string()),
            name: &content.name,
            status_message: &content.status.message,
            trace_state: &content.trace_state,
            flags: content.flags,
            attributes: AttributesJson(&content.attributes),
            dropped_attributes_count: content.dropped_attributes_count,
            events: content.events.iter().map(EventJson::of).collect(),
            dropped_events_count: content.dropped_events_count,
            links: content.links.iter().map(LinkJson::of).collect(),
            dropped_links_count: content.dropped_links_count,
            ..nothing
        }
    }
}

/// What a placeholder says.
static NO_ATTRIBUTES: Attributes = Attributes(Vec::new());

/// A kind's name in the native JSON.
pub(super) fn kind_name(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "unspecified",
        named => named.name(),
    }
}

fn is_at_most_one(number: &usize) -> bool {
    *number <= 1
}

pub(super) fn is_none_left_out(number: &usize) -> bool {
    *number == 0
}

fn is_no_skew(skew: &SafeInteger) -> bool {
    skew.0 == 0
}

/// Something that happened at one instant of a span.
#[derive(ToSchema)]
#[schema(as = Event, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what EventJson writes")]
struct EventSchema {
    /// Nanoseconds since 1970, as decimal text.
    #[schema(example = "1795446245123456789")]
    time_unix_nano: String,
    /// What happened.
    #[schema(example = "exception")]
    name: String,
    /// Details; absent for none.
    attributes: Option<Vec<AttributeSchema>>,
    /// How many attributes its sender dropped; absent for none.
    dropped_attributes_count: Option<u32>,
}

/// A reference to another span.
#[derive(ToSchema)]
#[schema(as = Link, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what LinkJson writes")]
struct LinkSchema {
    /// The other span's trace.
    trace_id: String,
    /// The other span.
    span_id: String,
    /// The other span's tracestate; absent when empty.
    trace_state: Option<String>,
    /// Details; absent for none.
    attributes: Option<Vec<AttributeSchema>>,
    /// How many attributes its sender dropped; absent for none.
    dropped_attributes_count: Option<u32>,
    /// OTLP's flags of the link; absent for 0.
    flags: Option<u32>,
}
