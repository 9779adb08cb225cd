//! The figures of an edge.

use std::time::Duration;

use super::super::call::Call;
use crate::red::DurationHistogram;

/// Durations of calls as one side saw them.
#[derive(Clone, Debug, PartialEq)]
pub struct HalfFigures {
    /// How many calls have this half.
    pub count: u64,
    /// The mean, in nanoseconds.
    pub avg_time_nano: f64,
    /// The longest, in nanoseconds.
    pub max_time_nano: i64,
    /// The percentiles asked for, in their order, in nanoseconds.
    pub percentiles_nano: Vec<i64>,
    /// All durations.
    pub durations: DurationHistogram,
}

#[derive(Clone, Debug, Default)]
pub(super) struct HalfCell {
    sum_nano: i128,
    max_nano: i64,
    durations: DurationHistogram,
}

impl HalfCell {
    fn add(&mut self, nanos: i64) {
        self.sum_nano += i128::from(nanos);
        self.max_nano = self.max_nano.max(nanos);
        self.durations.record(nanos);
    }

    pub(super) fn figures(&mut self, percentiles: &[f64]) -> Option<HalfFigures> {
        let found = self.durations.percentiles(percentiles)?;
        let count = self.durations.count();
        Some(HalfFigures {
            count,
            avg_time_nano: self.sum_nano as f64 / count as f64,
            max_time_nano: self.max_nano,
            percentiles_nano: found
                .into_iter()
                .map(|nanos| nanos.min(self.max_nano))
                .collect(),
            durations: std::mem::take(&mut self.durations),
        })
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct EdgeCell {
    pub(super) calls: u64,
    pub(super) errors: u64,
    pub(super) client: HalfCell,
    pub(super) server: HalfCell,
}

impl EdgeCell {
    pub(super) fn add(&mut self, call: &Call) {
        self.calls += 1;
        self.errors += u64::from(call.is_error);
        call.client_nano
            .into_iter()
            .for_each(|nanos| self.client.add(nanos));
        call.server_nano
            .into_iter()
            .for_each(|nanos| self.server.add(nanos));
    }

    pub(super) fn qps(&self, over: Duration) -> f64 {
        self.calls as f64 / over.as_secs_f64()
    }
}
