//! A trace's spans in OTLP's JSON form, written span by span from the columns.

use schemas::{Event, Link, Resource, Scope, Span};
use serde::ser::{Error as _, Serialize, SerializeSeq, Serializer};
use serde_json::value::Value;

use super::attribute_json::AttributesJson;
use super::otlp::{OfResource, OfScope, end_time, grouped, wire_time};
use crate::Trace;

/// OTLP's `TracesData`.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TracesDataJson<'a> {
    resource_spans: Vec<ResourceSpansJson<'a>>,
}

impl<'a> TracesDataJson<'a> {
    pub(super) fn of(trace: &'a Trace) -> Result<Self, serde_json::Error> {
        let of_resource = |group| ResourceSpansJson::of(trace, group);
        Ok(Self {
            resource_spans: grouped(trace)
                .into_iter()
                .map(of_resource)
                .collect::<Result<_, _>>()?,
        })
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpansJson<'a> {
    resource: ResourceJson<'a>,
    scope_spans: Vec<ScopeSpansJson<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    schema_url: &'a str,
}

impl<'a> ResourceSpansJson<'a> {
    fn of(trace: &'a Trace, group: OfResource) -> Result<Self, serde_json::Error> {
        let resource = &trace.resources()[group.resource];
        let scope_spans = group
            .scopes
            .into_iter()
            .map(|spans| ScopeSpansJson::of(trace, spans));
        Ok(Self {
            resource: ResourceJson::of(resource)?,
            scope_spans: scope_spans.collect(),
            schema_url: &resource.schema_url,
        })
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceJson<'a> {
    attributes: AttributesJson<'a>,
    #[serde(skip_serializing_if = "is_zero")]
    dropped_attributes_count: u32,
    #[serde(skip_serializing_if = "Value::is_null")]
    entity_refs: Value,
}

impl<'a> ResourceJson<'a> {
    fn of(resource: &'a Resource) -> Result<Self, serde_json::Error> {
        Ok(Self {
            attributes: AttributesJson(&resource.attributes),
            dropped_attributes_count: resource.dropped_attributes_count,
            entity_refs: entity_refs(resource)?,
        })
    }
}

/// A resource's entity references, which are stored as JSON; null for none.
pub(super) fn entity_refs(resource: &Resource) -> Result<Value, serde_json::Error> {
    match resource.entity_refs.as_str() {
        "" => Ok(Value::Null),
        text => serde_json::from_str(text),
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ScopeSpansJson<'a> {
    scope: ScopeJson<'a>,
    spans: SpansJson<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    schema_url: &'a str,
}

impl<'a> ScopeSpansJson<'a> {
    fn of(trace: &'a Trace, group: OfScope) -> Self {
        let scope = &trace.scopes()[group.scope];
        let positions = group.spans;
        Self {
            scope: ScopeJson::of(scope),
            spans: SpansJson { trace, positions },
            schema_url: &scope.schema_url,
        }
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ScopeJson<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(skip_serializing_if = "AttributesJson::is_empty")]
    attributes: AttributesJson<'a>,
    #[serde(skip_serializing_if = "is_zero")]
    dropped_attributes_count: u32,
}

impl<'a> ScopeJson<'a> {
    fn of(scope: &'a Scope) -> Self {
        Self {
            name: &scope.name,
            version: &scope.version,
            attributes: AttributesJson(&scope.attributes),
            dropped_attributes_count: scope.dropped_attributes_count,
        }
    }
}

struct SpansJson<'a> {
    trace: &'a Trace,
    positions: Vec<usize>,
}

impl Serialize for SpansJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.positions.len()))?;
        for position in &self.positions {
            let span = self
                .trace
                .content(&self.trace.spans()[*position])
                .map_err(S::Error::custom)?;
            if let Some(span) = span {
                list.serialize_element(&SpanJson::of(&span))?;
            }
        }
        list.end()
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct SpanJson<'a> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    trace_state: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    flags: u32,
    name: &'a str,
    kind: i8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    #[serde(skip_serializing_if = "AttributesJson::is_empty")]
    attributes: AttributesJson<'a>,
    #[serde(skip_serializing_if = "is_zero")]
    dropped_attributes_count: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<EventJson<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    dropped_events_count: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkJson<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    dropped_links_count: u32,
    status: StatusJson<'a>,
}

impl<'a> SpanJson<'a> {
    fn of(span: &'a Span) -> Self {
        Self {
            trace_id: span.trace_id.to_string(),
            span_id: span.span_id.to_string(),
            trace_state: &span.trace_state,
            parent_span_id: span.parent_span_id.map(|id| id.to_string()),
            flags: span.flags,
            name: &span.name,
            kind: span.kind.number(),
            start_time_unix_nano: wire_time(span.start).to_string(),
            end_time_unix_nano: wire_time(end_time(span.start, span.duration_nano)).to_string(),
            attributes: AttributesJson(&span.attributes),
            dropped_attributes_count: span.dropped_attributes_count,
            events: span.events.iter().map(EventJson::of).collect(),
            dropped_events_count: span.dropped_events_count,
            links: span.links.iter().map(LinkJson::of).collect(),
            dropped_links_count: span.dropped_links_count,
            status: StatusJson {
                message: &span.status.message,
                code: span.status.code.number(),
            },
        }
    }
}

#[derive(serde::Serialize)]
struct StatusJson<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "is_unset")]
    code: i8,
}

/// An event of a span; the native JSON has the same shape.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventJson<'a> {
    time_unix_nano: String,
    name: &'a str,
    #[serde(skip_serializing_if = "AttributesJson::is_empty")]
    attributes: AttributesJson<'a>,
    #[serde(skip_serializing_if = "is_zero")]
    dropped_attributes_count: u32,
}

impl<'a> EventJson<'a> {
    pub(super) fn of(event: &'a Event) -> Self {
        Self {
            time_unix_nano: wire_time(event.time).to_string(),
            name: &event.name,
            attributes: AttributesJson(&event.attributes),
            dropped_attributes_count: event.dropped_attributes_count,
        }
    }
}

/// A link of a span; the native JSON has the same shape.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinkJson<'a> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    trace_state: &'a str,
    #[serde(skip_serializing_if = "AttributesJson::is_empty")]
    attributes: AttributesJson<'a>,
    #[serde(skip_serializing_if = "is_zero")]
    dropped_attributes_count: u32,
    #[serde(skip_serializing_if = "is_zero")]
    flags: u32,
}

impl<'a> LinkJson<'a> {
    pub(super) fn of(link: &'a Link) -> Self {
        Self {
            trace_id: link.trace_id.to_string(),
            span_id: link.span_id.to_string(),
            trace_state: &link.trace_state,
            attributes: AttributesJson(&link.attributes),
            dropped_attributes_count: link.dropped_attributes_count,
            flags: link.flags,
        }
    }
}

/// Whether a count is zero: protobuf's JSON leaves it out then.
pub(super) fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_unset(code: &i8) -> bool {
    *code == 0
}
