//! Sums of many histograms.

use super::count::BucketCount;
use super::wire::{each_count, put_counts};
use super::{Bucket, DurationHistogram, MalformedHistogram, bucket_of};

/// Buckets that are looked at together, and blocks that are; a bit for each fits a word.
const BLOCK: usize = 64;

/// Adds histograms up, and takes some out, in memory that one sum after the other uses: a count
/// for every bucket there may be. That is many times faster than to merge one with the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct HistogramSum {
    /// Empty before the first sum.
    counts: Vec<i64>,
    /// For each block, the buckets that were added to since the last sum; all others are zero.
    touched: Vec<u64>,
    /// The blocks that have such buckets: most sums are of few.
    touched_blocks: Vec<u64>,
    /// What a sum is written to first: only then its length is known.
    taken: Vec<BucketCount>,
}

impl HistogramSum {
    /// Adds a histogram in HdrHistogram's form so many times, which may be negative.
    ///
    /// # Errors
    /// [`MalformedHistogram`] when the bytes are none; the sum is then of no use.
    pub(crate) fn add_bytes(&mut self, bytes: &[u8], times: i64) -> Result<(), MalformedHistogram> {
        self.prepare();
        match times {
            1 => each_count(bytes, |bucket, count| self.add(bucket, count)),
            _ => each_count(bytes, |bucket, count| {
                self.add(bucket, count.saturating_mul(times));
            }),
        }
    }

    /// Adds a histogram so many times, which may be negative.
    pub(crate) fn add_histogram(&mut self, histogram: &DurationHistogram, times: i64) {
        self.prepare();
        for held in &histogram.counts {
            let count = held.count().cast_signed();
            self.add(held.bucket(), count.saturating_mul(times));
        }
        for bucket in &histogram.pending {
            self.add(*bucket, times);
        }
    }

    /// Counts durations by their buckets.
    pub(crate) fn add_buckets(&mut self, buckets: &[Bucket]) {
        self.prepare();
        for bucket in buckets {
            self.add(*bucket, 1);
        }
    }

    fn prepare(&mut self) {
        if self.counts.is_empty() {
            let blocks = bucket_of(u64::MAX) as usize / BLOCK + 1;
            self.counts = vec![0; blocks * BLOCK];
            self.touched = vec![0; blocks];
            self.touched_blocks = vec![0; blocks.div_ceil(BLOCK)];
        }
    }

    fn add(&mut self, bucket: Bucket, count: i64) {
        let sum = &mut self.counts[bucket as usize];
        *sum = sum.saturating_add(count);
        let block = bucket as usize / BLOCK;
        self.touched[block] |= 1 << (bucket as usize % BLOCK);
        self.touched_blocks[block / BLOCK] |= 1 << (block % BLOCK);
    }

    /// The sum since the last one was taken. Buckets below zero are empty.
    pub(crate) fn take(&mut self) -> DurationHistogram {
        self.move_to_taken();
        DurationHistogram {
            counts: self.taken.as_slice().to_vec(),
            pending: Vec::new(),
        }
    }

    /// As [`Self::take`]; appends the sum in HdrHistogram's form.
    pub(crate) fn take_bytes(&mut self, bytes: &mut Vec<u8>) {
        self.move_to_taken();
        put_counts(&self.taken, bytes);
    }

    fn move_to_taken(&mut self) {
        self.taken.clear();
        for (word, blocks) in self.touched_blocks.iter_mut().enumerate() {
            for block in each_bit(std::mem::take(blocks)) {
                let block = word * BLOCK + block;
                for bucket in each_bit(std::mem::take(&mut self.touched[block])) {
                    let bucket = block * BLOCK + bucket;
                    let count = std::mem::take(&mut self.counts[bucket]);
                    if count > 0 {
                        let held = BucketCount::new(bucket as Bucket, count.cast_unsigned());
                        self.taken.push(held);
                    }
                }
            }
        }
    }
}

/// The positions of the bits that are set, lowest first.
fn each_bit(mut rest: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (rest != 0).then(|| rest.trailing_zeros() as usize);
        rest &= rest.wrapping_sub(1);
        bit
    })
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
                sum.add_histogram(&merged, 1);
                let mut bytes = b"before".to_vec();
                sum.take_bytes(&mut bytes);
                prop_assert_eq!(bytes, [&b"before"[..], &merged.to_bytes()].concat());
            }
            prop_assert!(sum.take().is_empty());
        }
    }
}
