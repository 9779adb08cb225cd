//! Spans as Zipkin v2 has them, of a whole request.

use std::borrow::Cow;
use std::ops::Range;

use schemas::SpanKind;

use super::endpoint::Endpoint;

/// A text as it was sent, or made from that. It should be UTF-8.
pub(super) type Text<'a> = Cow<'a, [u8]>;

/// The spans of a request. Lists of a span are parts of one long list, so that reading a span
/// allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Spans<'a> {
    pub(super) list: Vec<Span<'a>>,
    pub(super) annotations: Vec<Annotation<'a>>,
    pub(super) tags: Vec<Tag<'a>>,
}

/// A span. Times are microseconds, 0 for none.
#[derive(Debug, Default)]
pub(super) struct Span<'a> {
    pub(super) trace_id: [u8; 16],
    pub(super) id: [u8; 8],
    /// Zeros for none.
    pub(super) parent_id: [u8; 8],
    pub(super) kind: Kind,
    pub(super) name: Text<'a>,
    pub(super) timestamp: u64,
    pub(super) duration: u64,
    pub(super) local: Endpoint<'a>,
    pub(super) remote: Endpoint<'a>,
    /// Its part of [`Spans::annotations`].
    pub(super) annotations: Range<usize>,
    /// Its part of [`Spans::tags`].
    pub(super) tags: Range<usize>,
    pub(super) is_debug: bool,
    pub(super) is_shared: bool,
}

/// A span's role in a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    None,
    Known(SpanKind),
    /// One that Zipkin does not define.
    Undefined,
}

/// Something that happened at one instant, in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Annotation<'a> {
    pub(super) timestamp: u64,
    pub(super) value: Text<'a>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Tag<'a> {
    pub(super) key: Text<'a>,
    pub(super) value: Text<'a>,
}

impl<'a> Spans<'a> {
    /// Where the lists of the next span begin.
    pub(super) fn marks(&self) -> (usize, usize) {
        (self.annotations.len(), self.tags.len())
    }

    /// Adds a span whose annotations and tags were pushed since the `marks`, in the form that
    /// Zipkin gives to all spans.
    pub(super) fn push(&mut self, mut span: Span<'a>, marks: (usize, usize)) {
        let (first_annotation, first_tag) = marks;
        self.order_annotations(first_annotation);
        span.annotations = first_annotation..self.annotations.len();
        span.tags = first_tag..self.tags.len();
        span.name = lower_case(span.name);
        if span.parent_id == span.id {
            span.parent_id = [0; 8];
        }
        self.list.push(span);
    }

    /// Sorts a span's annotations by time and drops repeated ones; nearly always they are so.
    fn order_annotations(&mut self, first: usize) {
        let annotations = &self.annotations[first..];
        if !annotations.is_sorted_by(|earlier, later| earlier < later) {
            let mut unordered = self.annotations.split_off(first);
            unordered.sort();
            unordered.dedup();
            self.annotations.append(&mut unordered);
        }
    }
}

/// The text in lower case, as Zipkin keeps the names of spans and services. What is not UTF-8
/// stays and is refused later.
pub(super) fn lower_case(text: Text<'_>) -> Text<'_> {
    let is_lower = |byte: &u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if text.iter().all(is_lower) {
        return text;
    }
    match std::str::from_utf8(&text) {
        Ok(text) => Cow::Owned(text.to_lowercase().into_bytes()),
        Err(_) => text,
    }
}

/// Microseconds of a field that may be negative by mistake; Zipkin takes that for none.
pub(super) fn micros(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
