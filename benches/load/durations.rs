//! Measured durations and their quantiles.

use std::time::Duration;

/// Durations of one kind of request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durations {
    measured: Vec<Duration>,
}

impl Durations {
    pub(crate) fn add(&mut self, duration: Duration) {
        self.measured.push(duration);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.measured.append(&mut other.measured);
    }

    pub(crate) fn p50_ms(&self) -> f64 {
        self.quantile_ms(0.5)
    }

    pub(crate) fn p99_ms(&self) -> f64 {
        self.quantile_ms(0.99)
    }

    pub(crate) fn longest_ms(&self) -> f64 {
        self.quantile_ms(1.0)
    }

    /// The smallest measured duration that so many of all do not exceed (nearest rank), in
    /// milliseconds; 0 when nothing was measured.
    fn quantile_ms(&self, fraction: f64) -> f64 {
        let mut sorted = self.measured.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() as f64 * fraction).ceil() as usize;
        let found = sorted.get(rank.saturating_sub(1));
        found.map_or(0.0, |duration| duration.as_secs_f64() * 1e3)
    }
}
