//! Sums of many histograms.

use super::wire::each_count;
use super::{Bucket, DurationHistogram, MalformedHistogram, bucket_of};

/// Sums of fewer buckets in all are made by sorting.
const FEW: usize = 256;

/// Adds histograms up, and takes some out, in memory that one sum after the other uses: a count
/// for every bucket there may be. That is many times faster than to merge one with the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct HistogramSum {
    counts: Vec<i64>,
    /// The buckets that were added to since the last sum lie in here; all others are zero.
    touched: Touched,
}

/// A range of buckets; empty when its first one is not before its end.
#[derive(Clone, Copy, Debug)]
struct Touched {
    first: Bucket,
    end: Bucket,
}

impl Default for Touched {
    fn default() -> Self {
        Self {
            first: Bucket::MAX,
            end: 0,
        }
    }
}

impl Touched {
    fn add(&mut self, bucket: Bucket) {
        self.first = self.first.min(bucket);
        self.end = self.end.max(bucket + 1);
    }

    fn join(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.end = self.end.max(other.end);
    }
}

fn add(sum: &mut i64, count: u64, times: i64) {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    *sum = sum.saturating_add(count.saturating_mul(times));
}

impl HistogramSum {
    /// Adds a histogram in HdrHistogram's form so many times, which may be negative.
    ///
    /// # Errors
    /// [`MalformedHistogram`] when the bytes are none; the sum is then of no use.
    pub(crate) fn add_bytes(&mut self, bytes: &[u8], times: i64) -> Result<(), MalformedHistogram> {
        let mut touched = Touched::default();
        let counts = self.all_counts();
        each_count(bytes, |bucket, count| {
            touched.add(bucket);
            add(&mut counts[bucket as usize], count, times);
        })?;
        self.touched.join(touched);
        Ok(())
    }

    /// Adds a histogram so many times, which may be negative.
    pub(crate) fn add_histogram(&mut self, histogram: &DurationHistogram, times: i64) {
        let mut touched = Touched::default();
        let counts = self.all_counts();
        for (bucket, count) in &histogram.counts {
            touched.add(*bucket);
            add(&mut counts[*bucket as usize], *count, times);
        }
        for bucket in &histogram.pending {
            touched.add(*bucket);
            add(&mut counts[*bucket as usize], 1, times);
        }
        self.touched.join(touched);
    }

    fn all_counts(&mut self) -> &mut [i64] {
        if self.counts.is_empty() {
            self.counts = vec![0; bucket_of(u64::MAX) as usize + 1];
        }
        &mut self.counts
    }

    /// The sum since the last one was taken. Buckets below zero are empty.
    pub(crate) fn take(&mut self) -> DurationHistogram {
        let mut histogram = DurationHistogram::default();
        let Touched { first, end } = std::mem::take(&mut self.touched);
        let sums = self.counts.get_mut(first as usize..end as usize);
        for (bucket, sum) in (first..end).zip(sums.unwrap_or_default()) {
            let count = std::mem::take(sum);
            if count > 0 {
                histogram.counts.push((bucket, count.cast_unsigned()));
            }
        }
        histogram
    }

    /// The sum of some histograms, when nothing was added since the last sum.
    pub(crate) fn of<'a>(
        &mut self,
        parts: impl Iterator<Item = &'a DurationHistogram> + Clone,
    ) -> DurationHistogram {
        let entries = |part: &DurationHistogram| part.counts.len() + part.pending.len();
        let entries = parts.clone().map(entries).sum();
        if entries < FEW {
            return sum_of_few(parts, entries);
        }
        parts.for_each(|part| self.add_histogram(part, 1));
        self.take()
    }
}

/// To look at all buckets there may be costs more than to sort a few.
fn sum_of_few<'a>(
    parts: impl Iterator<Item = &'a DurationHistogram>,
    entries: usize,
) -> DurationHistogram {
    let mut counts: Vec<(Bucket, u64)> = Vec::with_capacity(entries);
    for part in parts {
        counts.extend_from_slice(&part.counts);
        counts.extend(part.pending.iter().map(|bucket| (*bucket, 1)));
    }
    counts.sort_by_key(|(bucket, _)| *bucket);
    counts.dedup_by(|(next, more), (bucket, count)| {
        let is_same = next == bucket;
        if is_same {
            *count += *more;
        }
        is_same
    });
    DurationHistogram {
        counts,
        pending: Vec::new(),
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
                let parts: Vec<DurationHistogram> = parts.iter().map(|part| of(part)).collect();
                let mut at_once = sum.of(parts.iter());
                prop_assert_eq!(at_once.to_bytes(), merged.to_bytes());
            }
            prop_assert!(sum.take().is_empty());
        }
    }
}
