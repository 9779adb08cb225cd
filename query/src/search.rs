//! Search: which traces have a span that meets all conditions, newest first.
//!
//! ```text
//!   TraceQuery ──► condition ──► window by window, newest first ──► trace ids ──► whole traces
//!                (promoted columns,      (only two columns              (at most `limit`)
//!                 attribute functions)    of matching spans)
//! ```

mod condition;
mod newest;
mod tags;
mod window;

use std::time::Duration;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use futures::TryStreamExt;
use schemas::{TraceId, UnixNanos, columns};

use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;

pub(crate) use condition::{column, is_service};
use newest::NewestTraces;
use window::{TimeRange, Windows};

/// Which traces are wanted: those with a span that meets all of these conditions at once.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceQuery {
    /// The span's service; `unknown_service` also stands for spans that name none.
    pub service: Option<String>,
    /// The span's name.
    pub operation: Option<String>,
    /// Attributes by key and by value shown as text. Each is met by an attribute of the span, of
    /// its resource or of one of its events, or by one of the fields that Jaeger shows as tags:
    /// `error`, `span.kind`, `otel.status_code`, `otel.status_description`, `otel.scope.name`,
    /// `otel.scope.version`, `w3c.tracestate`. An event's name is its attribute `event`.
    pub tags: Vec<(String, String)>,
    /// The shortest duration, in nanoseconds.
    pub min_duration_nano: Option<i64>,
    /// The longest duration, in nanoseconds.
    pub max_duration_nano: Option<i64>,
    /// The earliest start of the span.
    pub start: UnixNanos,
    /// The latest start of the span.
    pub end: UnixNanos,
    /// How many traces at most.
    pub limit: usize,
}

impl TraceQuery {
    /// Asks for all traces of a time range, both ends included.
    pub fn of_range(start: UnixNanos, end: UnixNanos, limit: usize) -> Self {
        Self {
            service: None,
            operation: None,
            tags: Vec::new(),
            min_duration_nano: None,
            max_duration_nano: None,
            start,
            end,
            limit,
        }
    }
}

/// The ids of the traces found, by the start of their newest matching span, then by id.
pub(crate) async fn find(
    spans: &Scan<'_>,
    query: &TraceQuery,
    first_window: Duration,
    counting: &Counting,
) -> Result<Vec<TraceId>, QueryError> {
    // Windows begin where there are spans: empty ones would only grow and then hold too much.
    let newest_start = spans.newest_start().unwrap_or(i64::MAX);
    let range = TimeRange {
        start: query.start.0,
        end: query.end.0.min(newest_start),
    };
    let mut windows = Windows::of(range, first_window);
    let mut newest = NewestTraces::with_limit(query.limit);
    while !newest.is_full()
        && let Some(window) = windows.next(newest.len())
    {
        counting.searched_window();
        let condition = condition::of_query(query, window);
        let wanted = [columns::TRACE_ID, columns::START_TIME_UNIX_NANO];
        let mut rows = spans.matching(condition, &wanted).await?;
        while let Some(batch) = rows.try_next().await? {
            counting.read_spans(batch.num_rows());
            let trace_ids = batch.column(0).as_fixed_size_binary();
            let starts = batch.column(1).as_primitive::<Int64Type>();
            for row in 0..trace_ids.len() {
                if let Ok(id) = trace_ids.value(row).try_into() {
                    newest.see(TraceId(id), UnixNanos(starts.value(row)));
                }
            }
        }
        newest.end_window();
    }
    Ok(newest.into_ids())
}

#[cfg(test)]
mod tests;
