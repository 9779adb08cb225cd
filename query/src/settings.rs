//! The settings of the query engine.

use std::num::NonZeroUsize;
use std::time::Duration;

/// How much a query may use, and how many may run.
#[derive(Clone, Debug)]
pub struct QuerySettings {
    /// The bytes of memory that all running queries together may hold.
    pub memory_limit_bytes: usize,
    /// The threads that answer queries; they do nothing else.
    pub threads: NonZeroUsize,
    /// How many questions are answered at the same time.
    pub running_limit: usize,
    /// How many more may wait for their turn; further ones are refused.
    pub waiting_limit: usize,
    /// How long a question may wait and run.
    pub timeout: Duration,
    /// The most traces that one search may ask for.
    pub search_limit: usize,
    /// The most label sets of spans, and of calls, that the metrics for Prometheus have.
    pub red_series_limit: usize,
    /// The length of the newest time window, with which a search begins.
    pub first_search_window: Duration,
}

impl Default for QuerySettings {
    fn default() -> Self {
        Self {
            memory_limit_bytes: 256 * 1024 * 1024,
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            running_limit: 16,
            waiting_limit: 256,
            timeout: Duration::from_secs(30),
            search_limit: 5_000,
            red_series_limit: 10_000,
            first_search_window: Duration::from_secs(1),
        }
    }
}
