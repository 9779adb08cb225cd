//! Taking out of a histogram what another one counted.

use super::count::BucketCount;
use super::{DurationHistogram, range_of, to_nanos};

impl DurationHistogram {
    /// Takes out what another one counted. A bucket that would go below zero is empty.
    pub fn subtract(&mut self, other: &Self) {
        self.settle();
        let mut other = other.clone();
        other.settle();
        let mut taken = other.counts.iter().peekable();
        self.counts.retain_mut(|held| {
            let bucket = held.bucket();
            while taken.next_if(|other| other.bucket() < bucket).is_some() {}
            if let Some(taken) = taken.next_if(|other| other.bucket() == bucket) {
                *held = BucketCount::new(bucket, held.count().saturating_sub(taken.count()));
            }
            held.count() > 0
        });
    }

    /// Whether every bucket holds at least what the other one's holds.
    pub fn holds(&mut self, other: &Self) -> bool {
        let mut rest = other.clone();
        rest.subtract(self);
        rest.is_empty()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.pending.is_empty()
    }

    /// The middle of the highest bucket that holds something, in nanoseconds: at most 0.05 % away
    /// from the longest duration, and exact below 2,048 ns. None when nothing was counted.
    pub fn max(&mut self) -> Option<i64> {
        self.settle();
        let (low, width) = range_of(self.counts.last()?.bucket());
        Some(to_nanos(low + width / 2))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[i64]) -> DurationHistogram {
        let mut histogram = DurationHistogram::default();
        for value in values {
            histogram.record(*value);
        }
        histogram
    }

    #[test]
    fn the_maximum_is_the_highest_buckets() {
        assert_eq!(of(&[]).max(), None);
        assert_eq!(of(&[7, 2_000, 3]).max(), Some(2_000));
        let mut long = of(&[1, 20_000_000_000]);
        assert_eq!(
            long.max().map(Some),
            long.percentiles(&[100.0]).map(|all| all.first().copied())
        );
    }

    #[test]
    fn what_was_not_counted_cannot_be_taken_out() {
        let mut histogram = of(&[1, 1, 5]);
        assert!(histogram.holds(&of(&[1, 5])));
        assert!(!histogram.holds(&of(&[1, 4])));
        assert!(!histogram.holds(&of(&[5, 5])));
        histogram.subtract(&of(&[0, 4, 5, 5, 6]));
        assert_eq!(histogram.to_bytes(), of(&[1, 1]).to_bytes());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_rest_is_what_was_not_taken(values in vec(0..60_000_000_000_i64, 0..3_000), cut: prop::sample::Index) {
            let (taken, rest) = values.split_at(if values.is_empty() { 0 } else { cut.index(values.len()) });
            let mut all = of(&values);
            prop_assert!(all.holds(&of(taken)));
            all.subtract(&of(taken));
            prop_assert_eq!(all.to_bytes(), of(rest).to_bytes());
            prop_assert_eq!(all.is_empty(), rest.is_empty());
        }
    }
}
