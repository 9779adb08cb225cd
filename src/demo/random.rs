//! Seeded randomness for the demo.
//!
//! The generator is written out (SplitMix64) because a seed is a promise: the same seed gives the
//! same traces in every build, which a library's generator may change between versions.

use std::time::Duration;

use opentelemetry::trace::{SpanId, TraceId};

use super::scenario::Latency;

/// A deterministic stream of random values.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `[0, 1)`.
    pub(super) fn fraction(&mut self) -> f64 {
        // 53 bits are what a double holds exactly.
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// An index in `0..bound`; 0 when `bound` is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        // The product of a fraction below one and a bound far under 2^53 stays below the bound.
        (self.fraction() * bound as f64) as usize
    }

    /// An index in `0..bound` where small ones are far more frequent, as with best sellers and
    /// busy customers.
    pub(super) fn skewed_below(&mut self, bound: usize) -> usize {
        let fraction = self.fraction();
        (fraction * fraction * fraction * bound as f64) as usize
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A log-normal duration around the latency's median, never shorter than a microsecond.
    pub(super) fn duration(&mut self, latency: Latency) -> Duration {
        // Box and Muller: two uniform numbers make a normal one.
        let radius = (-2.0 * (1.0 - self.fraction()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.fraction()).cos();
        let millis = latency.median_ms * (latency.spread * normal).exp();
        Duration::from_nanos((millis * 1e6).clamp(1e3, 60e9) as u64)
    }

    pub(super) fn trace_id(&mut self) -> TraceId {
        let (high, low) = (u128::from(self.next_u64()), u128::from(self.next_u64() | 1));
        TraceId::from_bytes((high << 64 | low).to_be_bytes())
    }

    pub(super) fn span_id(&mut self) -> SpanId {
        SpanId::from_bytes((self.next_u64() | 1).to_be_bytes())
    }

    /// `digits` lower-case hexadecimal digits, at most 16.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        let mut text = format!("{:016x}", self.next_u64());
        text.truncate(digits);
        text
    }

    /// A random UUID, version 4.
    pub(super) fn uuid(&mut self) -> String {
        let (high, low) = (self.next_u64(), self.next_u64());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48 & 0x3fff),
            low & 0xffff_ffff_ffff,
        )
    }
}
