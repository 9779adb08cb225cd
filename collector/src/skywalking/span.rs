//! `SpanObject` with its tags and logs.

use std::ops::Range;

use schemas::{SpanKind, StatusCode};

use super::attribute::{push_if, push_name, push_number, read_pair};
use super::peer::push_peer;
use super::reference::SegmentReference;
use crate::draft::{DraftAttribute, DraftEvent, DraftValue, SpanDraft};
use crate::protobuf::{Depth, KnownFields, Malformed, Wire};

/// `SpanObject`: all numbers from spanId to skipAnalysis.
const SPAN_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
/// `Log`: time, data.
const LOG_FIELDS: KnownFields = KnownFields::of(&[1, 2]);
/// `SpanType`, by number.
const ENTRY: i32 = 0;
const EXIT: i32 = 1;
const LOCAL: i32 = 2;
const SPAN_TYPES: [&str; 3] = ["Entry", "Exit", "Local"];
/// `SpanLayer`, by number.
const UNKNOWN: i32 = 0;
const MQ: i32 = 4;
const LAYERS: [&str; 7] = [
    "Unknown",
    "Database",
    "RPCFramework",
    "Http",
    "MQ",
    "Cache",
    "FAAS",
];
const NANOS_PER_MILLI: u64 = 1_000_000;
/// In February 1971, milliseconds since 1970. An earlier time was not set; from here on times take
/// seven bytes each, so that a span is not much smaller than its row, which repeats the ids of its
/// segment.
const FIRST_TIME: i64 = 1 << 35;

/// The fields of a span that are no lists; times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SpanObject<'a> {
    pub(super) span_id: i32,
    parent_span_id: i32,
    start_time: i64,
    end_time: i64,
    operation_name: &'a [u8],
    peer: &'a [u8],
    span_type: i32,
    layer: i32,
    component_id: i32,
    is_error: bool,
    skip_analysis: bool,
}

/// Reads a `SpanObject`: its tags and logs into `draft`, its references after those of
/// `references`.
pub(super) fn read_span<'a: 'draft, 'draft>(
    draft: &mut SpanDraft<'draft>,
    references: &mut Vec<SegmentReference<'a>>,
    bytes: &'a [u8],
    depth: Depth,
) -> Result<SpanObject<'a>, Malformed> {
    let inner = depth.enter()?;
    let mut span = SpanObject::default();
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x08 => span.span_id = wire.int32()?,
            0x10 => span.parent_span_id = wire.int32()?,
            0x18 => span.start_time = wire.varint()?.cast_signed(),
            0x20 => span.end_time = wire.varint()?.cast_signed(),
            0x2a => references.push(SegmentReference::read(wire.bytes()?, inner)?),
            0x32 => span.operation_name = wire.bytes()?,
            0x3a => span.peer = wire.bytes()?,
            0x40 => span.span_type = wire.int32()?,
            0x48 => span.layer = wire.int32()?,
            0x50 => span.component_id = wire.int32()?,
            0x58 => span.is_error = wire.varint()? != 0,
            0x62 => draft.attributes.push(read_pair(wire.bytes()?, inner)?),
            0x6a => read_log(draft, wire.bytes()?, inner)?,
            0x70 => span.skip_analysis = wire.varint()? != 0,
            other => wire.skip(other, SPAN_FIELDS, depth)?,
        }
    }
    Ok(span)
}

impl<'a> SpanObject<'a> {
    /// The number of the parent in the same segment. Senders that leave the field out mean the
    /// span 0, except in that span itself.
    pub(super) fn parent_within_segment(&self) -> Option<i32> {
        let has_parent = self.parent_span_id >= 0 && self.parent_span_id != self.span_id;
        has_parent.then_some(self.parent_span_id)
    }

    /// Whether it says when it began and ended.
    pub(super) fn has_times(&self) -> bool {
        self.start_time >= FIRST_TIME && self.end_time >= FIRST_TIME
    }

    /// Fills in all but the ids.
    pub(super) fn fill(&self, draft: &mut SpanDraft<'a>) {
        let fields = &mut draft.fields;
        fields.name = self.operation_name;
        fields.kind = self.kind().number().into();
        fields.start_time_unix_nano = nanos(self.start_time);
        fields.end_time_unix_nano = nanos(self.end_time);
        if self.is_error {
            fields.status_code = StatusCode::Error.number().into();
        }
        let attributes = &mut draft.attributes;
        push_peer(attributes, self.peer, self.span_type == ENTRY);
        if !(ENTRY..=LOCAL).contains(&self.span_type) {
            push_name(
                attributes,
                "skywalking.span_type",
                &SPAN_TYPES,
                self.span_type,
            );
        }
        if self.layer != UNKNOWN {
            push_name(attributes, "skywalking.layer", &LAYERS, self.layer);
        }
        if self.component_id != 0 {
            push_number(attributes, "skywalking.component_id", self.component_id);
        }
        push_if(attributes, "skywalking.skip_analysis", self.skip_analysis);
        push_number(attributes, "skywalking.span_id", self.span_id);
    }

    fn kind(&self) -> SpanKind {
        match (self.span_type, self.layer) {
            (ENTRY, MQ) => SpanKind::Consumer,
            (ENTRY, _) => SpanKind::Server,
            (EXIT, MQ) => SpanKind::Producer,
            (EXIT, _) => SpanKind::Client,
            (LOCAL, _) => SpanKind::Internal,
            _ => SpanKind::Unspecified,
        }
    }
}

fn read_log<'a>(draft: &mut SpanDraft<'a>, bytes: &'a [u8], depth: Depth) -> Result<(), Malformed> {
    let inner = depth.enter()?;
    let first_attribute = draft.inner_attributes.len();
    let mut time = 0;
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x08 => time = wire.varint()?.cast_signed(),
            0x12 => draft
                .inner_attributes
                .push(read_pair(wire.bytes()?, inner)?),
            other => wire.skip(other, LOG_FIELDS, depth)?,
        }
    }
    let fields = first_attribute..draft.inner_attributes.len();
    let name = take_name(&mut draft.inner_attributes, fields);
    draft.events.push(DraftEvent {
        time_unix_nano: nanos(time),
        name,
        attributes: first_attribute..draft.inner_attributes.len(),
        dropped_attributes_count: 0,
    });
    Ok(())
}

/// The name of an event: its field `event`, else `message`, which is taken away; else the key of
/// its first field, as agents log a stack trace alone.
fn take_name<'a>(attributes: &mut Vec<DraftAttribute<'a>>, fields: Range<usize>) -> &'a [u8] {
    let log = &attributes[fields.clone()];
    let position = |key: &[u8]| log.iter().position(|field| field.key == key);
    let Some(index) = position(b"event").or_else(|| position(b"message")) else {
        return log.first().map_or(&[], |field| field.key);
    };
    match attributes.remove(fields.start + index).value {
        DraftValue::String(name) => name,
        _ => &[],
    }
}

/// Nanoseconds of milliseconds; out of range, as the assembler finds, where they do not fit.
fn nanos(millis: i64) -> u64 {
    u64::try_from(millis)
        .ok()
        .and_then(|millis| millis.checked_mul(NANOS_PER_MILLI))
        .unwrap_or(u64::MAX)
}
