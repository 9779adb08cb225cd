//! Which part of the time range a search reads next: the newest first.

use std::time::Duration;

/// Instants in nanoseconds since 1970, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeRange {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// How much longer each window is than the one before it.
const GROWTH: i64 = 4;
/// The same where nothing at all was found so far: what is searched for is rare, and each further
/// window costs a plan of its own.
const GROWTH_WHEN_RARE: i64 = 16;

/// Windows that cover a range from its end to its start, without overlap.
#[derive(Debug)]
pub(super) struct Windows {
    rest: Option<TimeRange>,
    length: i64,
    is_first: bool,
}

impl Windows {
    /// Windows over `range`, the newest of them `first_length` long.
    pub(super) fn of(range: TimeRange, first_length: Duration) -> Self {
        let length = i64::try_from(first_length.as_nanos())
            .unwrap_or(i64::MAX)
            .max(1);
        Self {
            rest: (range.start <= range.end).then_some(range),
            length,
            is_first: true,
        }
    }

    /// The next window, when `found` traces were found in those before it.
    pub(super) fn next(&mut self, found: usize) -> Option<TimeRange> {
        let TimeRange { start, end } = self.rest?;
        if !std::mem::take(&mut self.is_first) {
            let growth = if found == 0 { GROWTH_WHEN_RARE } else { GROWTH };
            self.length = self.length.saturating_mul(growth);
        }
        let window_start = end.saturating_sub(self.length - 1).max(start);
        self.rest = (window_start > start).then(|| TimeRange {
            start,
            end: window_start - 1,
        });
        Some(TimeRange {
            start: window_start,
            end,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn windows_grow_and_grow_faster_while_nothing_is_found() {
        let mut windows = Windows::of(TimeRange { start: 0, end: 999 }, Duration::from_nanos(10));
        assert_eq!(
            windows.next(0),
            Some(TimeRange {
                start: 990,
                end: 999
            })
        );
        assert_eq!(
            windows.next(0),
            Some(TimeRange {
                start: 830,
                end: 989
            })
        );
        assert_eq!(
            windows.next(3),
            Some(TimeRange {
                start: 190,
                end: 829
            })
        );
        assert_eq!(windows.next(4), Some(TimeRange { start: 0, end: 189 }));
        assert_eq!(windows.next(4), None);
    }

    proptest! {
        #[test]
        fn windows_cover_the_range_once(start: i64, end: i64, length in 0..u64::MAX, found in 0..2_usize) {
            let range = TimeRange { start, end };
            let mut windows = Windows::of(range, Duration::from_nanos(length));
            let mut next_end = end;
            let mut covered = 0_i128;
            while let Some(window) = windows.next(found) {
                prop_assert_eq!(window.end, next_end);
                prop_assert!(window.start <= window.end && window.start >= start);
                covered += i128::from(window.end) - i128::from(window.start) + 1;
                next_end = window.start.saturating_sub(1);
            }
            prop_assert_eq!(covered, (i128::from(end) - i128::from(start) + 1).max(0));
        }
    }
}
