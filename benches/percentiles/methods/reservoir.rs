//! A uniform sample of a fixed size: another answer each time it is asked.

use super::super::random::Random;
use super::super::{Figures, PERCENTILES};

const SIZE: usize = 8_192;
/// Samples, of which the typical error is given; odd.
const SAMPLES: u64 = 9;

/// The median of what some samples say, by how far from the middle each is.
pub(super) fn percentiles(values: &[i64]) -> Figures {
    let samples: Vec<Vec<i64>> = (1..=SAMPLES).map(|seed| sample(values, seed)).collect();
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    PERCENTILES.map(|percentile| {
        let exact = super::super::exact(&sorted, percentile) as f64;
        let mut found: Vec<f64> = samples
            .iter()
            .map(|sample| interpolated(sample, percentile))
            .collect();
        found.sort_by(|one, other| (one - exact).abs().total_cmp(&(other - exact).abs()));
        found[found.len() / 2]
    })
}

/// Each value replaces one of the sample with the chance that the size has in all seen so far.
fn sample(values: &[i64], seed: u64) -> Vec<i64> {
    let mut random = Random::new(seed);
    let mut sample: Vec<i64> = values.iter().copied().take(SIZE).collect();
    for (seen, value) in values.iter().enumerate().skip(SIZE) {
        let place = random.below(seen as u64 + 1) as usize;
        if let Some(kept) = sample.get_mut(place) {
            *kept = *value;
        }
    }
    sample.sort_unstable();
    sample
}

/// Between the two values around the percentile's place.
fn interpolated(sorted: &[i64], percentile: f64) -> f64 {
    let place = percentile / 100.0 * (sorted.len() - 1) as f64;
    let low = place.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    let (low, high) = (sorted[low] as f64, sorted[high] as f64);
    low + (high - low) * place.fract()
}
