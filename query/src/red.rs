//! RED: the rate, errors and durations of spans, by service, operation, instance and time.
//!
//! ```text
//!   RedQuery ──► condition ──► seven columns of matching spans ──► Cells ──► RedAnswer
//!                (time, service, …)    a span that was sent twice     by group and bucket,
//!                                      counts once                    with a histogram each
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

use futures::TryStreamExt;
use schemas::columns;

use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;

pub use answer::{RedAnswer, RedFigures, RedSeries};
pub use histogram::{DurationHistogram, MalformedHistogram};
pub use query::{GroupBy, RED_BUCKET, RedQuery, TimeSpan};

use cells::Cells;

/// The columns that cells are made of, in the order in which [`Cells::add`] expects them.
const COLUMNS: [columns::ColumnId; 9] = [
    columns::TRACE_ID,
    columns::SPAN_ID,
    columns::START_TIME_UNIX_NANO,
    columns::DURATION_NANO,
    columns::KIND,
    columns::STATUS_CODE,
    columns::SERVICE_NAME,
    columns::NAME,
    columns::SERVICE_INSTANCE_ID,
];

/// Computes the figures from the spans themselves.
pub(crate) async fn from_spans(
    spans: &Scan<'_>,
    query: &RedQuery,
    counting: &Counting,
) -> Result<RedAnswer, QueryError> {
    let mut cells = Cells::new(query, spans.reserve_memory("figures of spans"));
    let mut rows = spans.matching(condition::of_query(query), &COLUMNS).await?;
    while let Some(batch) = rows.try_next().await? {
        counting.read_spans(batch.num_rows());
        cells.add(&batch)?;
    }
    Ok(answer::of_cells(query, cells))
}

#[cfg(test)]
mod tests;
