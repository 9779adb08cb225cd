//! Why single spans are refused, and telling the sender.

use std::fmt::Write;

use schemas::typed_json::MAX_NESTING;

/// What makes a span invalid. A span with several faults counts under the first of this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Refusal {
    /// Its resource has text that is not UTF-8.
    ResourceNotUtf8,
    /// Its resource has an attribute that nests too deep.
    ResourceTooDeep,
    /// Its scope has text that is not UTF-8.
    ScopeNotUtf8,
    /// Its scope has an attribute that nests too deep.
    ScopeTooDeep,
    /// Its trace id is not 16 bytes, or zeros only.
    TraceId,
    /// Its span id is not 8 bytes, or zeros only.
    SpanId,
    /// Its parent's id is neither empty nor 8 bytes.
    ParentSpanId,
    /// An id of a link is neither empty nor of its length.
    LinkId,
    /// Its start, its end or the time of an event does not fit 64 signed bits.
    TimeOutOfRange,
    /// It ends before it starts.
    EndBeforeStart,
    /// A text of it is not UTF-8.
    NotUtf8,
    /// An attribute of it nests deeper than [`MAX_NESTING`].
    TooDeep,
    /// Its hierarchical id is no path that starts at `0`.
    CallPath,
    /// A field that its protocol asks for is missing or of another type.
    Field,
}

impl Refusal {
    /// All of them, in order.
    pub const ALL: [Self; 14] = [
        Self::ResourceNotUtf8,
        Self::ResourceTooDeep,
        Self::ScopeNotUtf8,
        Self::ScopeTooDeep,
        Self::TraceId,
        Self::SpanId,
        Self::ParentSpanId,
        Self::LinkId,
        Self::TimeOutOfRange,
        Self::EndBeforeStart,
        Self::NotUtf8,
        Self::TooDeep,
        Self::CallPath,
        Self::Field,
    ];

    /// A short name, for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ResourceNotUtf8 => "resource_not_utf8",
            Self::ResourceTooDeep => "resource_too_deep",
            Self::ScopeNotUtf8 => "scope_not_utf8",
            Self::ScopeTooDeep => "scope_too_deep",
            Self::TraceId => "trace_id",
            Self::SpanId => "span_id",
            Self::ParentSpanId => "parent_span_id",
            Self::LinkId => "link_id",
            Self::TimeOutOfRange => "time_out_of_range",
            Self::EndBeforeStart => "end_before_start",
            Self::NotUtf8 => "not_utf8",
            Self::TooDeep => "too_deep",
            Self::CallPath => "call_path",
            Self::Field => "field",
        }
    }

    /// What is wrong, to follow the word "with".
    const fn fault(self) -> &'static str {
        match self {
            Self::ResourceNotUtf8 => "a resource whose text is not UTF-8",
            Self::ResourceTooDeep => "a resource attribute nested too deep",
            Self::ScopeNotUtf8 => "a scope whose text is not UTF-8",
            Self::ScopeTooDeep => "a scope attribute nested too deep",
            Self::TraceId => "trace_id not 16 bytes or all zero",
            Self::SpanId => "span_id not 8 bytes or all zero",
            Self::ParentSpanId => "parent_span_id neither empty nor 8 bytes",
            Self::LinkId => "a link whose trace_id is not 16 or span_id not 8 bytes",
            Self::TimeOutOfRange => "a time after the year 2262",
            Self::EndBeforeStart => "an end before its start",
            Self::NotUtf8 => "text that is not UTF-8",
            Self::TooDeep => "an attribute nested too deep",
            Self::CallPath => "a hierarchical id that is no path from 0",
            Self::Field => "a field missing or of another type",
        }
    }
}

/// How many spans were refused, by reason.
pub(crate) type RefusalCounts = [u64; Refusal::ALL.len()];

/// The longest part of a span's name that an answer repeats, in characters.
const SHOWN_NAME: usize = 60;

/// Collects refusals, to be told in one sentence.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    pub(crate) counts: RefusalCounts,
    first: String,
    undefined_numbers: u64,
}

impl Refusals {
    /// Counts a span; the first one is remembered by what its sender calls it.
    pub(crate) fn add(&mut self, refusal: Refusal, name: &[u8], span_id: &[u8]) {
        if self.total() == 0 {
            let name: String = String::from_utf8_lossy(name)
                .chars()
                .take(SHOWN_NAME)
                .collect();
            // Debug form: a name may hold line ends and quotes.
            self.first = format!("{name:?} span ");
            for byte in span_id.iter().take(8) {
                write!(self.first, "{byte:02x}").expect("writing to a String never fails");
            }
        }
        self.counts[refusal as usize] += 1;
    }

    /// Counts a span whose kind or status code is a number that OTLP does not define; it is kept.
    pub(crate) fn add_undefined_number(&mut self) {
        self.undefined_numbers += 1;
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The sentence for the sender; empty when all is well.
    pub(crate) fn describe(&self) -> String {
        let mut text = String::new();
        let total = self.total();
        if total > 0 {
            write!(text, "{total} {} refused: ", spans(total))
                .expect("writing to a String never fails");
            let counted = Refusal::ALL
                .iter()
                .zip(self.counts)
                .filter(|(_, count)| *count > 0);
            for (index, (refusal, count)) in counted.enumerate() {
                let separator = if index == 0 { "" } else { ", " };
                let fault = refusal.fault();
                write!(text, "{separator}{count} with {fault}")
                    .expect("writing to a String never fails");
            }
            let is_deep = |refusal: Refusal| self.counts[refusal as usize] > 0;
            if [
                Refusal::TooDeep,
                Refusal::ResourceTooDeep,
                Refusal::ScopeTooDeep,
            ]
            .into_iter()
            .any(is_deep)
            {
                write!(text, " (at most {MAX_NESTING} levels)")
                    .expect("writing to a String never fails");
            }
            write!(text, " (first: {})", self.first).expect("writing to a String never fails");
        }
        if self.undefined_numbers > 0 {
            let separator = if text.is_empty() { "" } else { "; " };
            let count = self.undefined_numbers;
            write!(
                text,
                "{separator}{count} {} kept with a kind or status code that OTLP does not define as unspecified",
                spans(count)
            )
            .expect("writing to a String never fails");
        }
        text
    }
}

fn spans(count: u64) -> &'static str {
    if count == 1 { "span" } else { "spans" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_reason_and_the_first_is_named() {
        let mut refusals = Refusals::default();
        assert_eq!(refusals.describe(), "");
        refusals.add(
            Refusal::EndBeforeStart,
            b"GET /cart",
            &[0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7],
        );
        refusals.add(Refusal::TraceId, b"x", &[]);
        refusals.add(Refusal::TraceId, b"y", &[]);
        assert_eq!(
            refusals.describe(),
            "3 spans refused: 2 with trace_id not 16 bytes or all zero, 1 with an end before its start \
             (first: \"GET /cart\" span 00f067aa0ba902b7)"
        );
    }

    #[test]
    fn names_are_shown_safely() {
        let mut refusals = Refusals::default();
        refusals.add(Refusal::NotUtf8, b"a\n\xff\"", &[1; 100]);
        assert_eq!(
            refusals.describe(),
            "1 span refused: 1 with text that is not UTF-8 (first: \"a\\n\u{fffd}\\\"\" span 0101010101010101)"
        );
    }

    #[test]
    fn the_order_of_all_is_the_order_of_the_counts() {
        for (index, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, index);
        }
    }
}
