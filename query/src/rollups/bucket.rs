//! Buckets of time.

use schemas::rollups::FIRST_STEPS;

/// The start of the bucket of so many seconds that holds an instant, both in nanoseconds.
pub(crate) fn bucket_start(instant: i64, step_seconds: i64) -> i64 {
    let step = step_seconds.saturating_mul(NANO_PER_SECOND);
    instant.div_euclid(step).saturating_mul(step)
}

const NANO_PER_SECOND: i64 = 1_000_000_000;
const SHORTEST_NANO: i64 = FIRST_STEPS[0] * NANO_PER_SECOND;
const MINUTE_NANO: i64 = FIRST_STEPS[1] * NANO_PER_SECOND;

/// Buckets of the shortest step in one of the next.
pub(crate) const SHORT_BUCKETS: usize = (FIRST_STEPS[1] / FIRST_STEPS[0]) as usize;

/// A bucket of the shortest step: the number of its minute since 1970, and in the lowest bits which one of
/// that minute it is. Both are asked for record by record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ShortBucket(i32);

const POSITION_BITS: u32 = SHORT_BUCKETS.next_power_of_two().ilog2();

/// A bucket of the second step, by its number since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Minute(i32);

impl ShortBucket {
    /// The bucket that holds an instant, in nanoseconds since 1970.
    pub(crate) fn of(instant: i64) -> Self {
        let minute = instant.div_euclid(MINUTE_NANO);
        let position = instant.rem_euclid(MINUTE_NANO) / SHORTEST_NANO;
        let number = i32::try_from(minute << POSITION_BITS | position);
        Self(number.expect("all nanoseconds are in less than 2^28 minutes"))
    }

    pub(crate) fn minute(self) -> Minute {
        Minute(self.0 >> POSITION_BITS)
    }

    /// How many come before it in its minute.
    pub(crate) fn position(self) -> usize {
        (self.0 & ((1 << POSITION_BITS) - 1)) as usize
    }
}

impl Minute {
    /// Its start, in nanoseconds since 1970.
    pub(crate) fn start(self) -> i64 {
        i64::from(self.0).saturating_mul(MINUTE_NANO)
    }

    /// The start of the bucket of the shortest step before which so many come in it.
    pub(crate) fn start_of_short(self, position: usize) -> i64 {
        let number = i64::from(self.0) * SHORT_BUCKETS as i64 + position as i64;
        number.saturating_mul(SHORTEST_NANO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_buckets_are_part_of_minutes() {
        for instant in [
            i64::MIN,
            -1,
            0,
            1,
            9_999_999_999,
            10_000_000_000,
            59_999_999_999,
            i64::MAX,
        ] {
            let bucket = ShortBucket::of(instant);
            let [shortest, minute] = FIRST_STEPS.map(|step| bucket_start(instant, step));
            assert_eq!(bucket.minute().start(), minute, "{instant}");
            assert_eq!(
                bucket.minute().start_of_short(bucket.position()),
                shortest,
                "{instant}"
            );
            assert!(bucket.position() < SHORT_BUCKETS);
        }
    }
}
