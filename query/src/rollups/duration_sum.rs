//! The durations of a row.

use crate::red::{HistogramSum, OrderedHistogram, bucket_of_nanos};

/// Up to so many durations are sorted; of more it is counted how many are in each bucket.
const FEW: usize = 256;

/// Durations that are added up, the shortest ones first.
#[derive(Debug, Default)]
pub(crate) struct DurationSum {
    count: u64,
    nanos: i128,
    longest_nano: i64,
    histogram: OrderedHistogram,
}

impl DurationSum {
    /// Adds a duration in nanoseconds: none of a bucket before that of the last one.
    #[inline]
    pub(crate) fn add(&mut self, nanos: i64) {
        self.count += 1;
        self.nanos += i128::from(nanos);
        self.longest_nano = self.longest_nano.max(nanos);
        self.histogram.record(bucket_of_nanos(nanos));
    }

    /// Forgets all, but for the memory.
    pub(crate) fn clear(&mut self) {
        (self.count, self.nanos, self.longest_nano) = (0, 0, 0);
        self.histogram.clear();
    }

    /// How many were added.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The sum.
    pub(crate) fn nanos(&self) -> i128 {
        self.nanos
    }

    /// The longest one; zero for none.
    pub(crate) fn longest_nano(&self) -> i64 {
        self.longest_nano
    }

    /// The histogram in HdrHistogram's form; all that was added counts in it once.
    pub(crate) fn take_histogram(&mut self) -> &[u8] {
        self.histogram.take()
    }
}

/// Durations that are added up as they come.
#[derive(Debug, Default)]
pub(crate) struct MixedDurationSum {
    nanos: i128,
    /// The histogram's buckets that they are in.
    buckets: Vec<u32>,
}

impl MixedDurationSum {
    /// Adds a duration in nanoseconds.
    #[inline]
    pub(crate) fn add(&mut self, nanos: i64) {
        self.nanos += i128::from(nanos);
        self.buckets.push(bucket_of_nanos(nanos));
    }

    /// Forgets all, but for the memory.
    pub(crate) fn clear(&mut self) {
        self.nanos = 0;
        self.buckets.clear();
    }

    /// The sum.
    pub(crate) fn nanos(&self) -> i128 {
        self.nanos
    }
}

/// Writes histograms of mixed durations in HdrHistogram's form, in memory that one takes after the other.
#[derive(Debug, Default)]
pub(crate) struct HistogramWriter {
    few: OrderedHistogram,
    counts: HistogramSum,
    bytes: Vec<u8>,
}

impl HistogramWriter {
    /// The histogram of durations.
    pub(crate) fn histogram_of(&mut self, sum: &mut MixedDurationSum) -> &[u8] {
        let Self { few, counts, bytes } = self;
        if sum.buckets.len() > FEW {
            bytes.clear();
            counts.add_buckets(&sum.buckets);
            counts.take_bytes(bytes);
            return bytes;
        }
        sum.buckets.sort_unstable();
        sum.buckets.iter().for_each(|bucket| few.record(*bucket));
        few.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::red::DurationHistogram;

    #[test]
    fn in_whatever_order_durations_come_they_make_the_histogram_that_counts_them() {
        let mut ordered = DurationSum::default();
        let mut mixed = MixedDurationSum::default();
        let mut writer = HistogramWriter::default();
        for count in [0, 1, FEW, FEW + 1, 20 * FEW] {
            let durations = (0..count as i64).map(|number| number * number - 5);
            let mut expect = DurationHistogram::default();
            durations.clone().for_each(|nanos| expect.record(nanos));
            let expect = expect.to_bytes();
            let nanos = durations.clone().map(i128::from).sum();

            ordered.clear();
            durations.clone().for_each(|nanos| ordered.add(nanos));
            assert_eq!(ordered.take_histogram(), expect, "{count} durations");
            assert_eq!(ordered.count(), count as u64);
            assert_eq!(ordered.nanos(), nanos);
            let longest = durations.clone().max().unwrap_or_default();
            assert_eq!(ordered.longest_nano(), longest.max(0));

            mixed.clear();
            durations.rev().for_each(|nanos| mixed.add(nanos));
            let histogram = writer.histogram_of(&mut mixed);
            assert_eq!(histogram, expect, "{count} mixed durations");
            assert_eq!(mixed.nanos(), nanos);
        }
    }
}
