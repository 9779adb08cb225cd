//! `SegmentReference`: how a segment names the span that caused it.

use super::attribute::{push_name, push_number, push_text};
use super::identity::{SpanIds, trace_id};
use crate::draft::DraftAttribute;
use crate::protobuf::{Depth, KnownFields, Malformed, Wire};

/// `SegmentReference`: all numbers from refType to networkAddressUsedAtPeer.
const REFERENCE_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4, 5, 6, 7, 8]);
/// `RefType`, by number.
const REF_TYPES: [&str; 2] = ["CrossProcess", "CrossThread"];
const CROSS_THREAD: i32 = 1;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SegmentReference<'a> {
    ref_type: i32,
    trace_id: &'a [u8],
    parent_segment_id: &'a [u8],
    parent_span_id: i32,
    parent_service: &'a [u8],
    parent_service_instance: &'a [u8],
    parent_endpoint: &'a [u8],
    network_address_used_at_peer: &'a [u8],
}

impl<'a> SegmentReference<'a> {
    pub(super) fn read(bytes: &'a [u8], depth: Depth) -> Result<Self, Malformed> {
        let mut reference = Self::default();
        let mut wire = Wire::new(bytes);
        while !wire.is_empty() {
            match wire.key()? {
                0x08 => reference.ref_type = wire.int32()?,
                0x12 => reference.trace_id = wire.bytes()?,
                0x1a => reference.parent_segment_id = wire.bytes()?,
                0x20 => reference.parent_span_id = wire.int32()?,
                0x2a => reference.parent_service = wire.bytes()?,
                0x32 => reference.parent_service_instance = wire.bytes()?,
                0x3a => reference.parent_endpoint = wire.bytes()?,
                0x42 => reference.network_address_used_at_peer = wire.bytes()?,
                other => wire.skip(other, REFERENCE_FIELDS, depth)?,
            }
        }
        Ok(reference)
    }

    /// Whether it names a span, and that of this trace or without a word of its trace.
    pub(super) fn is_within(&self, trace_id: &[u8]) -> bool {
        let is_of_trace = self.trace_id == trace_id || self.trace_id.is_empty();
        is_of_trace && !self.parent_segment_id.is_empty()
    }

    /// The bytes of the trace's id; zeros when it names none.
    pub(super) fn trace_id(&self) -> [u8; 16] {
        if self.trace_id.is_empty() {
            return [0; 16];
        }
        trace_id(self.trace_id)
    }

    /// The bytes of the span's id; zeros when it names none.
    pub(super) fn span_id(&self) -> [u8; 8] {
        if self.parent_segment_id.is_empty() {
            return [0; 8];
        }
        SpanIds::of_segment(self.parent_segment_id).span_id(self.parent_span_id)
    }

    /// Appends all that it says but the trace, for the span whose parent it names.
    pub(super) fn describe(&self, attributes: &mut Vec<DraftAttribute<'a>>) {
        push_name(attributes, "skywalking.ref.type", &REF_TYPES, self.ref_type);
        for (key, text) in [
            ("skywalking.ref.parent_segment_id", self.parent_segment_id),
            ("skywalking.ref.parent_service", self.parent_service),
            (
                "skywalking.ref.parent_service_instance",
                self.parent_service_instance,
            ),
            ("skywalking.ref.parent_endpoint", self.parent_endpoint),
            (
                "skywalking.ref.network_address_used_at_peer",
                self.network_address_used_at_peer,
            ),
        ] {
            push_text(attributes, key, text);
        }
        push_number(
            attributes,
            "skywalking.ref.parent_span_id",
            self.parent_span_id,
        );
    }

    /// Appends all that it says, for a link.
    pub(super) fn describe_link(&self, attributes: &mut Vec<DraftAttribute<'a>>) {
        // A caller waits for the other process, and not for a thread that it started.
        let ref_type: &[u8] = match self.ref_type {
            CROSS_THREAD => b"follows_from",
            _ => b"child_of",
        };
        push_text(attributes, "opentracing.ref_type", ref_type);
        push_text(attributes, "skywalking.ref.trace_id", self.trace_id);
        self.describe(attributes);
    }
}
