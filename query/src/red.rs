//! RED: the rate, errors and durations of spans, by service, operation, instance and time.
//!
//! ```text
//!   RedQuery ──► condition ──► the columns of matching spans ──► Cells ──► RedAnswer, Heatmap
//!                (time, service, …)    a span that was sent twice     by group and bucket,
//!                      │               counts once                    with a histogram each
//!                      └────────────── exact ───────────────────────────▲
//!                                      DataFusion's aggregates
//! ```
//!
//! Every figure is exact but for percentiles, which [`DurationHistogram`] keeps within a tenth of
//! a per cent.

mod answer;
mod cells;
mod comparison;
mod condition;
mod distinct;
mod exact;
mod exemplars;
mod heatmap;
mod histogram;
mod query;

use std::sync::LazyLock;

use futures::TryStreamExt;
use schemas::columns::{self, ColumnId, resource_attribute_column};

use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;

pub use answer::{RedAnswer, RedFigures, RedSeries};
pub(crate) use comparison::align;
pub(crate) use heatmap::{Exemplar, Heatmap, HeatmapCell, HeatmapQuery};
pub use histogram::{DurationHistogram, MalformedHistogram};
pub use query::{GroupBy, RED_BUCKET, RedQuery, TimeSpan};

use cells::{Cell, Cells, Group};

/// The cells of each group by bucket, both in order.
type Series = Vec<(Group, Vec<(u32, Cell)>)>;

/// The columns that cells are made of, in the order in which [`Cells::add`] expects them.
fn cell_columns() -> &'static [ColumnId] {
    static COLUMNS: LazyLock<[ColumnId; 11]> = LazyLock::new(|| {
        [
            columns::TRACE_ID,
            columns::SPAN_ID,
            columns::START_TIME_UNIX_NANO,
            columns::DURATION_NANO,
            columns::KIND,
            columns::STATUS_CODE,
            columns::SERVICE_NAME,
            columns::NAME,
            columns::SERVICE_INSTANCE_ID,
            service_version(),
            availability_zone(),
        ]
    });
    COLUMNS.as_slice()
}

/// The column of `service.version`.
pub(crate) fn service_version() -> ColumnId {
    resource_attribute_column("service.version").expect("a column of the span table")
}

/// The column of `cloud.availability_zone`.
pub(crate) fn availability_zone() -> ColumnId {
    resource_attribute_column("cloud.availability_zone").expect("a column of the span table")
}

/// Computes the figures from the spans themselves.
pub(crate) async fn from_spans(
    spans: &Scan<'_>,
    query: &RedQuery,
    counting: &Counting,
) -> Result<RedAnswer, QueryError> {
    let series = series(spans, &query.of_cells(), counting).await?;
    Ok(answer::of_series(query, series))
}

/// Counts durations by step and size, with examples.
pub(crate) async fn heatmap(
    spans: &Scan<'_>,
    query: &HeatmapQuery,
    counting: &Counting,
) -> Result<Heatmap, QueryError> {
    let series = series(spans, &query.of_cells(), counting).await?;
    let mut heatmap = Heatmap::of_series(query, series);
    exemplars::find(spans, query, &mut heatmap, counting).await?;
    Ok(heatmap)
}

async fn series(
    spans: &Scan<'_>,
    query: &RedQuery,
    counting: &Counting,
) -> Result<Series, QueryError> {
    if query.exact {
        return exact::series(spans, query, counting).await;
    }
    let mut cells = Cells::new(query, spans.reserve_memory("figures of spans"));
    let mut rows = spans
        .matching(condition::of_query(query), cell_columns())
        .await?;
    while let Some(batch) = rows.try_next().await? {
        counting.read_spans(batch.num_rows());
        cells.add(&batch)?;
    }
    Ok(cells.into_series())
}

#[cfg(test)]
mod tests;
