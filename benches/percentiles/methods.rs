//! Ways to keep durations and to tell percentiles from what was kept.
//!
//! Those of others are written from their documentation: what is kept, and how a percentile is
//! read from it. `docs/accuracy.md` names the sources.

mod bounds;
mod ours;
mod powers;
mod reservoir;

use super::Figures;

/// A way to keep durations.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    /// The percentiles of durations in the order in which they came, all in nanoseconds.
    pub(super) percentiles: fn(&[i64]) -> Figures,
}

/// Where ours is in [`ALL`].
pub(super) const OURS: usize = 0;

pub(super) const ALL: [Method; 6] = [
    Method {
        name: "spanhouse",
        percentiles: ours::percentiles,
    },
    Method {
        name: "Prometheus native histogram, factor 1.1",
        percentiles: powers::prometheus_native,
    },
    Method {
        name: "reservoir of 8,192, as ClickHouse's `quantile`",
        percentiles: reservoir::percentiles,
    },
    Method {
        name: "powers of two, as TraceQL's `quantile_over_time`",
        percentiles: powers::traceql,
    },
    Method {
        name: "Tempo's generator, 14 buckets",
        percentiles: bounds::tempo_generator,
    },
    Method {
        name: "Prometheus classic histogram, default buckets",
        percentiles: bounds::prometheus_default,
    },
];
