//! A trace's spans as OTLP messages.

use std::collections::HashMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource as ResourceMessage;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span as SpanMessage, Status as StatusMessage, TracesData,
    span as span_message,
};
use schemas::typed_json::TypedJsonError;
use schemas::{AttributeValue, Attributes, Event, Link, Resource, Scope, Span, UnixNanos};

use crate::{QueryError, Trace};

/// The spans of one resource, by scope; both by position in the trace's lists.
pub(super) struct OfResource {
    pub(super) resource: usize,
    pub(super) scopes: Vec<OfScope>,
}

/// The spans of one resource and scope, by position.
pub(super) struct OfScope {
    pub(super) scope: usize,
    pub(super) spans: Vec<usize>,
}

/// The trace's spans by resource and scope, each in the order in which the tree first has it.
pub(super) fn grouped(trace: &Trace) -> Vec<OfResource> {
    let mut groups: Vec<OfResource> = Vec::new();
    let mut places: HashMap<(usize, usize), (usize, usize)> = HashMap::new();
    let mut of_resource: HashMap<usize, usize> = HashMap::new();
    for (position, span) in trace.spans().iter().enumerate() {
        let (Some(resource), Some(scope)) = (span.resource, span.scope) else {
            continue;
        };
        let (group, scope) = *places.entry((resource, scope)).or_insert_with(|| {
            let group = *of_resource.entry(resource).or_insert_with(|| {
                groups.push(OfResource {
                    resource,
                    scopes: Vec::new(),
                });
                groups.len() - 1
            });
            groups[group].scopes.push(OfScope {
                scope,
                spans: Vec::new(),
            });
            (group, groups[group].scopes.len() - 1)
        });
        groups[group].scopes[scope].spans.push(position);
    }
    groups
}

/// The trace as OTLP's `TracesData`, duplicates once.
pub(super) fn traces_data(trace: &Trace) -> Result<TracesData, QueryError> {
    let resource_spans = grouped(trace).into_iter().map(|group| {
        let resource = &trace.resources()[group.resource];
        let scope_spans = group.scopes.into_iter().map(|spans| {
            let scope = &trace.scopes()[spans.scope];
            let content = |position: usize| {
                let content = trace.content(&trace.spans()[position]).transpose()?;
                Some(content.map(span_message))
            };
            Ok(ScopeSpans {
                scope: Some(scope_message(scope)),
                spans: spans
                    .spans
                    .into_iter()
                    .filter_map(content)
                    .collect::<Result<_, TypedJsonError>>()?,
                schema_url: scope.schema_url.clone(),
            })
        });
        Ok(ResourceSpans {
            resource: Some(resource_message(resource)?),
            scope_spans: scope_spans.collect::<Result<_, QueryError>>()?,
            schema_url: resource.schema_url.clone(),
        })
    });
    Ok(TracesData {
        resource_spans: resource_spans.collect::<Result<_, QueryError>>()?,
    })
}

fn resource_message(resource: &Resource) -> Result<ResourceMessage, QueryError> {
    let entity_refs: Vec<EntityRefText> = match resource.entity_refs.as_str() {
        "" => Vec::new(),
        text => serde_json::from_str(text)?,
    };
    Ok(ResourceMessage {
        attributes: key_values(&resource.attributes),
        dropped_attributes_count: resource.dropped_attributes_count,
        entity_refs: entity_refs
            .into_iter()
            .map(EntityRefText::into_message)
            .collect(),
    })
}

/// An entity reference in protobuf's JSON form, where empty fields are absent.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct EntityRefText {
    schema_url: String,
    r#type: String,
    id_keys: Vec<String>,
    description_keys: Vec<String>,
}

impl EntityRefText {
    fn into_message(self) -> EntityRef {
        EntityRef {
            schema_url: self.schema_url,
            r#type: self.r#type,
            id_keys: self.id_keys,
            description_keys: self.description_keys,
        }
    }
}

fn scope_message(scope: &Scope) -> InstrumentationScope {
    InstrumentationScope {
        name: scope.name.clone(),
        version: scope.version.clone(),
        attributes: key_values(&scope.attributes),
        dropped_attributes_count: scope.dropped_attributes_count,
    }
}

fn span_message(span: Span) -> SpanMessage {
    SpanMessage {
        trace_id: span.trace_id.0.to_vec(),
        span_id: span.span_id.0.to_vec(),
        trace_state: span.trace_state,
        parent_span_id: span
            .parent_span_id
            .map(|id| id.0.to_vec())
            .unwrap_or_default(),
        flags: span.flags,
        name: span.name,
        kind: i32::from(span.kind.number()),
        start_time_unix_nano: wire_time(span.start),
        end_time_unix_nano: wire_time(end_time(span.start, span.duration_nano)),
        attributes: key_values(&span.attributes),
        dropped_attributes_count: span.dropped_attributes_count,
        events: span.events.into_iter().map(event_message).collect(),
        dropped_events_count: span.dropped_events_count,
        links: span.links.into_iter().map(link_message).collect(),
        dropped_links_count: span.dropped_links_count,
        status: Some(StatusMessage {
            message: span.status.message,
            code: i32::from(span.status.code.number()),
        }),
    }
}

/// When a span ended.
pub(super) fn end_time(start: UnixNanos, duration_nano: i64) -> UnixNanos {
    UnixNanos(start.0.saturating_add(duration_nano))
}

/// OTLP's instants begin in 1970.
pub(super) fn wire_time(time: UnixNanos) -> u64 {
    u64::try_from(time.0).unwrap_or(0)
}

fn event_message(event: Event) -> span_message::Event {
    span_message::Event {
        time_unix_nano: wire_time(event.time),
        name: event.name,
        attributes: key_values(&event.attributes),
        dropped_attributes_count: event.dropped_attributes_count,
    }
}

fn link_message(link: Link) -> span_message::Link {
    span_message::Link {
        trace_id: link.trace_id.0.to_vec(),
        span_id: link.span_id.0.to_vec(),
        trace_state: link.trace_state,
        attributes: key_values(&link.attributes),
        dropped_attributes_count: link.dropped_attributes_count,
        flags: link.flags,
    }
}

fn key_values(attributes: &Attributes) -> Vec<KeyValue> {
    let entry = |(key, value): &(String, AttributeValue)| KeyValue {
        key: key.clone(),
        value: Some(AnyValue {
            value: any_value(value),
        }),
        ..KeyValue::default()
    };
    attributes.0.iter().map(entry).collect()
}

fn any_value(value: &AttributeValue) -> Option<Value> {
    Some(match value {
        AttributeValue::Empty => return None,
        AttributeValue::String(text) => Value::StringValue(text.clone()),
        AttributeValue::Bool(truth) => Value::BoolValue(*truth),
        AttributeValue::Int(number) => Value::IntValue(*number),
        AttributeValue::Double(number) => Value::DoubleValue(*number),
        AttributeValue::Bytes(bytes) => Value::BytesValue(bytes.clone()),
        AttributeValue::Array(values) => {
            let values = values.iter().map(|value| AnyValue {
                value: any_value(value),
            });
            Value::ArrayValue(ArrayValue {
                values: values.collect(),
            })
        }
        AttributeValue::Map(entries) => Value::KvlistValue(KeyValueList {
            values: key_values(entries),
        }),
    })
}
