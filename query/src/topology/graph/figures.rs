//! The figures of an edge.

use std::time::Duration;

use super::super::cell::EdgeCell;
use crate::red::DurationHistogram;

/// Durations of calls as one side saw them.
#[derive(Clone, Debug, PartialEq)]
pub struct HalfFigures {
    /// How many calls have this half.
    pub count: u64,
    /// The mean, in nanoseconds.
    pub avg_time_nano: f64,
    /// The longest, in nanoseconds; as percentiles, at most 0.05 % away from the exact value.
    pub max_time_nano: i64,
    /// The percentiles asked for, in their order, in nanoseconds.
    pub percentiles_nano: Vec<i64>,
    /// All durations.
    pub durations: DurationHistogram,
}

impl HalfFigures {
    fn of(sum_nano: i128, durations: &mut DurationHistogram, percentiles: &[f64]) -> Option<Self> {
        let max_time_nano = durations.max()?;
        let count = durations.count();
        Some(Self {
            count,
            avg_time_nano: sum_nano as f64 / count as f64,
            max_time_nano,
            percentiles_nano: durations.percentiles(percentiles)?,
            durations: std::mem::take(durations),
        })
    }
}

/// The figures of an edge in some time.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgePoint {
    /// How many calls.
    pub calls: u64,
    /// How many of them failed on either side.
    pub errors: u64,
    /// Calls a second.
    pub qps: f64,
    /// Durations as the caller saw them; none when no caller's half is known.
    pub client: Option<HalfFigures>,
    /// Durations as the callee saw them; none when no callee's half is known.
    pub server: Option<HalfFigures>,
}

impl EdgePoint {
    pub(super) fn of(cell: &mut EdgeCell, over: Duration, percentiles: &[f64]) -> Self {
        let (client, server) = (&mut cell.client, &mut cell.server);
        Self {
            calls: cell.calls,
            errors: cell.errors.min(cell.calls),
            qps: cell.calls as f64 / over.as_secs_f64(),
            client: HalfFigures::of(client.sum_nano, &mut client.durations, percentiles),
            server: HalfFigures::of(server.sum_nano, &mut server.durations, percentiles),
        }
    }
}
