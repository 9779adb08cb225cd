//! Buckets of time.

use schemas::rollups::ROLLUP_STEPS;

/// The start of the bucket of so many seconds that holds an instant, both in nanoseconds.
pub(crate) fn bucket_start(instant: i64, step_seconds: i64) -> i64 {
    let step = step_seconds.saturating_mul(NANO_PER_SECOND);
    instant.div_euclid(step).saturating_mul(step)
}

const NANO_PER_SECOND: i64 = 1_000_000_000;
const SHORTEST_NANO: i64 = ROLLUP_STEPS[0] * NANO_PER_SECOND;

/// A bucket of the shortest step, by its number since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ShortBucket(i32);

impl ShortBucket {
    /// The bucket that holds an instant, in nanoseconds since 1970.
    pub(crate) fn of(instant: i64) -> Self {
        let number = instant.div_euclid(SHORTEST_NANO);
        Self(i32::try_from(number).expect("all nanoseconds are in less than 2^31 buckets"))
    }

    /// Whether both are part of one bucket of a step that rollups are kept for, in seconds.
    pub(crate) fn is_with(self, other: Self, step_seconds: i64) -> bool {
        self == other || self.start_in(step_seconds) == other.start_in(step_seconds)
    }

    /// The first one of the bucket of a step that it is part of; the step is one that rollups are kept
    /// for, in seconds.
    pub(crate) fn first_in(self, step_seconds: i64) -> Self {
        self.later_by(-(self.position_in(step_seconds) as i32))
    }

    /// How many come before it in that bucket.
    pub(crate) fn position_in(self, step_seconds: i64) -> usize {
        let buckets = step_seconds / ROLLUP_STEPS[0];
        i64::from(self.0).rem_euclid(buckets) as usize
    }

    /// The one that so many buckets come before.
    pub(crate) fn later_by(self, buckets: i32) -> Self {
        Self(self.0 + buckets)
    }

    /// The start of the bucket of a step that it is part of, in nanoseconds since 1970; the step is
    /// one that rollups are kept for, in seconds.
    pub(crate) fn start_in(self, step_seconds: i64) -> i64 {
        let number = i64::from(self.0).div_euclid(step_seconds / ROLLUP_STEPS[0]);
        number.saturating_mul(step_seconds.saturating_mul(NANO_PER_SECOND))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_buckets_are_part_of_buckets_of_each_step() {
        for instant in [i64::MIN, -1, 0, 1, 9_999_999_999, 10_000_000_000, i64::MAX] {
            for step in ROLLUP_STEPS {
                let start = ShortBucket::of(instant).start_in(step);
                assert_eq!(start, bucket_start(instant, step), "{instant} by {step} s");
                let bucket = ShortBucket::of(instant);
                let first = bucket.first_in(step);
                assert_eq!(first.start_in(step), start);
                assert_eq!(first.position_in(step), 0);
                assert_eq!(first.later_by(bucket.position_in(step) as i32), bucket);
            }
        }
    }
}
