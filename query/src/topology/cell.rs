//! The sums of calls.

use super::call::Call;
use crate::red::DurationHistogram;

/// Durations of calls as one side saw them.
#[derive(Clone, Debug, Default)]
pub(super) struct HalfCell {
    pub(super) sum_nano: i128,
    pub(super) durations: DurationHistogram,
}

impl HalfCell {
    fn add(&mut self, nanos: i64) {
        self.sum_nano += i128::from(nanos);
        self.durations.record(nanos);
    }

    fn merge(&mut self, other: &Self) {
        self.sum_nano += other.sum_nano;
        self.durations.merge(&other.durations);
    }

    fn holds(&mut self, other: &Self) -> bool {
        self.sum_nano >= other.sum_nano && self.durations.holds(&other.durations)
    }

    fn subtract(&mut self, other: &Self) {
        self.sum_nano -= other.sum_nano;
        self.durations.subtract(&other.durations);
    }

    fn is_empty(&self) -> bool {
        self.sum_nano == 0 && self.durations.is_empty()
    }
}

/// Calls and their durations.
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

    pub(super) fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.client.merge(&other.client);
        self.server.merge(&other.server);
    }

    /// Whether nothing would go below zero if the other one were taken out.
    pub(super) fn holds(&mut self, other: &Self) -> bool {
        self.calls >= other.calls
            && self.errors >= other.errors
            && self.client.holds(&other.client)
            && self.server.holds(&other.server)
    }

    /// Takes out what the other one counted and this one holds.
    pub(super) fn subtract(&mut self, other: &Self) {
        self.calls = self.calls.saturating_sub(other.calls);
        self.errors = self.errors.saturating_sub(other.errors);
        self.client.subtract(&other.client);
        self.server.subtract(&other.server);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls == 0 && self.errors == 0 && self.client.is_empty() && self.server.is_empty()
    }
}
