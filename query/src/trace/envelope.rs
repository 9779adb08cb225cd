//! The time of placeholders.

use schemas::UnixNanos;

use super::TraceSpan;

/// Gives each placeholder the time from the earliest start to the latest end of its children.
pub(super) fn of_placeholders(spans: &mut [TraceSpan]) {
    let mut extents: Vec<Option<(i64, i64)>> = vec![None; spans.len()];
    // Children come after their parents, so that going backwards each placeholder's children are
    // known before it.
    for position in (0..spans.len()).rev() {
        let span = &mut spans[position];
        if let Some((start, end)) = extents[position] {
            span.start = UnixNanos(start);
            span.duration_nano = end.saturating_sub(start);
        }
        let (start, end) = (span.adjusted_start().0, span.adjusted_end().0);
        let Some(parent) = span.parent else { continue };
        if spans[parent].is_placeholder() {
            let extent = extents[parent].unwrap_or((start, end));
            extents[parent] = Some((extent.0.min(start), extent.1.max(end)));
        }
    }
}
