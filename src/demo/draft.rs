//! Spans in the making, and how they become the SDK's.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::fleet::{InstanceIndex, SCHEMA_URL};

/// A span in the making; times count from the start of the trace.
#[derive(Debug)]
pub(super) struct Draft {
    pub instance: InstanceIndex,
    pub end: Duration,
    pub span_id: SpanId,
    pub parent: Parent,
    pub kind: SpanKind,
    pub start: Duration,
    pub name: Cow<'static, str>,
    pub scope: (&'static str, &'static str),
    pub attributes: Vec<KeyValue>,
    pub exception: Option<(Duration, Vec<KeyValue>)>,
    pub links: Vec<LinkTo>,
    pub status: Status,
}

/// The sender of a message that a span works on.
#[derive(Debug)]
pub(super) enum LinkTo {
    ThisTrace(SpanId),
    OtherTrace(SpanContext),
}

/// The span that caused another one, in the same process or in another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parent {
    None,
    Local(SpanId),
    Remote(SpanId),
}

impl Draft {
    /// The finished span of a trace that began at `trace_start`; `context` adds the trace id.
    pub(super) fn into_span(
        self,
        trace_start: SystemTime,
        context: &impl Fn(SpanId, bool) -> SpanContext,
    ) -> SpanData {
        let (parent_span_id, parent_span_is_remote) = match self.parent {
            Parent::None => (SpanId::INVALID, false),
            Parent::Local(span_id) => (span_id, false),
            Parent::Remote(span_id) => (span_id, true),
        };
        let mut events = SpanEvents::default();
        events.events = self
            .exception
            .into_iter()
            .map(|(at, attributes)| Event::new("exception", trace_start + at, attributes, 0))
            .collect();
        let mut links = SpanLinks::default();
        links.links = self
            .links
            .into_iter()
            .map(|link| match link {
                LinkTo::ThisTrace(span_id) => Link::with_context(context(span_id, true)),
                LinkTo::OtherTrace(sender) => Link::with_context(sender),
            })
            .collect();
        SpanData {
            span_context: context(self.span_id, false),
            parent_span_id,
            parent_span_is_remote,
            span_kind: self.kind,
            name: self.name,
            start_time: trace_start + self.start,
            end_time: trace_start + self.end,
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events,
            links,
            status: self.status,
            instrumentation_scope: InstrumentationScope::builder(self.scope.0)
                .with_version(self.scope.1)
                .with_schema_url(SCHEMA_URL)
                .build(),
        }
    }
}
