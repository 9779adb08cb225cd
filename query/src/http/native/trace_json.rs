//! A trace in the native JSON.

use schemas::{Attributes, Resource, Scope};
use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use super::super::attribute_json::{AttributeSchema, AttributesJson};
use super::super::otlp_json::{entity_refs, is_zero};
use super::span_json::{SafeInteger, SafeIntegerSchema, SpanJson, is_none_left_out};
use crate::trace::{CallPaths, Selection};
use crate::{Half, Trace};

/// A trace as a tree, or a part of it. Spans stand in pre-order: each root is followed by its
/// subtree, parents come before children, siblings stand by the numbers of their call paths.
///
/// All counts and times are those of the whole trace, whatever part of it is shown.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Trace, example = json!({
    "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
    "startTimeUnixNano": "1795446245123456789",
    "durationNano": 120_000_000,
    "spanCount": 1,
    "errorCount": 1,
    "missingCount": 0,
    "duplicateCount": 0,
    "depth": 1,
    "services": [{"name": "checkout", "spanCount": 1, "errorCount": 1}],
    "roots": ["0"],
    "spans": [{
        "callPath": "0",
        "depth": 0,
        "spanId": "00f067aa0ba902b7",
        "name": "POST /orders",
        "kind": "server",
        "serviceName": "checkout",
        "startTimeUnixNano": "1795446245123456789",
        "durationNano": 120_000_000,
        "statusCode": "error",
        "statusMessage": "the payment was refused",
        "marks": [],
        "attributes": [{"key": "http.response.status_code", "value": {"intValue": "500"}}],
        "events": [],
        "links": [],
        "resource": 0,
        "scope": 0,
    }],
    "resources": [{"attributes": [{"key": "service.name", "value": {"stringValue": "checkout"}}]}],
    "scopes": [{"name": "checkout-http", "version": "1.4.0"}],
}))]
pub(in crate::http) struct TraceJson<'a> {
    /// 32 lower-case hex digits.
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    trace_id: String,
    /// The start of the earliest span, clock skew adjusted, nanoseconds since 1970, as decimal
    /// text.
    #[schema(example = "1795446245123456789")]
    start_time_unix_nano: String,
    /// From the earliest start to the latest end, clock skew adjusted, nanoseconds.
    #[schema(value_type = SafeIntegerSchema)]
    duration_nano: SafeInteger,
    /// The number of distinct spans that are stored; the two halves of an RPC are two.
    span_count: usize,
    /// How many spans have the status `error`.
    error_count: usize,
    /// How many parents are named and not stored: entries with the mark `missing`.
    missing_count: usize,
    /// How many further spans were stored that equal one of these.
    duplicate_count: usize,
    /// The levels of the deepest tree; 1 for roots alone. A parent that is not stored is none.
    depth: usize,
    /// How many of the `spanCount` spans are not in this answer; absent for none.
    #[serde(skip_serializing_if = "is_none_left_out")]
    omitted: usize,
    /// The services that took part, by name.
    services: Vec<ServiceJson<'a>>,
    /// The call paths of the topmost entries shown: of the roots (`0`, or `0`, `1`, … when there
    /// are several), or of the subtree that was asked for.
    #[schema(example = json!(["0"]))]
    roots: Vec<String>,
    /// The spans in pre-order. An RPC of which both sides are stored is one entry.
    #[schema(value_type = Vec<SpanJson>)]
    spans: Spans<'a>,
    /// The distinct resources; spans name them by position.
    resources: Vec<ResourceJson<'a>>,
    /// The distinct instrumentation scopes; spans name them by position.
    scopes: Vec<ScopeJson<'a>>,
}

impl<'a> TraceJson<'a> {
    pub(in crate::http) fn of(
        trace: &'a Trace,
        shown: &'a Selection,
    ) -> Result<Self, serde_json::Error> {
        let summary = trace.summary();
        let tops = shown.entries.iter().filter(|entry| entry.is_top);
        let tops = tops.map(|entry| &trace.spans()[entry.position]);
        let services = summary.services.iter().map(|service| ServiceJson {
            name: &service.name,
            span_count: service.span_count,
            error_count: service.error_count,
        });
        Ok(Self {
            trace_id: trace.id().to_string(),
            start_time_unix_nano: summary.start.0.to_string(),
            duration_nano: SafeInteger(summary.duration_nano),
            span_count: summary.span_count,
            error_count: summary.error_count,
            missing_count: summary.missing_count,
            duplicate_count: summary.duplicate_count,
            depth: summary.depth,
            omitted: shown.omitted,
            services: services.collect(),
            roots: tops.filter_map(|top| trace.call_path(top)).collect(),
            spans: Spans { trace, shown },
            resources: trace
                .resources()
                .iter()
                .map(ResourceJson::of)
                .collect::<Result<_, _>>()?,
            scopes: trace.scopes().iter().map(ScopeJson::of).collect(),
        })
    }
}

/// Spans are read from the columns while they are written, one at a time.
struct Spans<'a> {
    trace: &'a Trace,
    shown: &'a Selection,
}

impl Serialize for Spans<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { trace, shown } = self;
        let mut list = serializer.serialize_seq(Some(shown.entries.len()))?;
        let mut call_paths = CallPaths::of(trace);
        for entry in &shown.entries {
            let call_path = call_paths.next(entry.position);
            let span = &trace.spans()[entry.position];
            let content = trace.content(span).map_err(S::Error::custom)?;
            let server = match span.half {
                Some(Half::Client { server }) => Some(&trace.spans()[server]),
                _ => None,
            };
            let server_content = server.map(|server| trace.content(server)).transpose();
            let server_content = server_content.map_err(S::Error::custom)?.flatten();
            let server_half = server.zip(server_content.as_ref());
            let server_half = server_half.map(|(server, content)| {
                Box::new(SpanJson::of(trace, server, call_path, Some(content)))
            });
            let mut json = SpanJson::of(trace, span, call_path, content.as_ref());
            json.omitted = entry.omitted;
            json.server_half = server_half;
            list.serialize_element(&json)?;
        }
        list.end()
    }
}

/// A service's part of a trace.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceInTrace)]
struct ServiceJson<'a> {
    /// Its name; `unknown_service` for spans whose resource names none.
    #[schema(example = "checkout")]
    name: &'a str,
    /// How many spans it has.
    span_count: usize,
    /// How many of them have the status `error`.
    error_count: usize,
}

/// Who produced spans.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Resource)]
struct ResourceJson<'a> {
    /// All of its attributes.
    #[schema(value_type = Vec<AttributeSchema>)]
    attributes: AttributesJson<'a>,
    /// How many attributes its sender dropped; absent for none.
    #[serde(skip_serializing_if = "is_zero")]
    dropped_attributes_count: u32,
    /// The schema URL of its attributes.
    #[serde(skip_serializing_if = "str::is_empty")]
    schema_url: &'a str,
    /// OTLP's entity references.
    #[serde(skip_serializing_if = "Value::is_null")]
    entity_refs: Value,
}

impl<'a> ResourceJson<'a> {
    fn of(resource: &'a Resource) -> Result<Self, serde_json::Error> {
        Ok(Self {
            attributes: AttributesJson(&resource.attributes),
            dropped_attributes_count: resource.dropped_attributes_count,
            schema_url: &resource.schema_url,
            entity_refs: entity_refs(resource)?,
        })
    }
}

/// The instrumentation that recorded spans.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Scope)]
struct ScopeJson<'a> {
    /// Its name.
    name: &'a str,
    /// Its version.
    version: &'a str,
    /// Its attributes; absent for none.
    #[serde(skip_serializing_if = "AttributesJson::is_empty")]
    #[schema(value_type = Vec<AttributeSchema>)]
    attributes: AttributesJson<'a>,
    /// How many attributes its sender dropped; absent for none.
    #[serde(skip_serializing_if = "is_zero")]
    dropped_attributes_count: u32,
    /// The schema URL of its spans.
    #[serde(skip_serializing_if = "str::is_empty")]
    schema_url: &'a str,
}

impl<'a> ScopeJson<'a> {
    fn of(scope: &'a Scope) -> Self {
        let attributes: &Attributes = &scope.attributes;
        Self {
            name: &scope.name,
            version: &scope.version,
            attributes: AttributesJson(attributes),
            dropped_attributes_count: scope.dropped_attributes_count,
            schema_url: &scope.schema_url,
        }
    }
}
