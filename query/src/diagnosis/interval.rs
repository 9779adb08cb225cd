//! Stretches of time.

/// A stretch of time in nanoseconds since 1970; `end` is never before `start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Interval {
    /// From `start` for `duration_nano`; a negative duration is taken for none.
    pub(crate) fn lasting(start: i64, duration_nano: i64) -> Self {
        Self {
            start,
            end: start.saturating_add(duration_nano.max(0)),
        }
    }

    /// How long it is, in nanoseconds.
    pub(crate) fn length(self) -> i64 {
        self.end.saturating_sub(self.start)
    }

    /// The part of it that lies within `other`; empty, at one of the other's ends, when none does.
    pub(super) fn within(self, other: Self) -> Self {
        Self {
            start: self.start.clamp(other.start, other.end),
            end: self.end.clamp(other.start, other.end),
        }
    }

    /// Whether it began when `earlier` had ended, or all but ended.
    ///
    /// Many tracers count microseconds, and round start and duration apart: of two calls made one
    /// after the other, the second then seems to begin a moment before the first ends. So an
    /// overlap by at most 1 % of the shorter one is none.
    pub(super) fn follows(self, earlier: Self) -> bool {
        let overlap = earlier.end.saturating_sub(self.start);
        overlap <= self.length().min(earlier.length()) / 100
    }
}

/// The time that at least one of the intervals covers, in nanoseconds; they come by their start.
pub(super) fn covered(by_start: impl Iterator<Item = Interval>) -> i64 {
    let mut total = 0_i64;
    let mut covered_to = i64::MIN;
    for interval in by_start {
        let uncovered = Interval {
            start: interval.start.max(covered_to),
            end: interval.end.max(covered_to),
        };
        total = total.saturating_add(uncovered.length());
        covered_to = uncovered.end;
    }
    total
}
