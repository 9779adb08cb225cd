//! Durations of many sums in one array: nothing is allocated for a sum.

use crate::red::bucket_of_nanos;

/// The sum and the histogram's bucket of each duration, in no order.
#[derive(Debug, Default)]
pub(crate) struct AddedDurations(Vec<(u32, u32)>);

impl AddedDurations {
    /// Adds a duration to the sum of a number.
    pub(crate) fn add(&mut self, sum: u32, nanos: i64) {
        self.0.push((sum, bucket_of_nanos(nanos)));
    }

    /// The memory that they take, and take again while they are sorted, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.0.capacity() * size_of::<(u32, u32)>() + self.0.len() * size_of::<u32>()
    }

    /// The durations of one sum after another: by number, of sums in this order, of which the one
    /// of a number has so many.
    pub(crate) fn sorted(self, order: &[u32], count: impl Fn(u32) -> usize) -> SortedDurations {
        let mut next = vec![0; order.len()];
        let mut end = 0;
        for number in order {
            next[*number as usize] = end;
            end += count(*number);
        }
        let mut buckets = vec![0; end];
        for (number, bucket) in self.0 {
            let place = &mut next[number as usize];
            buckets[*place] = bucket;
            *place += 1;
        }
        let counts = order.iter().map(|number| count(*number));
        SortedDurations::of(buckets, counts)
    }
}

/// The histogram's buckets of the durations of sums, one sum after another, each one's in order.
#[derive(Debug)]
pub(crate) struct SortedDurations(Vec<u32>);

impl SortedDurations {
    /// Sorts the buckets of each sum; the sums have so many.
    pub(crate) fn of(mut buckets: Vec<u32>, counts: impl Iterator<Item = usize>) -> Self {
        let mut rest = buckets.as_mut_slice();
        for count in counts {
            let (of_sum, others) = rest.split_at_mut(count);
            // A stable sort takes what is in order already as it is.
            of_sum.sort();
            rest = others;
        }
        Self(buckets)
    }

    /// All buckets, sum after sum.
    pub(crate) fn all(&self) -> &[u32] {
        &self.0
    }
}
