//! Prometheus' native histograms: exponential buckets, of which only those that hold something are
//! told.
//!
//! Source: Prometheus' documentation "Native Histograms", section "Data model". In schema `s` the
//! bucket `i` holds values over `2^((i-1) / 2^s)` seconds up to `2^(i / 2^s)`.

/// The schema in which durations are counted: sixteen buckets for each power of two, so that a
/// value is at most 4.4 % above the lower end of its bucket.
pub(super) const FINEST_SCHEMA: i32 = 4;

/// A histogram with more buckets is told in a coarser schema.
const MOST_BUCKETS: usize = 160;

/// Values up to this are zero: what Prometheus' own libraries take, 2^-128.
pub(super) const ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;

/// A native histogram in the form in which both of Prometheus' protocols tell it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NativeHistogram {
    pub(super) schema: i32,
    /// How many values are zero.
    pub(super) zero_count: u64,
    /// Runs of buckets: how many are left out before it, at first the index of the first bucket;
    /// and how many it has.
    pub(super) spans: Vec<(i32, u32)>,
    /// The difference of each bucket's count to the one before it.
    pub(super) deltas: Vec<i64>,
}

impl NativeHistogram {
    /// From buckets of a schema by index, in order.
    pub(super) fn new(schema: i32, zero_count: u64, mut buckets: Vec<(i32, u64)>) -> Self {
        let mut schema = schema;
        while buckets.len() > MOST_BUCKETS {
            buckets = coarser(&buckets);
            schema -= 1;
        }
        let mut spans: Vec<(i32, u32)> = Vec::new();
        let mut deltas = Vec::with_capacity(buckets.len());
        let (mut next, mut before) = (0, 0);
        for (index, count) in buckets {
            match spans.last_mut() {
                Some((_, length)) if index == next => *length += 1,
                _ => spans.push((index - next, 1)),
            }
            next = index + 1;
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            deltas.push(count - before);
            before = count;
        }
        Self {
            schema,
            zero_count,
            spans,
            deltas,
        }
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> u64 {
        let counts = self.deltas.iter().scan(0, |count, delta| {
            *count += delta;
            Some(*count)
        });
        self.zero_count + counts.sum::<i64>().unsigned_abs()
    }
}

/// Pairs of buckets as one.
fn coarser(buckets: &[(i32, u64)]) -> Vec<(i32, u64)> {
    let mut merged: Vec<(i32, u64)> = Vec::with_capacity(buckets.len());
    for (index, count) in buckets {
        let index = (index + 1).div_euclid(2);
        match merged.last_mut() {
            Some((last, counted)) if *last == index => *counted += count,
            _ => merged.push((index, *count)),
        }
    }
    merged
}

/// The index of the bucket of [`FINEST_SCHEMA`] that holds a duration; none for zero.
pub(super) fn bucket_index(nanos: i64) -> Option<i32> {
    if nanos <= 0 {
        return None;
    }
    let seconds = nanos as f64 / 1e9;
    let guess = (seconds.log2() * f64::from(1 << FINEST_SCHEMA)).ceil() as i32;
    // A logarithm may be a hair off, and a bound belongs to the bucket below it.
    if seconds <= upper_bound(guess - 1) {
        Some(guess - 1)
    } else if seconds > upper_bound(guess) {
        Some(guess + 1)
    } else {
        Some(guess)
    }
}

/// The highest value of a bucket of [`FINEST_SCHEMA`], in seconds.
fn upper_bound(index: i32) -> f64 {
    (f64::from(index) / f64::from(1 << FINEST_SCHEMA)).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_belong_to_the_bucket_below() {
        assert_eq!(bucket_index(0), None);
        assert_eq!(bucket_index(1_000_000_000), Some(0));
        assert_eq!(bucket_index(1_000_000_001), Some(1));
        assert_eq!(bucket_index(2_000_000_000), Some(16));
        assert_eq!(bucket_index(500_000_000), Some(-16));
        for nanos in [1, 7, 999, 123_456, 987_654_321, i64::MAX] {
            let index = bucket_index(nanos).expect("not zero");
            let seconds = nanos as f64 / 1e9;
            assert!(seconds <= upper_bound(index) && seconds > upper_bound(index - 1));
        }
    }

    #[test]
    fn runs_of_buckets_are_told_by_their_gaps() {
        let histogram = NativeHistogram::new(4, 2, vec![(-3, 5), (-2, 4), (1, 4), (2, 9)]);
        assert_eq!(histogram.spans, [(-3, 2), (2, 2)]);
        assert_eq!(histogram.deltas, [5, -1, 0, 5]);
        assert_eq!(histogram.count(), 24);
    }

    #[test]
    fn a_histogram_of_many_buckets_is_told_coarser() {
        let buckets: Vec<_> = (-200..121).map(|index| (index, 1)).collect();
        let histogram = NativeHistogram::new(4, 0, buckets);
        assert_eq!(histogram.schema, 2);
        assert_eq!(histogram.count(), 321);
        // Bucket -200 of schema 4 ends at 2^(-200/16), which is bucket -50 of schema 2.
        assert_eq!(histogram.spans, [(-50, 81)]);
        assert_eq!(histogram.deltas[..3], [1, 3, 0]);
    }
}
