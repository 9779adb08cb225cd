//! Spans as a test knows them, and as it sends them.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
pub(crate) use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use crate::batches::text;

/// A span that was sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    pub(crate) parent: Option<[u8; 8]>,
    pub(crate) kind: SpanKind,
    /// Empty for a span that names none.
    pub(crate) service: String,
    pub(crate) name: String,
    /// Nanoseconds since 1970.
    pub(crate) start: i64,
    /// Nanoseconds.
    pub(crate) duration: i64,
    pub(crate) is_error: bool,
    /// What it says of the other end of a call.
    pub(crate) attributes: Vec<(&'static str, String)>,
}

impl Sent {
    /// What makes a span the same one when it is sent again.
    fn identity(&self) -> impl Ord + use<> {
        (
            (self.trace_id, self.span_id, self.kind),
            (self.start, self.duration, self.is_error),
            (self.service.clone(), self.name.clone()),
        )
    }

    /// The first of some attributes that it has.
    pub(crate) fn first(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| {
            let mut attributes = self.attributes.iter();
            let (_, value) = attributes.find(|(own, _)| own == key)?;
            Some(value.as_str())
        })
    }
}

/// Each span once.
pub(crate) fn distinct(spans: &[Sent]) -> Vec<&Sent> {
    let mut distinct: Vec<&Sent> = spans.iter().collect();
    distinct.sort_by_cached_key(|span| span.identity());
    distinct.dedup_by(|next, one| next.identity() == one.identity());
    distinct
}

/// The request that sends some spans, each service's under a resource of its own.
pub(crate) fn request(spans: &[Sent]) -> ExportTraceServiceRequest {
    let mut by_service = BTreeMap::<&str, Vec<Span>>::new();
    for span in spans {
        by_service
            .entry(&span.service)
            .or_default()
            .push(otlp(span));
    }
    let resource_spans = by_service
        .into_iter()
        .map(|(service, spans)| ResourceSpans {
            resource: (!service.is_empty()).then(|| Resource {
                attributes: vec![text("service.name", service)],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        });
    ExportTraceServiceRequest {
        resource_spans: resource_spans.collect(),
    }
}

fn otlp(span: &Sent) -> Span {
    let attributes = span.attributes.iter();
    Span {
        trace_id: span.trace_id.to_vec(),
        span_id: span.span_id.to_vec(),
        parent_span_id: span.parent.map(|id| id.to_vec()).unwrap_or_default(),
        name: span.name.clone(),
        kind: span.kind.into(),
        start_time_unix_nano: u64::try_from(span.start).unwrap(),
        end_time_unix_nano: u64::try_from(span.start + span.duration).unwrap(),
        attributes: attributes.map(|(key, value)| text(key, value)).collect(),
        status: span.is_error.then(|| Status {
            code: StatusCode::Error.into(),
            ..Status::default()
        }),
        ..Span::default()
    }
}
