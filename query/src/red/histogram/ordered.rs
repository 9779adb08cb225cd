//! Histograms of durations that come in order.

use super::Bucket;
use super::wire::CountWriter;

/// Durations that are counted in HdrHistogram's form as they come, the shortest ones first: nothing is
/// left to be written at the end.
#[derive(Debug, Default)]
pub(crate) struct OrderedHistogram {
    writer: CountWriter,
    /// What is written, and room for more.
    bytes: Vec<u8>,
    /// The bucket of the last duration, and how many there were in it.
    last: Bucket,
    count: u64,
}

impl OrderedHistogram {
    /// Counts a duration by its bucket: none before that of the last one.
    #[inline]
    pub(crate) fn record(&mut self, bucket: Bucket) {
        if self.last == bucket {
            self.count += 1;
        } else {
            debug_assert!(self.last < bucket, "in order");
            self.put_last();
            (self.last, self.count) = (bucket, 1);
        }
    }

    /// The histogram in HdrHistogram's form; the next one begins.
    pub(crate) fn take(&mut self) -> &[u8] {
        self.put_last();
        let histogram = self.writer.finish(&mut self.bytes);
        self.clear();
        &self.bytes[histogram]
    }

    /// Forgets all, but for the memory.
    pub(crate) fn clear(&mut self) {
        self.writer = CountWriter::default();
        (self.last, self.count) = (0, 0);
    }

    #[inline]
    fn put_last(&mut self) {
        if self.count > 0 {
            self.writer.put(self.last, self.count, &mut self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::{DurationHistogram, bucket_of_nanos};
    use super::*;

    proptest! {
        #[test]
        fn durations_in_order_make_the_histogram_that_counts_them(
            histograms in vec(vec(prop_oneof![0..3_000_i64, 0..60_000_000_000_i64], 0..300), 0..4),
        ) {
            let mut ordered = OrderedHistogram::default();
            for mut durations in histograms {
                durations.sort_unstable();
                let mut expect = DurationHistogram::default();
                for nanos in durations {
                    expect.record(nanos);
                    ordered.record(bucket_of_nanos(nanos));
                }
                prop_assert_eq!(ordered.take(), expect.to_bytes());
            }
        }
    }
}
