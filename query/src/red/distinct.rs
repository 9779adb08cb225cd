//! Spans that were sent more than once count once.

use std::collections::HashSet;

use schemas::UnixNanos;

/// The spans seen so far, by trace, id, kind and start: what a sender's retry repeats. The halves
/// of an RPC that share an id differ in kind.
///
/// A span takes sixteen bytes, a digest of these four: two spans of one id, kind and start in
/// traces of equal digest would be needed to lose one.
#[derive(Debug, Default)]
pub(super) struct DistinctSpans(HashSet<u128>);

impl DistinctSpans {
    /// Whether the span is new.
    pub(super) fn insert(
        &mut self,
        trace_id: &[u8],
        span_id: &[u8],
        kind: i8,
        start: UnixNanos,
    ) -> bool {
        let half = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
        let (high, low) = trace_id.split_at_checked(8).unwrap_or_default();
        let place = half(high).rotate_left(23)
            ^ half(low)
            ^ start.0.cast_unsigned().rotate_left(41)
            ^ u64::from(kind.cast_unsigned()) << 56;
        self.0
            .insert(u128::from(half(span_id)) << 64 | u128::from(place))
    }

    /// The memory that the next spans may need, in bytes: the table doubles when it is full.
    pub(super) fn bytes_with(&self, more: usize) -> usize {
        let needed = self.0.len() + more;
        let capacity = if needed > self.0.capacity() {
            2 * needed
        } else {
            self.0.capacity()
        };
        capacity * (size_of::<u128>() + 1) * 8 / 7
    }
}
