//! A trace in Jaeger's JSON.

use std::collections::BTreeMap;

use schemas::{AttributeValue, Link, Resource, Scope, Span, SpanId, TraceId, UnixNanos};
use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::adjustment::Adjustment;
use super::tags::{self, Tag};
use crate::Trace;
use crate::trace::service_name;

/// The attribute of a link in which receivers of Jaeger's own format keep the kind of a reference.
const REFERENCE_KIND: &str = "opentracing.ref_type";

/// Whether spans are shown as the tree has them or as they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Each span once, under an id of its own, and without clock skew.
    Adjusted,
    /// As stored and as often, for `raw=true`.
    Raw,
}

/// A trace.
#[derive(Serialize, ToSchema)]
#[schema(as = JaegerTrace)]
pub(super) struct TraceJson<'a> {
    /// 32 hex digits, or 16 for an id of 64 bits.
    #[serde(rename = "traceID")]
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    trace_id: String,
    /// Its spans.
    #[schema(value_type = Vec<SpanJson>)]
    spans: Spans<'a>,
    /// Who produced the spans, by the name that spans use for them: `p1`, `p2`, ….
    processes: BTreeMap<ProcessId, ProcessJson<'a>>,
    /// Always null.
    warnings: Option<Vec<String>>,
}

impl<'a> TraceJson<'a> {
    pub(super) fn of(trace: &'a Trace, version: Version) -> Self {
        let processes = trace.resources().iter().enumerate();
        Self {
            trace_id: trace_id_text(trace.id()),
            spans: Spans { trace, version },
            processes: processes
                .map(|(position, resource)| (ProcessId(position), ProcessJson::of(resource)))
                .collect(),
            warnings: None,
        }
    }
}

/// A resource's position, shown as `p1`, `p2`, ….
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String)]
struct ProcessId(usize);

impl Serialize for ProcessId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("p{}", self.0 + 1))
    }
}

/// Who produced spans.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JaegerProcess)]
struct ProcessJson<'a> {
    /// Its service.
    service_name: &'a str,
    /// Its other attributes.
    tags: Vec<Tag>,
}

impl<'a> ProcessJson<'a> {
    fn of(resource: &'a Resource) -> Self {
        Self {
            service_name: service_name(resource),
            tags: tags::of_resource(resource),
        }
    }
}

struct Spans<'a> {
    trace: &'a Trace,
    version: Version,
}

impl Serialize for Spans<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { trace, version } = self;
        let adjustment = Adjustment::of(trace);
        let mut list = serializer.serialize_seq(None)?;
        for (position, place) in trace.spans().iter().enumerate() {
            let content = trace.content(place).map_err(S::Error::custom)?;
            let (Some(mut content), Some(resource), Some(scope)) =
                (content, place.resource, place.scope)
            else {
                continue;
            };
            let (copies, warnings) = match version {
                Version::Adjusted => (1, adjustment.apply(position, &mut content)),
                Version::Raw => (place.copies, Vec::new()),
            };
            let span = SpanJson {
                warnings: (!warnings.is_empty()).then_some(warnings),
                ..SpanJson::of(&content, &trace.scopes()[scope], ProcessId(resource))
            };
            for _ in 0..copies {
                list.serialize_element(&span)?;
            }
        }
        list.end()
    }
}

/// A span.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JaegerSpan)]
struct SpanJson<'a> {
    /// Its trace.
    #[serde(rename = "traceID")]
    trace_id: String,
    /// 16 hex digits.
    #[serde(rename = "spanID")]
    span_id: String,
    /// W3C's trace flags; absent for 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<u32>,
    /// Its name.
    operation_name: &'a str,
    /// Its parent, then the spans that it links to. The called side of an RPC that shares its
    /// caller's span id has an id of its own here, and is the caller's child.
    references: Vec<Reference>,
    /// Microseconds since 1970; by the clock of its caller's host.
    start_time: i64,
    /// Microseconds.
    duration: i64,
    /// Its attributes and some of its fields.
    tags: Vec<Tag>,
    /// Its events.
    logs: Vec<Log>,
    /// The key of its process in the trace's `processes`.
    #[serde(rename = "processID")]
    process_id: ProcessId,
    /// What was adjusted or could not be; null for nothing.
    warnings: Option<Vec<String>>,
}

impl<'a> SpanJson<'a> {
    fn of(span: &'a Span, scope: &Scope, process_id: ProcessId) -> Self {
        let parent = span
            .parent_span_id
            .filter(|id| !is_among_references(span, *id))
            .map(|id| Reference::child_of(span.trace_id, id));
        let events = span.events.iter().map(|event| Log {
            timestamp: micros(event.time),
            fields: tags::of_event(&event.name, &event.attributes),
        });
        let flags = tags::jaeger_flags(span).unwrap_or(span.flags & 0xff);
        Self {
            trace_id: trace_id_text(span.trace_id),
            span_id: span.span_id.to_string(),
            flags: (flags != 0).then_some(flags),
            operation_name: &span.name,
            references: parent
                .into_iter()
                .chain(span.links.iter().map(Reference::of_link))
                .collect(),
            start_time: micros(span.start),
            duration: span.duration_nano / 1_000,
            tags: tags::of_span(span, scope),
            logs: events.collect(),
            process_id,
            warnings: None,
        }
    }
}

/// A reference to another span.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JaegerReference)]
struct Reference {
    /// `CHILD_OF` for the parent, `FOLLOWS_FROM` for links.
    ref_type: &'static str,
    /// The other span's trace.
    #[serde(rename = "traceID")]
    trace_id: String,
    /// The other span.
    #[serde(rename = "spanID")]
    span_id: String,
}

impl Reference {
    fn child_of(trace_id: TraceId, span_id: SpanId) -> Self {
        Self {
            ref_type: "CHILD_OF",
            trace_id: trace_id_text(trace_id),
            span_id: span_id.to_string(),
        }
    }

    fn of_link(link: &Link) -> Self {
        let ref_type = match link.attributes.get(REFERENCE_KIND) {
            Some(AttributeValue::String(kind)) if kind == "child_of" => "CHILD_OF",
            _ => "FOLLOWS_FROM",
        };
        Self {
            ref_type,
            ..Self::child_of(link.trace_id, link.span_id)
        }
    }
}

/// Whether a reference that was sent in Jaeger's own format says that this is the parent.
fn is_among_references(span: &Span, parent: SpanId) -> bool {
    span.links.iter().any(|link| {
        (link.trace_id, link.span_id) == (span.trace_id, parent)
            && link.attributes.get(REFERENCE_KIND).is_some()
    })
}

/// An event.
#[derive(Serialize, ToSchema)]
#[schema(as = JaegerLog)]
struct Log {
    /// Microseconds since 1970.
    timestamp: i64,
    /// Its name as `event`, and its attributes.
    fields: Vec<Tag>,
}

/// Jaeger shows ids of 64 bits, whose first half is zero, without that half.
pub(super) fn trace_id_text(id: TraceId) -> String {
    let text = id.to_string();
    match text.strip_prefix("0000000000000000") {
        Some(low) => low.to_owned(),
        None => text,
    }
}

fn micros(time: UnixNanos) -> i64 {
    time.0.div_euclid(1_000)
}
