//! Ours, by the way that the rollups take: many histograms, stored, read back and merged.

use query::DurationHistogram;

use super::super::{Figures, PERCENTILES};

/// Durations in one bucket of time.
const BUCKET: usize = 10_000;

pub(super) fn percentiles(values: &[i64]) -> Figures {
    let mut whole = DurationHistogram::default();
    for part in values.chunks(BUCKET) {
        let mut histogram = DurationHistogram::default();
        for value in part {
            histogram.record(*value);
        }
        let stored = histogram.to_bytes();
        whole.merge(&DurationHistogram::from_bytes(&stored).expect("just written"));
    }
    let found = whole.percentiles(&PERCENTILES).expect("there are values");
    std::array::from_fn(|at| found[at] as f64)
}
