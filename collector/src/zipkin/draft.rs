//! From Zipkin's spans to drafts: when each began, whose it is, and what its tags mean.

use std::collections::HashMap;

use schemas::{SpanKind, StatusCode, UnixNanos};

use super::endpoint::Endpoint;
use super::span::{Kind, Span, Spans};
use crate::Decoded;
use crate::assembler::Assembler;
use crate::draft::{
    DraftAttribute, DraftEvent, DraftFields, DraftValue, ResourceDraft, ScopeDraft, SpanDraft,
};

const NANOS_IN_MICRO: u64 = 1_000;
/// The last microsecond whose nanoseconds fit 64 signed bits.
const MAX_MICROS: u64 = i64::MAX.cast_unsigned() / NANOS_IN_MICRO;
/// A number that OTLP does not define, so that the sender is warned.
const UNDEFINED_KIND: i32 = -1;

/// The batch of a request's spans.
pub(super) fn assemble(spans: &Spans<'_>, arrival: UnixNanos) -> Decoded {
    let mut assembler = Assembler::default();
    let mut draft = SpanDraft::default();
    let mut owner = None;
    let starts = Starts::new(spans, arrival);
    for span in &spans.list {
        let scope = write_draft(&mut draft, spans, span, starts.start_nanos(span));
        let next = Owner {
            service_name: &span.local.service_name,
            scope,
        };
        if owner != Some(next) {
            next.begin(&mut assembler);
            owner = Some(next);
        }
        assembler.push(&draft);
    }
    assembler.finish()
}

/// Whose a span is; requests hold many spans of one owner.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Owner<'a> {
    service_name: &'a [u8],
    scope: Scope<'a>,
}

/// The instrumentation's name and version, when tags tell it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Scope<'a> {
    name: &'a [u8],
    version: &'a [u8],
}

impl<'a> Owner<'a> {
    fn begin(self, assembler: &mut Assembler) {
        let mut resource = ResourceDraft::default();
        if !self.service_name.is_empty() {
            resource
                .attributes
                .push(string(b"service.name", self.service_name));
        }
        assembler.begin_resource(resource);
        assembler.begin_scope(&ScopeDraft {
            name: self.scope.name,
            version: self.scope.version,
            ..ScopeDraft::default()
        });
    }
}

/// When spans began.
struct Starts<'s, 'a> {
    spans: &'s Spans<'a>,
    arrival_nanos: u64,
    /// The earliest time of each trace in microseconds, when a span needs it.
    of_traces: HashMap<[u8; 16], u64>,
}

impl<'s, 'a> Starts<'s, 'a> {
    fn new(spans: &'s Spans<'a>, arrival: UnixNanos) -> Self {
        let mut starts = Self {
            spans,
            arrival_nanos: u64::try_from(arrival.0).unwrap_or(0),
            of_traces: HashMap::new(),
        };
        if spans.list.iter().any(|span| starts.own(span).is_none()) {
            for span in &spans.list {
                // A span that is refused for its time tells nothing of others.
                if let Some(start) = starts.own(span).filter(|&start| start <= MAX_MICROS) {
                    let earliest = starts.of_traces.entry(span.trace_id).or_insert(start);
                    *earliest = start.min(*earliest);
                }
            }
        }
        starts
    }

    /// What the span itself tells, in microseconds.
    fn own(&self, span: &Span<'_>) -> Option<u64> {
        if span.timestamp > 0 {
            return Some(span.timestamp);
        }
        let annotations = &self.spans.annotations[span.annotations.clone()];
        let times = annotations.iter().map(|annotation| annotation.timestamp);
        times.filter(|&time| time > 0).min()
    }

    fn start_nanos(&self, span: &Span<'_>) -> u64 {
        self.own(span)
            .or_else(|| self.of_traces.get(&span.trace_id).copied())
            .map_or(self.arrival_nanos, nanos)
    }
}

/// Nanoseconds of microseconds; what is too late for 64 bits is refused later.
fn nanos(micros: u64) -> u64 {
    micros.saturating_mul(NANOS_IN_MICRO)
}

/// Writes a span into `draft`, in place of what it held; its scope is told apart.
fn write_draft<'s>(
    draft: &mut SpanDraft<'s>,
    spans: &'s Spans<'_>,
    span: &'s Span<'_>,
    start: u64,
) -> Scope<'s> {
    draft.clear();
    draft.fields = DraftFields {
        trace_id: &span.trace_id,
        span_id: &span.id,
        parent_span_id: &span.parent_id,
        name: &span.name,
        kind: match span.kind {
            Kind::None => i32::from(SpanKind::Unspecified.number()),
            Kind::Known(kind) => i32::from(kind.number()),
            Kind::Undefined => UNDEFINED_KIND,
        },
        start_time_unix_nano: start,
        end_time_unix_nano: start.saturating_add(nanos(span.duration)),
        ..DraftFields::default()
    };
    for annotation in &spans.annotations[span.annotations.clone()] {
        draft.events.push(DraftEvent {
            time_unix_nano: match annotation.timestamp {
                0 => start,
                micros => nanos(micros),
            },
            name: &annotation.value,
            ..DraftEvent::default()
        });
    }
    let meaning = read_tags(draft, spans, span);
    draft.fields.trace_state = meaning.trace_state;
    set_status(draft, &meaning);
    write_endpoint(&mut draft.attributes, &LOCAL, &span.local);
    write_endpoint(&mut draft.attributes, &REMOTE, &span.remote);
    for (key, is_set) in [
        ("zipkin.shared", span.is_shared),
        ("zipkin.debug", span.is_debug),
    ] {
        if is_set {
            draft
                .attributes
                .push(attribute(key, DraftValue::Bool(true)));
        }
    }
    meaning.scope
}

/// What tags say that is no attribute.
#[derive(Default)]
struct Meaning<'s> {
    status_code: Option<StatusCode>,
    status_message: &'s [u8],
    error: Option<&'s [u8]>,
    trace_state: &'s [u8],
    scope: Scope<'s>,
}

/// Reads the tags of a span; those without a meaning of their own become attributes.
fn read_tags<'s>(
    draft: &mut SpanDraft<'s>,
    spans: &'s Spans<'_>,
    span: &'s Span<'_>,
) -> Meaning<'s> {
    let mut meaning = Meaning::default();
    for tag in &spans.tags[span.tags.clone()] {
        let value = &*tag.value;
        let is_taken = match &*tag.key {
            b"error" if meaning.error.is_none() => {
                meaning.error = Some(value);
                true
            }
            b"otel.status_code" => take_status_code(&mut meaning.status_code, value),
            b"otel.status_description" => take(&mut meaning.status_message, value),
            b"otel.scope.name" | b"otel.library.name" => take(&mut meaning.scope.name, value),
            b"otel.scope.version" | b"otel.library.version" => {
                take(&mut meaning.scope.version, value)
            }
            b"w3c.tracestate" => take(&mut meaning.trace_state, value),
            key => {
                is_of_endpoint(&LOCAL, &span.local, key, value)
                    || is_of_endpoint(&REMOTE, &span.remote, key, value)
            }
        };
        if !is_taken {
            draft.attributes.push(string(&tag.key, value));
        }
    }
    meaning
}

/// Takes a text that was not told before, or told alike.
fn take<'s>(place: &mut &'s [u8], value: &'s [u8]) -> bool {
    let is_free = place.is_empty() || *place == value;
    if is_free {
        *place = value;
    }
    is_free
}

fn take_status_code(place: &mut Option<StatusCode>, value: &[u8]) -> bool {
    let codes = [StatusCode::Unset, StatusCode::Ok, StatusCode::Error];
    let named = |code: &StatusCode| value.eq_ignore_ascii_case(code.name().as_bytes());
    let code = codes.into_iter().find(named);
    *place = place.or(code);
    code.is_some() && *place == code
}

/// The tag `error` makes a span fail, unless it is `false` or the status is said to be fine.
/// Its value tells why, unless it only says `true` or another tag told.
fn set_status<'s>(draft: &mut SpanDraft<'s>, meaning: &Meaning<'s>) {
    let mut code = meaning.status_code.unwrap_or_default();
    let mut message = meaning.status_message;
    if let Some(error) = meaning.error {
        let is_error = code != StatusCode::Ok && !error.eq_ignore_ascii_case(b"false");
        let says_why = !error.is_empty() && !error.eq_ignore_ascii_case(b"true");
        if is_error {
            code = StatusCode::Error;
        }
        if !is_error || says_why && !take(&mut message, error) {
            draft.attributes.push(string(b"error", error));
        }
    }
    draft.fields.status_code = i32::from(code.number());
    draft.fields.status_message = message;
}

/// The attributes of an endpoint. That of a local one's service is the resource's.
struct EndpointKeys {
    service: Option<&'static str>,
    address: &'static str,
    ipv6: &'static str,
    port: &'static str,
}

const LOCAL: EndpointKeys = EndpointKeys {
    service: None,
    address: "network.local.address",
    ipv6: "network.local.ipv6",
    port: "network.local.port",
};

const REMOTE: EndpointKeys = EndpointKeys {
    service: Some("peer.service"),
    address: "network.peer.address",
    ipv6: "network.peer.ipv6",
    port: "network.peer.port",
};

fn write_endpoint<'s>(
    attributes: &mut Vec<DraftAttribute<'s>>,
    keys: &EndpointKeys,
    endpoint: &'s Endpoint<'_>,
) {
    let service = keys.service.map(|key| (key, &*endpoint.service_name));
    let address = (keys.address, endpoint.address());
    let ipv6 = (keys.ipv6, endpoint.second_address());
    for (key, text) in service.into_iter().chain([address, ipv6]) {
        if !text.is_empty() {
            attributes.push(attribute(key, DraftValue::String(text)));
        }
    }
    if endpoint.port > 0 {
        attributes.push(attribute(keys.port, DraftValue::Int(endpoint.port)));
    }
}

/// Whether a tag repeats what the endpoint says, as tags of OpenTelemetry's exporters do.
fn is_of_endpoint(keys: &EndpointKeys, endpoint: &Endpoint<'_>, key: &[u8], value: &[u8]) -> bool {
    if value.is_empty() {
        return false;
    }
    let is = |name: &str| key == name.as_bytes();
    if keys.service.is_some_and(is) {
        return *endpoint.service_name == *value;
    }
    if is(keys.port) {
        return value == endpoint.port.to_string().as_bytes();
    }
    is(keys.address) && value == endpoint.address()
}

fn string<'s>(key: &'s [u8], value: &'s [u8]) -> DraftAttribute<'s> {
    DraftAttribute {
        key,
        value: DraftValue::String(value),
    }
}

fn attribute<'s>(key: &'static str, value: DraftValue<'s>) -> DraftAttribute<'s> {
    DraftAttribute {
        key: key.as_bytes(),
        value,
    }
}
