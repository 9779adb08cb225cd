//! How far percentiles of durations are off: ours, and those of other ways to keep durations.
//!
//! ```text
//!  five distributions ─► 1 M durations each ─┬─► sorted ─► the exact percentiles ─┐
//!                                            └─► each method ─► its percentiles ──┴─► errors
//! ```
//!
//! Everything is seeded, so each run gives the same figures: the bench prints them, and a test
//! holds the page that shows them.

mod distributions;
mod methods;
mod report;

#[path = "../traffic/random.rs"]
#[expect(dead_code, reason = "the benches' traffic draws in more ways")]
mod random;

use distributions::Distribution;

pub(crate) use report::markdown;

/// How many durations of each distribution.
const VALUES: usize = 1_000_000;
const PERCENTILES: [f64; 5] = [50.0, 90.0, 99.0, 99.9, 99.99];

/// One figure for each of [`PERCENTILES`].
type Figures = [f64; PERCENTILES.len()];

/// The errors of all methods on one distribution.
#[derive(Debug)]
pub(crate) struct Measured {
    distribution: &'static Distribution,
    /// The exact percentiles, in nanoseconds.
    exact: Figures,
    /// How far the percentiles of each of [`methods::ALL`] are off, relative to the exact ones.
    errors: Vec<Figures>,
}

impl Measured {
    /// The largest error of our own percentiles, relative to the exact one.
    pub(crate) fn our_largest_error(&self) -> f64 {
        let ours = &self.errors[methods::OURS];
        ours.iter()
            .fold(0.0, |largest, error| largest.max(error.abs()))
    }
}

/// Measures every method on every distribution.
pub(crate) fn measure() -> Vec<Measured> {
    distributions::ALL
        .iter()
        .map(|distribution| {
            let values = distribution.draw(VALUES);
            let mut sorted = values.clone();
            sorted.sort_unstable();
            let exact = PERCENTILES.map(|percentile| exact(&sorted, percentile) as f64);
            let errors = methods::ALL.iter().map(|method| {
                let found = (method.percentiles)(&values);
                std::array::from_fn(|at| found[at] / exact[at] - 1.0)
            });
            Measured {
                distribution,
                exact,
                errors: errors.collect(),
            }
        })
        .collect()
}

/// The value of the nearest rank: the smallest that so many per cent do not exceed.
fn exact(sorted: &[i64], percentile: f64) -> i64 {
    let rank = (percentile / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}
