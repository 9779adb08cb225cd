//! What the query engine counts about itself.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::QueryError;

/// The engine's counters since its start, as one reading of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Questions that were asked.
    pub questions: u64,
    /// Questions that are waiting or being answered now.
    pub questions_open: u64,
    /// Questions refused because too many were open.
    pub refused_busy: u64,
    /// Questions that took too long.
    pub timed_out: u64,
    /// Questions whose answer was too large for the memory allowed.
    pub too_large: u64,
    /// Questions that failed for another reason.
    pub failed: u64,
    /// Time spent on questions, waiting included, in nanoseconds.
    pub answer_time_nano: u64,
    /// Spans that were read to answer, matching ones of a search included.
    pub spans_read: u64,
    /// Traces that were put together.
    pub traces_assembled: u64,
    /// Time windows that searches looked through.
    pub search_windows: u64,
    /// The bytes of memory that queries hold now.
    pub memory_bytes: u64,
}

/// The counters while they count.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    questions: AtomicU64,
    questions_open: AtomicU64,
    refused_busy: AtomicU64,
    timed_out: AtomicU64,
    too_large: AtomicU64,
    failed: AtomicU64,
    answer_time_nano: AtomicU64,
    spans_read: AtomicU64,
    traces_assembled: AtomicU64,
    search_windows: AtomicU64,
}

/// A question between its asking and its answer.
#[derive(Debug)]
pub(crate) struct OpenQuestion<'a> {
    counting: &'a Counting,
    since: std::time::Instant,
}

impl Counting {
    pub(crate) fn open(&self) -> OpenQuestion<'_> {
        self.questions.fetch_add(1, Relaxed);
        self.questions_open.fetch_add(1, Relaxed);
        OpenQuestion {
            counting: self,
            since: std::time::Instant::now(),
        }
    }

    pub(crate) fn failed(&self, error: &QueryError) {
        let counter = match error {
            QueryError::Busy => &self.refused_busy,
            QueryError::Timeout(_) => &self.timed_out,
            QueryError::TooLarge(_) => &self.too_large,
            QueryError::Table(_)
            | QueryError::Attributes(_)
            | QueryError::Columns(_)
            | QueryError::NoTable(_)
            | QueryError::Encode(_)
            | QueryError::EncodeColumns(_)
            | QueryError::Stopped(_)
            | QueryError::Threads(_) => &self.failed,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn read_spans(&self, spans: usize) {
        self.spans_read.fetch_add(count(spans), Relaxed);
    }

    pub(crate) fn assembled(&self, traces: usize) {
        self.traces_assembled.fetch_add(count(traces), Relaxed);
    }

    pub(crate) fn searched_window(&self) {
        self.search_windows.fetch_add(1, Relaxed);
    }

    pub(crate) fn reading(&self, memory_bytes: usize) -> Counters {
        Counters {
            questions: self.questions.load(Relaxed),
            questions_open: self.questions_open.load(Relaxed),
            refused_busy: self.refused_busy.load(Relaxed),
            timed_out: self.timed_out.load(Relaxed),
            too_large: self.too_large.load(Relaxed),
            failed: self.failed.load(Relaxed),
            answer_time_nano: self.answer_time_nano.load(Relaxed),
            spans_read: self.spans_read.load(Relaxed),
            traces_assembled: self.traces_assembled.load(Relaxed),
            search_windows: self.search_windows.load(Relaxed),
            memory_bytes: count(memory_bytes),
        }
    }
}

impl Drop for OpenQuestion<'_> {
    fn drop(&mut self) {
        let nanos = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.counting.answer_time_nano.fetch_add(nanos, Relaxed);
        self.counting.questions_open.fetch_sub(1, Relaxed);
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
