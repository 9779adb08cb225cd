//! The durations of a row.

use crate::red::{HistogramSum, bucket_of_nanos, bytes_of_sorted};

/// Up to so many durations are sorted; of more it is counted how many are in each bucket.
const FEW: usize = 256;

/// Sums up durations, in memory that those of one row after the other take.
#[derive(Debug, Default)]
pub(crate) struct DurationSum {
    nanos: i128,
    longest_nano: i64,
    buckets: Vec<u32>,
    counts: HistogramSum,
    histogram: Vec<u8>,
}

impl DurationSum {
    /// Sums up durations in nanoseconds, and none of before.
    pub(crate) fn sum_up(&mut self, durations: impl Iterator<Item = i64>) {
        self.nanos = 0;
        self.longest_nano = 0;
        self.buckets.clear();
        for nanos in durations {
            self.nanos += i128::from(nanos);
            self.longest_nano = self.longest_nano.max(nanos);
            self.buckets.push(bucket_of_nanos(nanos));
        }
        if self.buckets.len() <= FEW {
            self.buckets.sort_unstable();
            bytes_of_sorted(&self.buckets, &mut self.histogram);
        } else {
            self.histogram.clear();
            self.counts.add_buckets(&self.buckets);
            self.counts.take_bytes(&mut self.histogram);
        }
    }

    /// The sum.
    pub(crate) fn nanos(&self) -> i128 {
        self.nanos
    }

    /// The longest one; zero for none.
    pub(crate) fn longest_nano(&self) -> i64 {
        self.longest_nano
    }

    /// The histogram in HdrHistogram's form.
    pub(crate) fn histogram(&self) -> &[u8] {
        &self.histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::red::DurationHistogram;

    #[test]
    fn few_and_many_durations_make_the_histogram_that_counts_them() {
        let mut sum = DurationSum::default();
        for count in [0, 1, FEW, FEW + 1, 20 * FEW] {
            let durations: Vec<i64> = (0..count as i64)
                .map(|number| number * number - 5)
                .collect();
            let mut expect = DurationHistogram::default();
            durations.iter().for_each(|nanos| expect.record(*nanos));
            sum.sum_up(durations.iter().copied());
            assert_eq!(sum.histogram(), expect.to_bytes(), "{count} durations");
            assert_eq!(sum.nanos(), durations.iter().copied().map(i128::from).sum());
            let longest = durations.iter().copied().max().unwrap_or_default();
            assert_eq!(sum.longest_nano(), longest.max(0));
        }
    }
}
