//! The durations of a row.

use crate::red::{HistogramSum, bucket_of_nanos, bytes_of_sorted};

/// Up to so many durations are sorted; of more it is counted how many are in each bucket.
const FEW: usize = 256;

/// Durations that are added up.
#[derive(Debug, Default)]
pub(crate) struct DurationSum {
    nanos: i128,
    longest_nano: i64,
    /// The histogram's buckets that they are in.
    buckets: Vec<u32>,
    /// Whether one came after a longer one.
    is_unsorted: bool,
}

impl DurationSum {
    /// Adds a duration in nanoseconds: best the shortest ones first.
    pub(crate) fn add(&mut self, nanos: i64) {
        self.nanos += i128::from(nanos);
        self.longest_nano = self.longest_nano.max(nanos);
        let bucket = bucket_of_nanos(nanos);
        self.is_unsorted |= self.buckets.last().is_some_and(|last| *last > bucket);
        self.buckets.push(bucket);
    }

    /// Forgets all, but for the memory.
    pub(crate) fn clear(&mut self) {
        self.nanos = 0;
        self.longest_nano = 0;
        self.buckets.clear();
        self.is_unsorted = false;
    }

    /// How many were added.
    pub(crate) fn count(&self) -> usize {
        self.buckets.len()
    }

    /// The sum.
    pub(crate) fn nanos(&self) -> i128 {
        self.nanos
    }

    /// The longest one; zero for none.
    pub(crate) fn longest_nano(&self) -> i64 {
        self.longest_nano
    }
}

/// Writes histograms of durations, in memory that one takes after the other.
#[derive(Debug, Default)]
pub(crate) struct HistogramWriter {
    counts: HistogramSum,
    histogram: Vec<u8>,
}

impl HistogramWriter {
    /// The histogram in HdrHistogram's form.
    pub(crate) fn histogram_of(&mut self, sum: &mut DurationSum) -> &[u8] {
        if sum.is_unsorted && sum.buckets.len() > FEW {
            self.histogram.clear();
            self.counts.add_buckets(&sum.buckets);
            self.counts.take_bytes(&mut self.histogram);
            return &self.histogram;
        }
        if sum.is_unsorted {
            sum.buckets.sort_unstable();
            sum.is_unsorted = false;
        }
        bytes_of_sorted(&sum.buckets, &mut self.histogram);
        &self.histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::red::DurationHistogram;

    #[test]
    fn in_whatever_order_durations_come_they_make_the_histogram_that_counts_them() {
        let mut sum = DurationSum::default();
        let mut writer = HistogramWriter::default();
        for count in [0, 1, FEW, FEW + 1, 20 * FEW] {
            let sorted: Vec<i64> = (0..count as i64)
                .map(|number| number * number - 5)
                .collect();
            let unsorted = sorted.iter().rev().copied().collect();
            for durations in [sorted, unsorted] {
                let mut expect = DurationHistogram::default();
                durations.iter().for_each(|nanos| expect.record(*nanos));
                sum.clear();
                durations.iter().for_each(|nanos| sum.add(*nanos));
                let histogram = writer.histogram_of(&mut sum);
                assert_eq!(histogram, expect.to_bytes(), "{count} durations");
                assert_eq!(sum.count(), count);
                assert_eq!(sum.nanos(), durations.iter().copied().map(i128::from).sum());
                let longest = durations.iter().copied().max().unwrap_or_default();
                assert_eq!(sum.longest_nano(), longest.max(0));
            }
        }
    }
}
