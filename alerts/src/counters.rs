//! What is counted of alerts.

use std::sync::atomic::AtomicU64;

/// The counters of evaluation, since the start.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    pub(crate) evaluations: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) skipped: AtomicU64,
    pub(crate) write_failures: AtomicU64,
}

/// A reading of all counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertCounters {
    /// Rules there are now.
    pub rules: u64,
    /// Rules whose last evaluation failed.
    pub rules_in_error: u64,
    /// Evaluations of a rule.
    pub evaluations: u64,
    /// Evaluations that failed.
    pub failures: u64,
    /// Instants at which nothing was evaluated, because the evaluations before took too long.
    pub skipped: u64,
    /// Times that the state could not be written.
    pub write_failures: u64,
    /// Alerts that are pending now.
    pub pending: u64,
    /// Alerts that fire now, silenced ones too.
    pub firing: u64,
    /// Series beyond those that rules look at, at their last evaluations.
    pub series_left_out: u64,
    /// By receiver.
    pub receivers: Vec<ReceiverCounters>,
}

/// The counters of a receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiverCounters {
    /// Its name.
    pub name: String,
    /// Messages that it took.
    pub sent: u64,
    /// Attempts that failed.
    pub failed: u64,
}
