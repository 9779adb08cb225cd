//! Fetches the spans that linking needs.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, lit};
use futures::TryStreamExt;
use schemas::{SpanBatch, TraceId, UnixNanos};

use super::columns;
use super::names::Names;
use super::spans::TraceSpans;
use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;
use crate::red::TimeSpan;
use crate::search::column;

/// The spans of a trace start within so much of each other, in nanoseconds.
const TRACE_NANO: i64 = 24 * 60 * 60 * 1_000_000_000;

/// So many traces are looked up at a time.
const LOOK_UPS: usize = 5_000;

/// When spans may start whose trace has a span in a range.
pub(super) fn around(range: TimeSpan) -> TimeSpan {
    TimeSpan {
        from: UnixNanos(range.from.0.saturating_sub(TRACE_NANO)),
        to: UnixNanos(range.to.0.saturating_add(TRACE_NANO)),
    }
}

/// A table of spans.
#[derive(Clone, Copy)]
pub(super) struct SpanSource<'a> {
    pub(super) scan: &'a Scan<'a>,
    pub(super) counting: &'a Counting,
}

impl SpanSource<'_> {
    /// No spans yet, within the memory of the question.
    pub(super) fn no_spans(self) -> TraceSpans {
        TraceSpans::new(self.scan.reserve_memory("spans of a topology"))
    }

    /// Adds the spans that started in a range.
    pub(super) async fn add_range(
        self,
        range: TimeSpan,
        spans: &mut TraceSpans,
        names: &mut Names,
    ) -> Result<(), QueryError> {
        self.add_some_of_range(range, usize::MAX, spans, names)
            .await
    }

    /// Adds spans that started in a range until there are `enough`, or all are there.
    pub(super) async fn add_some_of_range(
        self,
        range: TimeSpan,
        enough: usize,
        spans: &mut TraceSpans,
        names: &mut Names,
    ) -> Result<(), QueryError> {
        self.add((starts_in(range), enough), spans, names).await
    }

    /// Adds the spans of some traces that started in a range.
    pub(super) async fn add_traces(
        self,
        ids: &[TraceId],
        range: TimeSpan,
        spans: &mut TraceSpans,
        names: &mut Names,
    ) -> Result<(), QueryError> {
        let literal = |id: &TraceId| lit(ScalarValue::FixedSizeBinary(16, Some(id.0.to_vec())));
        for ids in ids.chunks(LOOK_UPS) {
            let trace_id = column(schemas::columns::TRACE_ID);
            let is_of_one = trace_id.in_list(ids.iter().map(literal).collect(), false);
            let condition = is_of_one.and(starts_in(range));
            self.add((condition, usize::MAX), spans, names).await?;
        }
        Ok(())
    }

    async fn add(
        self,
        (condition, enough): (Expr, usize),
        spans: &mut TraceSpans,
        names: &mut Names,
    ) -> Result<(), QueryError> {
        let mut rows = self.scan.matching(condition, columns::all()).await?;
        while spans.len() < enough
            && let Some(batch) = rows.try_next().await?
        {
            self.counting.read_spans(batch.num_rows());
            spans.add(&SpanBatch::try_from_record_batch(&batch)?, names)?;
        }
        Ok(())
    }
}

fn starts_in(range: TimeSpan) -> Expr {
    let start = || column(schemas::columns::START_TIME_UNIX_NANO);
    start()
        .gt_eq(lit(range.from.0))
        .and(start().lt(lit(range.to.0)))
}
