//! Durations counted in Prometheus' buckets, classic and native ones at once.

use std::cmp::Ordering;

use super::native_histogram::{FINEST_SCHEMA, NativeHistogram, bucket_index};
use crate::red::DurationHistogram;

/// How many classic buckets there are, the one without a bound aside.
pub(super) const BOUNDS: usize = 20;

/// The upper bounds of the classic buckets in nanoseconds: Tempo's fourteen from 2 ms to 16.384 s,
/// and three more at either end.
const BOUNDS_NANO: [i64; BOUNDS] = {
    let mut bounds = [250_000; BOUNDS];
    let mut next = 1;
    while next < BOUNDS {
        bounds[next] = bounds[next - 1] * 2;
        next += 1;
    }
    bounds
};

/// The upper bounds of the classic buckets in seconds. None is a whole number, which the text
/// formats would write in two ways.
pub(super) fn bounds_seconds() -> [f64; BOUNDS] {
    BOUNDS_NANO.map(|nanos| nanos as f64 / 1e9)
}

/// The position of the classic bucket that holds a duration; [`BOUNDS`] for those beyond the last.
pub(super) fn classic_bucket(nanos: i64) -> usize {
    BOUNDS_NANO.partition_point(|bound| *bound < nanos)
}

/// A classic and a native bucket that durations share. Both grow with the duration, so cells in
/// order have both in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    /// None for durations of zero.
    native: Option<i32>,
    classic: usize,
}

/// How many durations are in each bucket, and their sum.
///
/// A duration counts as the lowest one of its bucket in [`DurationHistogram`], which is less than
/// 0.1 % below it: what equals a bound is counted under it, and so may be what is a hair above.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct BucketCounts {
    /// Those that hold something, in order.
    cells: Vec<(Cell, u64)>,
    pub(super) sum_seconds: f64,
}

impl BucketCounts {
    pub(super) fn of(durations: &mut DurationHistogram, sum_nano: f64) -> Self {
        let mut cells: Vec<(Cell, u64)> = Vec::new();
        for (lowest, _, count) in durations.buckets() {
            let cell = Cell {
                native: bucket_index(lowest),
                classic: classic_bucket(lowest),
            };
            match cells.last_mut() {
                Some((last, counted)) if *last == cell => *counted += count,
                _ => cells.push((cell, count)),
            }
        }
        Self {
            cells,
            sum_seconds: sum_nano / 1e9,
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.cells.iter().map(|(_, count)| count).sum()
    }

    /// Counts what another one counted too.
    pub(super) fn add(&mut self, other: &Self) {
        self.cells = joined(&self.cells, &other.cells, u64::saturating_add);
        self.sum_seconds += other.sum_seconds;
    }

    /// Raises each bucket to what another one holds; none falls.
    pub(super) fn raise_to(&mut self, other: &Self) {
        self.cells = joined(&self.cells, &other.cells, u64::max);
        self.sum_seconds = self.sum_seconds.max(other.sum_seconds);
    }

    /// How many durations are at or below each classic bound.
    pub(super) fn cumulative(&self) -> [u64; BOUNDS] {
        let mut counts = [0; BOUNDS];
        for (cell, count) in &self.cells {
            if let Some(bucket) = counts.get_mut(cell.classic) {
                *bucket += count;
            }
        }
        let mut below = 0;
        counts.map(|count| {
            below += count;
            below
        })
    }

    /// The same in native buckets.
    pub(super) fn native(&self) -> NativeHistogram {
        let mut zero_count = 0;
        let mut buckets: Vec<(i32, u64)> = Vec::with_capacity(self.cells.len());
        for (cell, count) in &self.cells {
            match (cell.native, buckets.last_mut()) {
                (None, _) => zero_count += count,
                (Some(index), Some((last, counted))) if *last == index => *counted += count,
                (Some(index), _) => buckets.push((index, *count)),
            }
        }
        NativeHistogram::new(FINEST_SCHEMA, zero_count, buckets)
    }
}

/// Two ordered lists of counts as one; what both have is combined.
fn joined(
    one: &[(Cell, u64)],
    other: &[(Cell, u64)],
    combine: impl Fn(u64, u64) -> u64,
) -> Vec<(Cell, u64)> {
    let mut all = Vec::with_capacity(one.len().max(other.len()));
    let (mut left, mut right) = (one.iter().peekable(), other.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return all,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((left, _)), Some((right, _))) => left.cmp(right),
        };
        let next = match order {
            Ordering::Less => left.next().copied(),
            Ordering::Greater => right.next().copied(),
            Ordering::Equal => left
                .next()
                .zip(right.next())
                .map(|((cell, left), (_, right))| (*cell, combine(*left, *right))),
        };
        all.extend(next);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts_of(durations: &[i64]) -> BucketCounts {
        let mut histogram = DurationHistogram::default();
        durations.iter().for_each(|nanos| histogram.record(*nanos));
        let sum: f64 = durations.iter().map(|nanos| *nanos as f64).sum();
        BucketCounts::of(&mut histogram, sum)
    }

    #[test]
    fn a_duration_at_a_bound_is_counted_under_it() {
        for (position, bound) in BOUNDS_NANO.into_iter().enumerate() {
            let cumulative = counts_of(&[bound]).cumulative();
            let first = cumulative.iter().position(|count| *count == 1);
            assert_eq!(first, Some(position), "{bound} ns");
        }
        assert_eq!(counts_of(&[200_000_000_000]).cumulative(), [0; BOUNDS]);
        assert_eq!(bounds_seconds()[3], 0.002);
        assert_eq!(bounds_seconds()[BOUNDS - 1], 131.072);
    }

    #[test]
    fn ten_spans_of_a_second() {
        let counts = counts_of(&[1_000_000_000; 10]);
        assert_eq!((counts.count(), counts.sum_seconds), (10, 10.0));
        let cumulative = counts.cumulative();
        assert_eq!(
            (cumulative[11], cumulative[12]),
            (0, 10),
            "0.512 and 1.024 s"
        );
        let native = counts.native();
        assert_eq!(
            (native.spans.as_slice(), native.deltas.as_slice()),
            ([(0, 1)].as_slice(), [10].as_slice())
        );
    }

    proptest! {
        #[test]
        fn classic_and_native_buckets_count_the_same(
            durations in prop::collection::vec(prop_oneof![0..2_000_i64, 0..900_000_000_000_i64, Just(i64::MAX)], 0..300),
            more in prop::collection::vec(0..900_000_000_000_i64, 0..300),
        ) {
            let (mut counts, more) = (counts_of(&durations), counts_of(&more));
            let before = counts.clone();
            counts.add(&more);
            prop_assert_eq!(counts.count(), before.count() + more.count());
            prop_assert_eq!(counts.native().count(), counts.count());
            prop_assert!(counts.cumulative().is_sorted());
            prop_assert!(counts.native().deltas.len() <= 160);

            // Raising to less changes nothing; to more, everything.
            let mut raised = counts.clone();
            raised.raise_to(&before);
            prop_assert_eq!(&raised, &counts);
            let mut raised = before.clone();
            raised.raise_to(&counts);
            prop_assert_eq!(&raised, &counts);
        }
    }
}
