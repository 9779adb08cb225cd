//! RED: the rate, errors and durations of spans, by service, operation, instance and time.
//!
//! ```text
//!                             rows of `red` ──────────────────┐
//!   RedQuery ──► condition ──►                                ├─► Cells ──► RedAnswer
//!                             spans that are not rolled up ───┘   by group and bucket,
//!                             (or, without rollups, all)          with a histogram each
//!                             one that was sent twice counts once
//! ```
//!
//! Every figure is exact but for percentiles, which [`DurationHistogram`] keeps within a tenth of
//! a per cent.

mod answer;
mod cells;
mod condition;
mod distinct;
mod histogram;
mod query;
mod rollup;
mod span_columns;

use futures::TryStreamExt;
use schemas::SpanBatch;

use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;

pub use answer::{RedAnswer, RedFigures, RedSeries};
pub(crate) use histogram::HistogramSum;
pub use histogram::{DurationHistogram, MalformedHistogram};
pub(crate) use query::nanos;
pub use query::{GroupBy, RED_BUCKET, RedQuery, TimeSpan};

pub(crate) use cells::Cell;
pub(crate) use distinct::DistinctSpans;
pub(crate) use rollup::{RedTables, from_rollups, rows_for};
pub(crate) use span_columns::{
    Codes, SpanColumns, all as span_columns, availability_zone, is_error, service_version,
};

use cells::Cells;

/// Computes the figures from the spans themselves.
pub(crate) async fn from_spans(
    spans: &Scan<'_>,
    query: &RedQuery,
    counting: &Counting,
) -> Result<RedAnswer, QueryError> {
    let mut cells = Cells::new(query, spans.reserve_memory("figures of spans"));
    let mut rows = spans
        .matching(condition::of_spans(query), span_columns::all())
        .await?;
    while let Some(batch) = rows.try_next().await? {
        counting.read_spans(batch.num_rows());
        cells.add(&SpanBatch::try_from_record_batch(&batch)?, &|_, name| name)?;
    }
    Ok(answer::of_cells(query, cells))
}

#[cfg(test)]
mod tests;
