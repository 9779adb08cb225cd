//! `Span` with its events, links and status.

use super::attribute::read_attribute;
use crate::draft::{DraftEvent, DraftFields, DraftLink, SpanDraft};
use crate::protobuf::{Depth, KnownFields, Malformed, Wire};

/// `Span`: all numbers from trace_id to flags.
const SPAN_FIELDS: KnownFields =
    KnownFields::of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
/// `Status`: message, code; number 1 was another code long ago and is skipped.
const STATUS_FIELDS: KnownFields = KnownFields::of(&[2, 3]);
/// `Event`: time_unix_nano, name, attributes, dropped_attributes_count.
const EVENT_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4]);
/// `Link`: trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags.
const LINK_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4, 5, 6]);

/// Reads a `Span` into `draft`, in place of what it held.
pub(super) fn read_span<'a>(
    draft: &mut SpanDraft<'a>,
    bytes: &'a [u8],
    depth: Depth,
) -> Result<(), Malformed> {
    draft.clear();
    let inner = depth.enter()?;
    let mut fields = DraftFields::default();
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => fields.trace_id = wire.bytes()?,
            0x12 => fields.span_id = wire.bytes()?,
            0x1a => fields.trace_state = wire.bytes()?,
            0x22 => fields.parent_span_id = wire.bytes()?,
            0x2a => fields.name = wire.bytes()?,
            0x30 => fields.kind = wire.int32()?,
            0x39 => fields.start_time_unix_nano = wire.fixed64()?,
            0x41 => fields.end_time_unix_nano = wire.fixed64()?,
            0x4a => {
                let attribute = read_attribute(wire.bytes()?, inner, &mut draft.nested)?;
                draft.attributes.push(attribute);
            }
            0x50 => fields.dropped_attributes_count = wire.uint32()?,
            0x5a => read_event(draft, wire.bytes()?, inner)?,
            0x60 => fields.dropped_events_count = wire.uint32()?,
            0x6a => read_link(draft, wire.bytes()?, inner)?,
            0x70 => fields.dropped_links_count = wire.uint32()?,
            0x7a => merge_status(&mut fields, wire.bytes()?, inner)?,
            0x85 => fields.flags = wire.fixed32()?,
            other => wire.skip(other, SPAN_FIELDS, depth)?,
        }
    }
    draft.fields = fields;
    Ok(())
}

fn merge_status<'a>(
    fields: &mut DraftFields<'a>,
    bytes: &'a [u8],
    depth: Depth,
) -> Result<(), Malformed> {
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x12 => fields.status_message = wire.bytes()?,
            0x18 => fields.status_code = wire.int32()?,
            other => wire.skip(other, STATUS_FIELDS, depth)?,
        }
    }
    Ok(())
}

fn read_event<'a>(
    draft: &mut SpanDraft<'a>,
    bytes: &'a [u8],
    depth: Depth,
) -> Result<(), Malformed> {
    let first_attribute = draft.inner_attributes.len();
    let mut event = DraftEvent::default();
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x09 => event.time_unix_nano = wire.fixed64()?,
            0x12 => event.name = wire.bytes()?,
            0x1a => {
                let attribute = read_attribute(wire.bytes()?, depth.enter()?, &mut draft.nested)?;
                draft.inner_attributes.push(attribute);
            }
            0x20 => event.dropped_attributes_count = wire.uint32()?,
            other => wire.skip(other, EVENT_FIELDS, depth)?,
        }
    }
    event.attributes = first_attribute..draft.inner_attributes.len();
    draft.events.push(event);
    Ok(())
}

fn read_link<'a>(
    draft: &mut SpanDraft<'a>,
    bytes: &'a [u8],
    depth: Depth,
) -> Result<(), Malformed> {
    let first_attribute = draft.inner_attributes.len();
    let mut link = DraftLink::default();
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => link.trace_id = wire.bytes()?,
            0x12 => link.span_id = wire.bytes()?,
            0x1a => link.trace_state = wire.bytes()?,
            0x22 => {
                let attribute = read_attribute(wire.bytes()?, depth.enter()?, &mut draft.nested)?;
                draft.inner_attributes.push(attribute);
            }
            0x28 => link.dropped_attributes_count = wire.uint32()?,
            0x35 => link.flags = wire.fixed32()?,
            other => wire.skip(other, LINK_FIELDS, depth)?,
        }
    }
    link.attributes = first_attribute..draft.inner_attributes.len();
    draft.links.push(link);
    Ok(())
}
