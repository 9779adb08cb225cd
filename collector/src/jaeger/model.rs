//! A span as Jaeger has it, whichever way it came.

use std::ops::Range;

use crate::draft::DraftAttribute;

/// An id of `N` bytes, or what was sent in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id<const N: usize> {
    bytes: [u8; N],
    /// `N`, unless an id of another length was sent: then less.
    length: usize,
}

impl<const N: usize> Default for Id<N> {
    fn default() -> Self {
        Self::from([0; N])
    }
}

impl<const N: usize> From<[u8; N]> for Id<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self { bytes, length: N }
    }
}

impl<const N: usize> Id<N> {
    /// An id in protobuf. One of a wrong length stays wrong, so that its span is refused.
    pub(super) fn from_wire(wire: &[u8]) -> Self {
        if let Ok(bytes) = <[u8; N]>::try_from(wire) {
            return Self::from(bytes);
        }
        let length = wire.len().min(N - 1);
        let mut bytes = [0; N];
        bytes[..length].copy_from_slice(&wire[..length]);
        Self { bytes, length }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(super) fn is_zero(&self) -> bool {
        self.bytes == [0; N]
    }
}

impl Id<16> {
    /// A trace id of two halves.
    pub(super) fn from_halves(high: i64, low: i64) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        Self::from(bytes)
    }

    /// A trace id in protobuf; one of 64 bits has zeros in front.
    pub(super) fn trace_from_wire(wire: &[u8]) -> Self {
        <[u8; 8]>::try_from(wire).map_or_else(
            |_| Self::from_wire(wire),
            |low| Self::from_halves(0, i64::from_be_bytes(low)),
        )
    }
}

/// How a span refers to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReferenceKind {
    ChildOf,
    FollowsFrom,
}

impl ReferenceKind {
    /// The kind of its number, which is the same in Thrift and protobuf. Jaeger takes all but the
    /// first for the second.
    pub(super) fn from_number(number: i32) -> Self {
        if number == 0 {
            Self::ChildOf
        } else {
            Self::FollowsFrom
        }
    }
}

/// A reference to another span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reference {
    pub(super) kind: ReferenceKind,
    pub(super) trace_id: Id<16>,
    pub(super) span_id: Id<8>,
}

/// Fields with a time.
#[derive(Clone, Debug)]
pub(super) struct Log {
    /// Nanoseconds since 1970, whatever was sent.
    pub(super) time: i128,
    /// Its part of [`JaegerSpan::log_fields`].
    pub(super) fields: Range<usize>,
}

/// A span being read. One serves all spans of a request, so its lists keep their memory.
#[derive(Debug, Default)]
pub(super) struct JaegerSpan<'a> {
    pub(super) trace_id: Id<16>,
    pub(super) span_id: Id<8>,
    /// Zeros when only references tell it, as in protobuf.
    pub(super) parent_span_id: Id<8>,
    pub(super) name: &'a [u8],
    pub(super) flags: u32,
    /// Nanoseconds since 1970, whatever was sent.
    pub(super) start: i128,
    /// Nanoseconds, whatever was sent.
    pub(super) duration: i128,
    pub(super) references: Vec<Reference>,
    pub(super) tags: Vec<DraftAttribute<'a>>,
    pub(super) logs: Vec<Log>,
    /// The fields of all logs.
    pub(super) log_fields: Vec<DraftAttribute<'a>>,
    /// Whether it was still going on when it was sent.
    pub(super) incomplete: bool,
    /// Its process's name within a trace that Jaeger wrote.
    pub(super) process_id: &'a [u8],
    pub(super) warnings: Vec<&'a [u8]>,
}

impl JaegerSpan<'_> {
    pub(super) fn clear(&mut self) {
        self.trace_id = Id::default();
        self.span_id = Id::default();
        self.parent_span_id = Id::default();
        self.name = &[];
        self.flags = 0;
        self.start = 0;
        self.duration = 0;
        self.references.clear();
        self.tags.clear();
        self.logs.clear();
        self.log_fields.clear();
        self.incomplete = false;
        self.process_id = &[];
        self.warnings.clear();
    }
}
