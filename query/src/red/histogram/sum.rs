//! Sums of many histograms.

use super::wire::each_count;
use super::{Bucket, DurationHistogram, MalformedHistogram};

/// Adds histograms up, and takes some out, in memory that one sum after the other uses: a count
/// for every bucket there may be. That is many times faster than to merge one with the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct HistogramSum {
    counts: Vec<i64>,
    /// The first bucket that was touched since the last sum; those before are zero.
    first: usize,
    /// The end of those that were touched.
    end: usize,
}

impl HistogramSum {
    /// Adds a histogram in HdrHistogram's form so many times, which may be negative.
    ///
    /// # Errors
    /// [`MalformedHistogram`] when the bytes are none; the sum is then of no use.
    pub(crate) fn add_bytes(&mut self, bytes: &[u8], times: i64) -> Result<(), MalformedHistogram> {
        each_count(bytes, |bucket, count| self.add(bucket, count, times))
    }

    /// Adds a histogram so many times, which may be negative.
    pub(crate) fn add_histogram(&mut self, histogram: &DurationHistogram, times: i64) {
        for (bucket, count) in &histogram.counts {
            self.add(*bucket, *count, times);
        }
        for bucket in &histogram.pending {
            self.add(*bucket, 1, times);
        }
    }

    fn add(&mut self, bucket: Bucket, count: u64, times: i64) {
        let bucket = bucket as usize;
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        if self.first == self.end {
            (self.first, self.end) = (bucket, bucket + 1);
        }
        self.first = self.first.min(bucket);
        self.end = self.end.max(bucket + 1);
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let sum = &mut self.counts[bucket];
        *sum = sum.saturating_add(count.saturating_mul(times));
    }

    /// The sum since the last one was taken. Buckets below zero are empty.
    pub(crate) fn take(&mut self) -> DurationHistogram {
        let mut histogram = DurationHistogram::default();
        let (first, end) = (self.first, self.end);
        for (bucket, sum) in (0..).zip(&mut self.counts[..end]).skip(first) {
            let count = std::mem::take(sum);
            if count > 0 {
                histogram.counts.push((bucket, count.cast_unsigned()));
            }
        }
        (self.first, self.end) = (0, 0);
        histogram
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_sum_is_what_merging_gives(parts in vec(vec(0..60_000_000_000_i64, 0..300), 0..8)) {
            let mut sum = HistogramSum::default();
            for _ in 0..2 {
                let mut merged = DurationHistogram::default();
                for part in &parts {
                    merged.merge(&of(part));
                    sum.add_bytes(&of(part).to_bytes(), 1).expect("a histogram");
                    sum.add_histogram(&of(part), 2);
                    sum.add_histogram(&of(part), -2);
                }
                prop_assert_eq!(sum.take().to_bytes(), merged.to_bytes());
            }
            prop_assert!(sum.take().is_empty());
        }
    }
}
