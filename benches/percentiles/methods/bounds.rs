//! Classic Prometheus histograms: a few fixed bounds.
//!
//! `histogram_quantile` takes durations as spread evenly between the bounds around a rank. What
//! lies above the last bound is given as that bound.

use super::super::{Figures, PERCENTILES};

const SECOND: f64 = 1e9;

/// The client libraries' default bounds, in seconds.
const DEFAULT: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

pub(super) fn prometheus_default(values: &[i64]) -> Figures {
    percentiles(values, &DEFAULT)
}

/// From 2 ms, each the double of the one before: the last is 16.4 s.
pub(super) fn tempo_generator(values: &[i64]) -> Figures {
    let bounds: [f64; 14] = std::array::from_fn(|power| 0.002 * 2_f64.powi(power as i32));
    percentiles(values, &bounds)
}

fn percentiles(values: &[i64], bounds: &[f64]) -> Figures {
    let mut counts = vec![0_u64; bounds.len() + 1];
    for value in values {
        let seconds = *value as f64 / SECOND;
        counts[bounds.partition_point(|bound| *bound < seconds)] += 1;
    }
    PERCENTILES.map(|percentile| {
        let rank = percentile / 100.0 * values.len() as f64;
        let mut below = 0.0;
        let mut low = 0.0;
        for (high, count) in bounds.iter().zip(&counts) {
            let count = *count as f64;
            if below + count >= rank {
                return (low + (high - low) * (rank - below) / count) * SECOND;
            }
            below += count;
            low = *high;
        }
        low * SECOND
    })
}
