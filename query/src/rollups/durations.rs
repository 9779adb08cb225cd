//! Durations of many sums in one array: nothing is allocated for a sum.

/// The histogram's buckets of the durations of sums, one sum after another, each one's in order.
#[derive(Debug)]
pub(crate) struct SortedDurations(Vec<u32>);

impl SortedDurations {
    /// Sorts durations in no order, each the number of its sum and its bucket: by sums in the given
    /// order, of which the one of a number has so many.
    pub(crate) fn of_added(
        added: Vec<(u32, u32)>,
        order: &[u32],
        count: impl Fn(u32) -> usize,
    ) -> Self {
        let mut next = vec![0; order.len()];
        let mut end = 0;
        for number in order {
            next[*number as usize] = end;
            end += count(*number);
        }
        let mut buckets = vec![0; end];
        for (number, bucket) in added {
            let place = &mut next[number as usize];
            buckets[*place] = bucket;
            *place += 1;
        }
        let mut rest = buckets.as_mut_slice();
        for number in order {
            let (of_sum, others) = rest.split_at_mut(count(*number));
            of_sum.sort_unstable();
            rest = others;
        }
        Self(buckets)
    }

    /// All buckets, sum after sum.
    pub(crate) fn all(&self) -> &[u32] {
        &self.0
    }
}
