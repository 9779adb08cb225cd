//! `SegmentObject`, alone or in a `SegmentCollection`, straight into columns.
//!
//! It reads what a generated decoder would read (the tests compare it with prost): any field
//! order, the last of a repeated scalar, unknown fields skipped. Text that is not UTF-8 refuses
//! one span, or with the service's name all of its segment, and not the request.

use super::attribute::{push_if, push_text};
use super::identity::{MAX_ID, SpanIds, trace_id};
use super::reference::SegmentReference;
use super::span::{SpanObject, read_span};
use crate::assembler::Assembler;
use crate::draft::{DraftLink, ResourceDraft, ScopeDraft, SpanDraft};
use crate::protobuf::{Depth, KnownFields, Malformed, Wire};
use crate::{DecodeError, Decoded, Refusal};

/// `SegmentCollection`: segments.
const COLLECTION_FIELDS: KnownFields = KnownFields::of(&[1]);
/// `SegmentObject`: all numbers from traceId to isSizeLimited.
const SEGMENT_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4, 5, 6]);

/// Decodes SkyWalking's `SegmentObject`. Spans that are invalid are counted in the result; see
/// [`Refusal`] for what makes a span invalid.
///
/// # Errors
/// [`DecodeError::Malformed`] when the bytes are not of this message.
pub fn decode_segment(body: &[u8]) -> Result<Decoded, DecodeError> {
    let mut decoder = Decoder::default();
    decoder
        .segment(body, Depth::ROOT)
        .map_err(|malformed| malformed_as("a protobuf SegmentObject of SkyWalking", malformed))?;
    Ok(decoder.assembler.finish())
}

/// Decodes SkyWalking's `SegmentCollection`. Spans that are invalid are counted in the result; see
/// [`Refusal`] for what makes a span invalid.
///
/// # Errors
/// [`DecodeError::Malformed`] when the bytes are not of this message.
pub fn decode_segments(body: &[u8]) -> Result<Decoded, DecodeError> {
    let mut decoder = Decoder::default();
    decoder.collection(body, Depth::ROOT).map_err(|malformed| {
        malformed_as("a protobuf SegmentCollection of SkyWalking", malformed)
    })?;
    Ok(decoder.assembler.finish())
}

fn malformed_as(form: &'static str, malformed: Malformed) -> DecodeError {
    DecodeError::malformed(form, malformed.describe())
}

#[derive(Default)]
struct Decoder<'a> {
    assembler: Assembler,
    /// Empty between two spans, kept for its memory.
    draft: SpanDraft<'static>,
    /// Those of the current span.
    references: Vec<SegmentReference<'a>>,
    link_ids: Vec<([u8; 16], [u8; 8])>,
}

/// What all spans of a segment share.
struct Segment<'a> {
    trace_id_text: &'a [u8],
    trace_id: [u8; 16],
    segment_id_text: &'a [u8],
    span_ids: SpanIds,
    is_size_limited: bool,
}

impl<'a> Decoder<'a> {
    fn collection(&mut self, bytes: &'a [u8], depth: Depth) -> Result<(), Malformed> {
        let mut wire = Wire::new(bytes);
        while !wire.is_empty() {
            match wire.key()? {
                0x0a => self.segment(wire.bytes()?, depth.enter()?)?,
                other => wire.skip(other, COLLECTION_FIELDS, depth)?,
            }
        }
        Ok(())
    }

    fn segment(&mut self, bytes: &'a [u8], depth: Depth) -> Result<(), Malformed> {
        let segment = self.begin_segment(bytes, depth)?;
        let mut wire = Wire::new(bytes);
        while !wire.is_empty() {
            match wire.key()? {
                0x1a => self.span(&segment, wire.bytes()?, depth.enter()?)?,
                other => wire.skip(other, KnownFields::NONE, depth)?,
            }
        }
        Ok(())
    }

    /// Reads everything but the spans: the service stands after them.
    fn begin_segment(&mut self, bytes: &'a [u8], depth: Depth) -> Result<Segment<'a>, Malformed> {
        let (mut trace_id_text, mut segment_id_text): (&[u8], &[u8]) = (&[], &[]);
        let (mut service, mut instance): (&[u8], &[u8]) = (&[], &[]);
        let mut is_size_limited = false;
        let mut wire = Wire::new(bytes);
        while !wire.is_empty() {
            match wire.key()? {
                0x0a => trace_id_text = wire.bytes()?,
                0x12 => segment_id_text = wire.bytes()?,
                0x1a => drop(wire.bytes()?),
                0x22 => service = wire.bytes()?,
                0x2a => instance = wire.bytes()?,
                0x30 => is_size_limited = wire.varint()? != 0,
                other => wire.skip(other, SEGMENT_FIELDS, depth)?,
            }
        }
        let mut resource = ResourceDraft::default();
        push_text(&mut resource.attributes, "service.name", service);
        push_text(&mut resource.attributes, "service.instance.id", instance);
        self.assembler.begin_resource(resource);
        self.assembler.begin_scope(&ScopeDraft::default());
        Ok(Segment {
            trace_id_text,
            trace_id: trace_id(trace_id_text),
            segment_id_text,
            span_ids: SpanIds::of_segment(segment_id_text),
            is_size_limited,
        })
    }

    fn span(
        &mut self,
        segment: &Segment<'a>,
        bytes: &'a [u8],
        depth: Depth,
    ) -> Result<(), Malformed> {
        self.references.clear();
        let mut draft = std::mem::take(&mut self.draft).recycle();
        let span = read_span(&mut draft, &mut self.references, bytes, depth)?;

        let parent = self.take_parent(segment, &span);
        if let Some(Parent::Elsewhere(reference)) = &parent {
            reference.describe(&mut draft.attributes);
        }
        let span_id = segment.span_ids.span_id(span.span_id);
        let parent_span_id = parent.map(|parent| parent.span_id(segment));
        span.fill(&mut draft);
        segment.fill(&mut draft);
        draft.fields.span_id = within_limit(segment.segment_id_text, &span_id);
        draft.fields.trace_id = within_limit(segment.trace_id_text, &segment.trace_id);
        draft.fields.parent_span_id = parent_span_id.as_ref().map_or(&[][..], |id| &id[..]);
        self.link_ids.clear();
        let ids = |reference: &SegmentReference<'_>| (reference.trace_id(), reference.span_id());
        self.link_ids.extend(self.references.iter().map(ids));
        for (reference, (trace_id, span_id)) in self.references.iter().zip(&self.link_ids) {
            let first_attribute = draft.inner_attributes.len();
            reference.describe_link(&mut draft.inner_attributes);
            draft.links.push(DraftLink {
                trace_id,
                span_id,
                attributes: first_attribute..draft.inner_attributes.len(),
                ..DraftLink::default()
            });
        }
        if span.has_times() {
            self.assembler.push(&draft);
        } else {
            let detail = "a span does not say when it began and ended".to_owned();
            self.assembler.refuse(Refusal::Field, &draft.fields, detail);
        }
        self.draft = draft.recycle();
        Ok(())
    }

    /// Finds the parent; the reference that names it is taken away from those that become links.
    fn take_parent(&mut self, segment: &Segment<'a>, span: &SpanObject<'a>) -> Option<Parent<'a>> {
        if let Some(number) = span.parent_within_segment() {
            return Some(Parent::Within(number));
        }
        let is_parent =
            |reference: &SegmentReference<'_>| reference.is_within(segment.trace_id_text);
        let position = self.references.iter().position(is_parent)?;
        Some(Parent::Elsewhere(self.references.remove(position)))
    }
}

enum Parent<'a> {
    /// The span of this number in the same segment.
    Within(i32),
    Elsewhere(SegmentReference<'a>),
}

impl Parent<'_> {
    fn span_id(&self, segment: &Segment<'_>) -> [u8; 8] {
        match self {
            Self::Within(number) => segment.span_ids.span_id(*number),
            Self::Elsewhere(reference) => reference.span_id(),
        }
    }
}

impl<'a> Segment<'a> {
    /// Appends what is the same for all spans.
    fn fill(&self, draft: &mut SpanDraft<'a>) {
        let attributes = &mut draft.attributes;
        push_text(attributes, "skywalking.trace_id", self.trace_id_text);
        push_text(attributes, "skywalking.segment_id", self.segment_id_text);
        push_if(attributes, "skywalking.size_limited", self.is_size_limited);
    }
}

/// The bytes of an id, or none, with which the span is refused, when its text is missing or so
/// long that no agent made it.
fn within_limit<'a>(text: &[u8], id: &'a [u8]) -> &'a [u8] {
    if (1..=MAX_ID).contains(&text.len()) {
        id
    } else {
        &[]
    }
}

#[cfg(test)]
mod tests;
