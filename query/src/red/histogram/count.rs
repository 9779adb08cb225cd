//! How much a bucket holds, in one word.

use super::Bucket;

/// The bits of the count; those above are the bucket's number.
const COUNT_BITS: u32 = 48;
const MOST: u64 = (1 << COUNT_BITS) - 1;

/// A bucket that holds something, and how many durations: a question for a month holds millions.
///
/// More than 2⁴⁸ − 1 durations, a hundred million a second for a month, count as so many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BucketCount(u64);

impl BucketCount {
    #[inline]
    pub(super) fn new(bucket: Bucket, count: u64) -> Self {
        Self(u64::from(bucket) << COUNT_BITS | count.min(MOST))
    }

    #[inline]
    pub(super) fn bucket(self) -> Bucket {
        (self.0 >> COUNT_BITS) as Bucket
    }

    #[inline]
    pub(super) fn count(self) -> u64 {
        self.0 & MOST
    }
}

#[cfg(test)]
mod tests {
    use super::super::bucket_of;
    use super::*;

    #[test]
    fn a_word_holds_every_bucket_and_any_count() {
        for bucket in [0, 1, 2_048, bucket_of(u64::MAX)] {
            for count in [1, 255, MOST - 1, MOST] {
                let held = BucketCount::new(bucket, count);
                assert_eq!((held.bucket(), held.count()), (bucket, count));
            }
            let held = BucketCount::new(bucket, u64::MAX);
            assert_eq!((held.bucket(), held.count()), (bucket, MOST), "no more");
        }
    }
}
