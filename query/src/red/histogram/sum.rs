//! Sums of many histograms.

use std::fmt::Debug;

use super::count::BucketCount;
use super::wire::{CountWriter, each_count};
use super::{Bucket, DurationHistogram, MalformedHistogram};

/// Buckets that are looked at together, and blocks that are; a bit for each fits a word.
const BLOCK: usize = 64;
/// As many buckets as two bytes tell apart, which are more than there are: so each has its place.
const BUCKETS: usize = 1 << 16;
const BLOCKS: usize = BUCKETS / BLOCK;

/// Adds histograms up, and takes some out, in memory that one sum after the other uses: a count
/// for every bucket there may be. That is many times faster than to merge one with the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct HistogramSum(Option<Counts>);

#[derive(Clone, Debug)]
struct Counts {
    counts: Box<[i64; BUCKETS]>,
    /// For each block, the buckets that were added to since the last sum; all others are zero.
    touched: Box<[u64; BLOCKS]>,
    /// The blocks that have such buckets: most sums are of few.
    touched_blocks: [u64; BLOCKS / BLOCK],
}

impl HistogramSum {
    /// Adds a histogram in HdrHistogram's form so many times, which may be negative.
    ///
    /// # Errors
    /// [`MalformedHistogram`] when the bytes are none; the sum is then of no use.
    pub(crate) fn add_bytes(&mut self, bytes: &[u8], times: i64) -> Result<(), MalformedHistogram> {
        let counts = self.counts();
        match times {
            1 => each_count(bytes, |bucket, count| counts.add(bucket, count)),
            _ => each_count(bytes, |bucket, count| {
                counts.add(bucket, count.saturating_mul(times));
            }),
        }
    }

    /// Adds a histogram so many times, which may be negative.
    pub(crate) fn add_histogram(&mut self, histogram: &DurationHistogram, times: i64) {
        let counts = self.counts();
        for held in &histogram.counts {
            let count = held.count().cast_signed();
            counts.add(held.bucket(), count.saturating_mul(times));
        }
        for bucket in &histogram.pending {
            counts.add(*bucket, times);
        }
    }

    /// Counts durations by their buckets.
    pub(crate) fn add_buckets(&mut self, buckets: &[Bucket]) {
        let counts = self.counts();
        for bucket in buckets {
            counts.add(*bucket, 1);
        }
    }

    /// The sum since the last one was taken. Buckets below zero are empty.
    pub(crate) fn take(&mut self) -> DurationHistogram {
        let sum = self.counts();
        let mut counts = Vec::with_capacity(sum.len());
        sum.take(|bucket, count| counts.push(BucketCount::new(bucket, count)));
        DurationHistogram {
            counts,
            pending: Vec::new(),
        }
    }

    /// As [`Self::take`]; appends the sum in HdrHistogram's form.
    pub(crate) fn take_bytes(&mut self, bytes: &mut Vec<u8>) {
        let mut writer = CountWriter::at_end_of(bytes);
        self.counts()
            .take(|bucket, count| writer.put(bucket, count, bytes));
        let histogram = writer.finish(bytes);
        bytes.truncate(histogram.end);
    }

    fn counts(&mut self) -> &mut Counts {
        self.0.get_or_insert_with(|| Counts {
            counts: zeros(),
            touched: zeros(),
            touched_blocks: [0; BLOCKS / BLOCK],
        })
    }
}

impl Counts {
    #[inline]
    fn add(&mut self, bucket: Bucket, count: i64) {
        let bucket = usize::from(bucket as u16);
        let sum = &mut self.counts[bucket];
        *sum = sum.saturating_add(count);
        let block = bucket / BLOCK;
        self.touched[block] |= 1 << (bucket % BLOCK);
        self.touched_blocks[block / BLOCK] |= 1 << (block % BLOCK);
    }

    /// How many buckets were added to.
    fn len(&self) -> usize {
        let words = self.touched_blocks.iter().enumerate();
        let blocks = words
            .flat_map(|(word, blocks)| each_bit(*blocks).map(move |block| word * BLOCK + block));
        blocks
            .map(|block| self.touched[block].count_ones() as usize)
            .sum()
    }

    /// Hands over the buckets above zero, in order, and empties all.
    #[inline]
    fn take(&mut self, mut see: impl FnMut(Bucket, u64)) {
        for (word, blocks) in self.touched_blocks.iter_mut().enumerate() {
            for block in each_bit(std::mem::take(blocks)) {
                let block = word * BLOCK + block;
                for bucket in each_bit(std::mem::take(&mut self.touched[block])) {
                    let bucket = block * BLOCK + bucket;
                    let count = std::mem::take(&mut self.counts[bucket]);
                    if count > 0 {
                        see(bucket as Bucket, count.cast_unsigned());
                    }
                }
            }
        }
    }
}

/// So many zeros, made where they stay.
fn zeros<T: Clone + Debug + Default, const COUNT: usize>() -> Box<[T; COUNT]> {
    let zeros = vec![T::default(); COUNT].try_into();
    zeros.expect("it has so many")
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
