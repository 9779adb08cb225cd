//! Checks drafts and appends the valid ones to a batch: the one place that knows what is valid.

use schemas::{
    AttributeRef, EventRow, LinkRow, ResourceRow, ScopeRow, SpanBatchBuilder, SpanId, SpanKind,
    SpanRow, StatusCode, TraceId, UnixNanos,
};

use crate::Decoded;
use crate::draft::{
    DraftAttribute, DraftFields, DraftValue, NestedText, ResourceDraft, ScopeDraft, SpanDraft,
    recycle,
};
use crate::refusal::{Refusal, Refusals};

type Attribute<'a> = (&'a str, AttributeRef<'a>);

/// How many refused spans are told one by one.
pub(crate) const MAX_DETAILS: usize = 100;

/// A batch being made.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    builder: SpanBatchBuilder,
    refusals: Refusals,
    details: Vec<String>,
    /// What is wrong with the current resource or scope, and so with all of its spans.
    resource_fault: Option<Refusal>,
    scope_fault: Option<Refusal>,
    // Lists of borrowed rows; empty between two spans, kept for their memory.
    attributes: Vec<Attribute<'static>>,
    inner_attributes: Vec<Attribute<'static>>,
    events: Vec<EventRow<'static>>,
    links: Vec<LinkRow<'static>>,
}

impl Assembler {
    /// Begins the spans of a resource; their scope is to be told next.
    pub(crate) fn begin_resource(&mut self, draft: ResourceDraft<'_>) {
        self.resource_fault = None;
        let mut attributes = std::mem::take(&mut self.attributes);
        let has_bad_entities = draft.entity_refs.not_utf8;
        let entity_refs = draft.entity_refs.finish();
        let mut read = || {
            let schema_url = text(draft.schema_url)?;
            if has_bad_entities {
                return Err(Refusal::NotUtf8);
            }
            read_attributes(&draft.attributes, &draft.nested, &mut attributes)?;
            check_nested(&draft.nested).map(|()| schema_url)
        };
        match read() {
            Ok(schema_url) => self.builder.set_resource(&ResourceRow {
                attributes: &attributes,
                dropped_attributes_count: draft.dropped_attributes_count,
                schema_url,
                entity_refs: &entity_refs,
            }),
            Err(Refusal::TooDeep) => self.resource_fault = Some(Refusal::ResourceTooDeep),
            Err(_) => self.resource_fault = Some(Refusal::ResourceNotUtf8),
        }
        self.attributes = recycle(attributes);
    }

    /// Begins the spans of a scope of the current resource.
    pub(crate) fn begin_scope(&mut self, draft: &ScopeDraft<'_>) {
        self.scope_fault = None;
        let mut attributes = std::mem::take(&mut self.attributes);
        let mut read = || {
            read_attributes(&draft.attributes, &draft.nested, &mut attributes)?;
            let texts = (
                text(draft.name)?,
                text(draft.version)?,
                text(draft.schema_url)?,
            );
            check_nested(&draft.nested).map(|()| texts)
        };
        match read() {
            Ok((name, version, schema_url)) => self.builder.set_scope(&ScopeRow {
                name,
                version,
                attributes: &attributes,
                dropped_attributes_count: draft.dropped_attributes_count,
                schema_url,
            }),
            Err(Refusal::TooDeep) => self.scope_fault = Some(Refusal::ScopeTooDeep),
            Err(_) => self.scope_fault = Some(Refusal::ScopeNotUtf8),
        }
        self.attributes = recycle(attributes);
    }

    /// Appends a span of the current resource and scope, or counts it as refused.
    pub(crate) fn push(&mut self, draft: &SpanDraft<'_>) {
        let mut attributes = std::mem::take(&mut self.attributes);
        let mut inner_attributes = std::mem::take(&mut self.inner_attributes);
        let mut events = std::mem::take(&mut self.events);
        let mut links = std::mem::take(&mut self.links);

        let owner_fault = self.resource_fault.or(self.scope_fault);
        let fields = match owner_fault {
            Some(refusal) => Err(refusal),
            None => read_fields(draft).and_then(|row| {
                read_attributes(&draft.attributes, &draft.nested, &mut attributes)?;
                read_attributes(
                    &draft.inner_attributes,
                    &draft.nested,
                    &mut inner_attributes,
                )?;
                read_events(draft, &inner_attributes, &mut events)?;
                read_links(draft, &inner_attributes, &mut links)?;
                check_nested(&draft.nested).map(|()| row)
            }),
        };
        match fields {
            Ok(row) => {
                if !is_defined(draft) {
                    self.refusals.add_undefined_number();
                }
                self.builder.push(&SpanRow {
                    attributes: &attributes,
                    events: &events,
                    links: &links,
                    ..row
                });
            }
            Err(refusal) => self
                .refusals
                .add(refusal, draft.fields.name, draft.fields.span_id),
        }

        self.events = recycle(events);
        self.links = recycle(links);
        self.attributes = recycle(attributes);
        self.inner_attributes = recycle(inner_attributes);
    }

    /// Counts a span as refused that the decoder of its protocol found invalid, and keeps `detail`
    /// for the sender.
    pub(crate) fn refuse(&mut self, refusal: Refusal, draft: &DraftFields<'_>, detail: String) {
        self.refusals.add(refusal, draft.name, draft.span_id);
        if self.details.len() < MAX_DETAILS {
            self.details.push(detail);
        }
    }

    pub(crate) fn finish(self) -> Decoded {
        Decoded {
            batch: self.builder.finish(),
            rejected: self.refusals.total(),
            reason: self.refusals.describe(),
            details: self.details,
            refused: self.refusals.counts,
        }
    }
}

/// Checks ids before times, and both before texts: the order of [`Refusal`].
fn read_fields<'a>(draft: &SpanDraft<'a>) -> Result<SpanRow<'a>, Refusal> {
    let fields = &draft.fields;
    let trace_id = TraceId::from_wire(fields.trace_id).ok_or(Refusal::TraceId)?;
    let span_id = SpanId::from_wire(fields.span_id).ok_or(Refusal::SpanId)?;
    let parent = id_or_zeros(fields.parent_span_id).ok_or(Refusal::ParentSpanId)?;
    for link in &draft.links {
        let has_lengths =
            id_or_zeros::<16>(link.trace_id).is_some() && id_or_zeros::<8>(link.span_id).is_some();
        if !has_lengths {
            return Err(Refusal::LinkId);
        }
    }
    let start = time(fields.start_time_unix_nano)?;
    let end = time(fields.end_time_unix_nano)?;
    if draft
        .events
        .iter()
        .any(|event| time(event.time_unix_nano).is_err())
    {
        return Err(Refusal::TimeOutOfRange);
    }
    if end < start {
        return Err(Refusal::EndBeforeStart);
    }
    Ok(SpanRow {
        parent_span_id: (parent != [0; 8]).then_some(SpanId(parent)),
        call_path: fields.call_path,
        start,
        duration_nano: end.0 - start.0,
        name: text(fields.name)?,
        kind: SpanKind::from_number(fields.kind),
        status_code: StatusCode::from_number(fields.status_code),
        status_message: text(fields.status_message)?,
        trace_state: text(fields.trace_state)?,
        flags: fields.flags,
        dropped_attributes_count: fields.dropped_attributes_count,
        dropped_events_count: fields.dropped_events_count,
        dropped_links_count: fields.dropped_links_count,
        ..SpanRow::new(trace_id, span_id)
    })
}

fn is_defined(draft: &SpanDraft<'_>) -> bool {
    let fields = &draft.fields;
    i32::from(SpanKind::from_number(fields.kind).number()) == fields.kind
        && i32::from(StatusCode::from_number(fields.status_code).number()) == fields.status_code
}

fn read_attributes<'a>(
    drafts: &[DraftAttribute<'a>],
    nested: &'a NestedText,
    attributes: &mut Vec<Attribute<'a>>,
) -> Result<(), Refusal> {
    for draft in drafts {
        let value = match &draft.value {
            DraftValue::Empty => AttributeRef::Empty,
            DraftValue::String(bytes) => AttributeRef::String(text(bytes)?),
            DraftValue::Bool(truth) => AttributeRef::Bool(*truth),
            DraftValue::Int(number) => AttributeRef::Int(*number),
            DraftValue::Double(number) => AttributeRef::Double(*number),
            DraftValue::Bytes(bytes) => AttributeRef::Bytes(bytes),
            DraftValue::Nested(range) => AttributeRef::TypedJson(
                nested
                    .text
                    .get(range.clone())
                    .expect("the range was written as whole values"),
            ),
        };
        attributes.push((text(draft.key)?, value));
    }
    Ok(())
}

fn read_events<'a>(
    draft: &SpanDraft<'a>,
    attributes: &'a [Attribute<'a>],
    events: &mut Vec<EventRow<'a>>,
) -> Result<(), Refusal> {
    for event in &draft.events {
        events.push(EventRow {
            time: time(event.time_unix_nano)?,
            name: text(event.name)?,
            attributes: &attributes[event.attributes.clone()],
            dropped_attributes_count: event.dropped_attributes_count,
        });
    }
    Ok(())
}

fn read_links<'a>(
    draft: &SpanDraft<'a>,
    attributes: &'a [Attribute<'a>],
    links: &mut Vec<LinkRow<'a>>,
) -> Result<(), Refusal> {
    for link in &draft.links {
        links.push(LinkRow {
            trace_id: TraceId(id_or_zeros(link.trace_id).ok_or(Refusal::LinkId)?),
            span_id: SpanId(id_or_zeros(link.span_id).ok_or(Refusal::LinkId)?),
            trace_state: text(link.trace_state)?,
            attributes: &attributes[link.attributes.clone()],
            dropped_attributes_count: link.dropped_attributes_count,
            flags: link.flags,
        });
    }
    Ok(())
}

fn check_nested(nested: &NestedText) -> Result<(), Refusal> {
    match (nested.fault.not_utf8, nested.fault.too_deep) {
        (true, _) => Err(Refusal::NotUtf8),
        (false, true) => Err(Refusal::TooDeep),
        (false, false) => Ok(()),
    }
}

fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| Refusal::NotUtf8)
}

fn time(nanos: u64) -> Result<UnixNanos, Refusal> {
    i64::try_from(nanos)
        .map(UnixNanos)
        .map_err(|_| Refusal::TimeOutOfRange)
}

/// An id that may be missing: zeros for none, as protobuf knows no difference.
fn id_or_zeros<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    if bytes.is_empty() {
        return Some([0; N]);
    }
    bytes.try_into().ok()
}
