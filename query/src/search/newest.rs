//! Keeps the newest traces among the matching spans that stream by.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use schemas::{TraceId, UnixNanos};

/// The traces with the newest matching spans, at most `limit`. Windows are seen from the newest
/// to the oldest, so what one window found is newer than all that comes after.
#[derive(Debug)]
pub(super) struct NewestTraces {
    limit: usize,
    /// Found in windows before this one, newest first.
    found: Vec<TraceId>,
    found_ids: HashSet<TraceId>,
    /// Seen in this window, with the start of the newest span.
    in_window: HashMap<TraceId, UnixNanos>,
}

impl NewestTraces {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            found: Vec::new(),
            found_ids: HashSet::new(),
            in_window: HashMap::new(),
        }
    }

    /// How many were found in the windows that have ended.
    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// Takes a matching span of the current window.
    pub(super) fn see(&mut self, id: TraceId, start: UnixNanos) {
        if self.found_ids.contains(&id) {
            return;
        }
        let newest = self.in_window.entry(id).or_insert(start);
        *newest = start.max(*newest);
        // Memory stays bounded: of many traces only the newest matter. One that is dropped here
        // comes back if a newer span of it is seen.
        if self.in_window.len() > 4 * self.limit.max(256) {
            let kept = self.newest_in_window();
            self.in_window = kept.into_iter().collect();
        }
    }

    /// Ends the current window.
    pub(super) fn end_window(&mut self) {
        let newest = self.newest_in_window();
        self.in_window.clear();
        self.found_ids.extend(newest.iter().map(|(id, _)| *id));
        self.found.extend(newest.into_iter().map(|(id, _)| id));
    }

    /// The ids, newest first.
    pub(super) fn into_ids(self) -> Vec<TraceId> {
        self.found
    }

    /// As many of this window's traces as are still wanted, newest first, ties by id.
    fn newest_in_window(&self) -> Vec<(TraceId, UnixNanos)> {
        let mut traces: Vec<_> = self
            .in_window
            .iter()
            .map(|(id, start)| (*id, *start))
            .collect();
        traces.sort_unstable_by_key(|(id, start)| (Reverse(*start), *id));
        traces.truncate(self.limit.saturating_sub(self.found.len()));
        traces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u16) -> TraceId {
        let mut id = [0; 16];
        id[14..].copy_from_slice(&number.to_be_bytes());
        TraceId(id)
    }

    #[test]
    fn the_newest_span_counts_and_ties_go_by_id() {
        let mut newest = NewestTraces::with_limit(3);
        for (trace, start) in [(1, 10), (2, 30), (1, 40), (4, 5), (3, 30)] {
            newest.see(id(trace), UnixNanos(start));
        }
        newest.end_window();
        assert!(newest.is_full());
        assert_eq!(newest.into_ids(), [id(1), id(2), id(3)]);
    }

    #[test]
    fn later_windows_only_add() {
        let mut newest = NewestTraces::with_limit(2);
        newest.see(id(1), UnixNanos(50));
        newest.end_window();
        newest.see(id(1), UnixNanos(49));
        newest.see(id(2), UnixNanos(20));
        newest.see(id(3), UnixNanos(30));
        newest.end_window();
        assert_eq!(newest.into_ids(), [id(1), id(3)]);
    }

    fn start_of(number: u16) -> i64 {
        i64::from(number) * 7919 % 10_007
    }

    #[test]
    fn many_traces_take_bounded_memory_and_lose_nothing() {
        let mut newest = NewestTraces::with_limit(5);
        for round in 0..3_i64 {
            for number in 0..10_000_u16 {
                newest.see(id(number), UnixNanos(round * 1_000_000 + start_of(number)));
                assert!(newest.in_window.len() <= 4 * 256);
            }
        }
        newest.end_window();
        let mut expected: Vec<u16> = (0..10_000).collect();
        expected.sort_by_key(|number| (Reverse(start_of(*number)), *number));
        let expected: Vec<TraceId> = expected.into_iter().take(5).map(id).collect();
        assert_eq!(newest.into_ids(), expected);
    }
}
