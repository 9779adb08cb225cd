//! Spans as sent to drafts of spans: one, or two where a record holds both halves of a call.

use schemas::{CallPath, SpanId, TraceId};
use serde_json::Deserializer;

use super::annotations::{Annotation, Annotations, Value};
use super::body::SentSpan;
use super::halves::{Fault, Half, SentTimes, check_time, halves};
use super::ids::{SENT_TRACE_ID, parent_span_id, span_id};
use super::model::{Endpoint, Names, Object, Span, Text};
use crate::assembler::Assembler;
use crate::draft::{DraftAttribute, DraftEvent, DraftFields, DraftValue, ResourceDraft, SpanDraft};
use crate::{Decoded, Refusal};

/// The longest reason that an answer tells, in characters.
const SHOWN_REASON: usize = 300;
/// The longest part of a sent id that an answer repeats, in characters.
const SHOWN_ID: usize = 60;

/// The rows of a body, being made.
#[derive(Debug, Default)]
pub(super) struct Rows<'a> {
    assembler: Assembler,
    /// How many spans were read, refused ones included.
    read: u64,
    /// The service of the current resource.
    service: Option<Option<Text<'a>>>,
}

impl<'a> Rows<'a> {
    pub(super) fn push(&mut self, sent: SentSpan<'a>) {
        self.read += 1;
        match sent.content {
            Ok(span) => {
                if let Err(fault) = self.push_span(&span) {
                    self.refuse(&fault, Some(span.span_id.as_str()), span.name.bytes());
                }
            }
            Err(error) => {
                let fault = Fault::new(Refusal::Field, error.to_string());
                let names = names(sent.text);
                let span_id = names.span_id.as_ref().map(Text::as_str);
                self.refuse(&fault, span_id, bytes(names.name.as_ref()));
            }
        }
    }

    pub(super) fn finish(self) -> Decoded {
        self.assembler.finish()
    }

    fn push_span(&mut self, span: &Span<'a>) -> Result<(), Fault> {
        let trace_id = span.trace_id.mapped();
        let trace_id = trace_id.map_err(|error| Fault::new(Refusal::TraceId, error.to_string()))?;
        let path = CallPath::parse(span.span_id.as_str())
            .map_err(|error| Fault::new(Refusal::CallPath, error.to_string()))?;
        let no_annotations = Annotations::default();
        let annotations = span.annotations.as_ref().unwrap_or(&no_annotations);
        let times = SentTimes {
            start: span.start.map(|time| time.0),
            duration: span.duration.map(|time| time.0),
        };
        let halves = halves(span.kind.map(|kind| kind.0), times, annotations.stages)?;
        check_events(annotations)?;
        let sides = Sides::of(span)?;
        let sent_trace_id = span.trace_id.verbatim();

        let call = Call {
            trace_id,
            path,
            name: span.name.bytes(),
            sent_trace_id: sent_trace_id.as_deref(),
        };
        let own = call.half(&halves.own);
        let mut draft = call.draft(&own, &halves.own, sides);
        if let Some(status) = &span.status {
            draft.fields.status_code = i32::from(status.code.number());
            draft.fields.status_message = bytes(status.message.as_ref());
        }
        write_annotations(&mut draft, annotations);
        for (stage, time) in halves.further_stages.iter() {
            draft.events.push(DraftEvent {
                time_unix_nano: time,
                name: stage.name().as_bytes(),
                ..DraftEvent::default()
            });
        }
        self.begin_resource(sides.service);
        self.assembler.push(&draft);
        if let Some(half) = &halves.other {
            let other = call.half(half);
            self.begin_resource(sides.peer_service);
            self.assembler
                .push(&call.draft(&other, half, sides.swapped()));
        }
        Ok(())
    }

    /// Begins the resource of a service, unless the span before had the same.
    fn begin_resource(&mut self, service: Option<&Text<'a>>) {
        if self.service.as_ref().map(Option::as_ref) == Some(service) {
            return;
        }
        let mut draft = ResourceDraft::default();
        if let Some(name) = service {
            draft.attributes.push(DraftAttribute {
                key: b"service.name",
                value: DraftValue::String(name.bytes()),
            });
        }
        self.assembler.begin_resource(draft);
        self.service = Some(service.cloned());
    }

    fn refuse(&mut self, fault: &Fault, span_id: Option<&str>, name: &[u8]) {
        let reason: String = fault.message.chars().take(SHOWN_REASON).collect();
        let number = self.read;
        let detail = match span_id {
            Some(id) => {
                let id: String = id.chars().take(SHOWN_ID).collect();
                format!("span {number} (spanId {id:?}): {reason}")
            }
            None => format!("span {number}: {reason}"),
        };
        let fields = DraftFields {
            name,
            ..DraftFields::default()
        };
        self.assembler.refuse(fault.refusal, &fields, detail);
    }
}

/// The names in a text that is no span, as far as it has any.
fn names(text: &[u8]) -> Names<'_> {
    let mut values = Deserializer::from_slice(text).into_iter::<Object<Names<'_>>>();
    match values.next() {
        Some(Ok(Object(names))) => names,
        Some(Err(_)) | None => Names::default(),
    }
}

/// What both halves of a record share.
struct Call<'a> {
    trace_id: TraceId,
    path: CallPath<'a>,
    name: &'a [u8],
    sent_trace_id: Option<&'a str>,
}

/// The ids of a half.
struct HalfIds {
    span_id: SpanId,
    parent: Option<SpanId>,
}

impl<'a> Call<'a> {
    fn half(&self, half: &Half) -> HalfIds {
        HalfIds {
            span_id: span_id(self.trace_id, self.path, half.side),
            parent: parent_span_id(self.trace_id, self.path, half.kind),
        }
    }

    fn draft(&'a self, ids: &'a HalfIds, half: &Half, sides: Sides<'a, '_>) -> SpanDraft<'a> {
        let fields = DraftFields {
            trace_id: &self.trace_id.0,
            span_id: &ids.span_id.0,
            parent_span_id: ids.parent.as_ref().map_or(&[], |parent| &parent.0),
            call_path: Some(self.path.as_str()),
            name: self.name,
            kind: i32::from(half.kind.number()),
            start_time_unix_nano: half.start,
            end_time_unix_nano: half.end,
            ..DraftFields::default()
        };
        let mut draft = SpanDraft {
            fields,
            ..SpanDraft::default()
        };
        if let Some(sent) = self.sent_trace_id {
            draft.attributes.push(DraftAttribute {
                key: SENT_TRACE_ID.as_bytes(),
                value: DraftValue::String(sent.as_bytes()),
            });
        }
        sides.write(&mut draft.attributes);
        draft
    }
}

/// The two sides of a call, as one of them sees it.
#[derive(Clone, Copy)]
struct Sides<'a, 'b> {
    service: Option<&'a Text<'b>>,
    local: Address<'a, 'b>,
    peer_service: Option<&'a Text<'b>>,
    peer: Address<'a, 'b>,
}

#[derive(Clone, Copy, Default)]
struct Address<'a, 'b> {
    address: Option<&'a Text<'b>>,
    port: Option<u16>,
}

impl<'a, 'b> Sides<'a, 'b> {
    fn of(span: &'a Span<'b>) -> Result<Self, Fault> {
        let (local_service, local) = endpoint(span.local.as_ref());
        let (peer_service, peer) = endpoint(span.remote.as_ref());
        let service = span.service.as_ref().or(local_service);
        if local_service.is_some() && local_service != service {
            let message = "service and local.service differ";
            return Err(Fault::new(Refusal::Field, message));
        }
        Ok(Self {
            service,
            local,
            peer_service,
            peer,
        })
    }

    /// The same call as the other side sees it.
    fn swapped(self) -> Self {
        Self {
            service: self.peer_service,
            local: self.peer,
            peer_service: self.service,
            peer: self.local,
        }
    }

    fn write(self, attributes: &mut Vec<DraftAttribute<'a>>) {
        let mut put = |key: &'static str, value: Option<DraftValue<'a>>| {
            attributes.extend(value.map(|value| DraftAttribute {
                key: key.as_bytes(),
                value,
            }));
        };
        let text = |text: &'a Text<'b>| DraftValue::String(text.bytes());
        let port = |port: u16| DraftValue::Int(i64::from(port));
        put("network.local.address", self.local.address.map(text));
        put("network.local.port", self.local.port.map(port));
        put("peer.service", self.peer_service.map(text));
        put("network.peer.address", self.peer.address.map(text));
        put("network.peer.port", self.peer.port.map(port));
    }
}

fn endpoint<'a, 'b>(
    endpoint: Option<&'a Object<Endpoint<'b>>>,
) -> (Option<&'a Text<'b>>, Address<'a, 'b>) {
    let Some(Object(endpoint)) = endpoint else {
        return (None, Address::default());
    };
    let address = Address {
        address: endpoint.address.as_ref(),
        port: endpoint.port,
    };
    (endpoint.service.as_ref(), address)
}

fn check_events(annotations: &Annotations<'_>) -> Result<(), Fault> {
    for (key, annotation) in &annotations.entries {
        if let Annotation::Events(events) = annotation {
            for Object(event) in events {
                check_time(event.time.0, key.as_str())?;
            }
        }
    }
    Ok(())
}

/// Values become attributes, timed events become events.
fn write_annotations<'a>(draft: &mut SpanDraft<'a>, annotations: &'a Annotations<'_>) {
    for (key, annotation) in &annotations.entries {
        match annotation {
            Annotation::Value(value) => draft.attributes.push(attribute(key.bytes(), value)),
            Annotation::Events(events) => {
                for Object(event) in events {
                    let first = draft.inner_attributes.len();
                    let value = event.value.as_ref();
                    draft
                        .inner_attributes
                        .extend(value.map(|value| attribute(b"value", value)));
                    draft.events.push(DraftEvent {
                        time_unix_nano: event.time.0,
                        name: key.bytes(),
                        attributes: first..draft.inner_attributes.len(),
                        ..DraftEvent::default()
                    });
                }
            }
        }
    }
}

fn attribute<'a>(key: &'a [u8], value: &'a Value<'_>) -> DraftAttribute<'a> {
    let value = match value {
        Value::Empty => DraftValue::Empty,
        Value::Bool(truth) => DraftValue::Bool(*truth),
        Value::Int(number) => DraftValue::Int(*number),
        Value::Double(number) => DraftValue::Double(*number),
        Value::String(text) => DraftValue::String(text.bytes()),
    };
    DraftAttribute { key, value }
}

fn bytes<'a>(text: Option<&'a Text<'_>>) -> &'a [u8] {
    text.map_or(&[], Text::bytes)
}
