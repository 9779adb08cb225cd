//! Spans as Zipkin v1 has them, before they are folded.

use super::endpoint::Endpoint;
use super::span::Text;

/// A span of version 1: what one or several hosts said of one call. Times are microseconds, 0
/// for none.
#[derive(Debug, Default)]
pub(super) struct V1Span<'a> {
    pub(super) trace_id: [u8; 16],
    pub(super) id: [u8; 8],
    /// Zeros for none.
    pub(super) parent_id: [u8; 8],
    pub(super) name: Text<'a>,
    pub(super) timestamp: u64,
    pub(super) duration: u64,
    pub(super) is_debug: bool,
    pub(super) annotations: Vec<V1Annotation<'a>>,
    pub(super) binary_annotations: Vec<BinaryAnnotation<'a>>,
}

/// Something that happened at one instant on a host; `cs`, `sr` and the like are the stages of a
/// call.
#[derive(Debug, Default)]
pub(super) struct V1Annotation<'a> {
    pub(super) timestamp: u64,
    pub(super) value: Text<'a>,
    pub(super) host: Option<Endpoint<'a>>,
}

/// What a host said, or the address of the other side.
#[derive(Debug)]
pub(super) struct BinaryAnnotation<'a> {
    pub(super) key: Text<'a>,
    pub(super) value: BinaryValue<'a>,
    pub(super) host: Option<Endpoint<'a>>,
}

#[derive(Debug)]
pub(super) enum BinaryValue<'a> {
    /// A text; numbers are written in decimal digits.
    Text(Text<'a>),
    Bool(bool),
}

/// The endpoint, unless it says nothing.
pub(super) fn present(endpoint: Endpoint<'_>) -> Option<Endpoint<'_>> {
    (!endpoint.is_empty()).then_some(endpoint)
}
