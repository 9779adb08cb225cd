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

    /// Its number; 0 is the one that starts with 1970.
    pub(crate) fn number(self) -> i32 {
        self.0
    }

    /// Its start, in nanoseconds since 1970.
    pub(crate) fn start(self) -> i64 {
        i64::from(self.0).saturating_mul(SHORTEST_NANO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_buckets_start_where_buckets_of_their_length_do() {
        for instant in [i64::MIN, -1, 0, 9_999_999_999, 10_000_000_000, i64::MAX] {
            let start = ShortBucket::of(instant).start();
            assert_eq!(start, bucket_start(instant, ROLLUP_STEPS[0]), "{instant}");
        }
    }
}
