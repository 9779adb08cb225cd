//! RED: the rate, errors and durations of spans, by service, operation, instance and time.
//!
//! ```text
//!                             rows of `red` ──────────────────┐
//!   RedQuery ──► condition ──►                                ├─► Cells ──► RedAnswer, Heatmap
//!        │                    spans that are not rolled up ───┘   by group and bucket,
//!        │                    (or, without rollups, all)          with a histogram each
//!        │                    one that was sent twice counts once
//!        └──── exact ───────► all spans, by DataFusion's aggregates
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
mod rollup;
mod span_columns;

use futures::TryStreamExt;
use schemas::SpanBatch;

use crate::counters::Counting;
use crate::engine::Scan;
use crate::{QueryError, RollUps};

pub use answer::{RedAnswer, RedFigures, RedSeries};
pub(crate) use comparison::align;
pub(crate) use heatmap::{Exemplar, Heatmap, HeatmapCell, HeatmapQuery};
pub(crate) use histogram::HistogramSum;
pub use histogram::{DurationHistogram, MalformedHistogram};
pub(crate) use query::nanos;
pub use query::{GroupBy, RED_BUCKET, RedQuery, TimeSpan};

pub(crate) use cells::Cell;
pub(crate) use distinct::DistinctSpans;
pub(crate) use span_columns::{
    Codes, SpanColumns, all as span_columns, availability_zone, is_error, service_version,
};

use cells::{Cells, Group};

/// The tables of one snapshot that figures are computed from, and how. Every span is in one of the
/// latter tables of spans: rolled up, and so part of the rows of `red`, or not.
pub(crate) struct RedSource<'a> {
    pub(crate) spans: Scan<'a>,
    pub(crate) red: Scan<'a>,
    pub(crate) rolled_spans: Scan<'a>,
    pub(crate) unrolled_spans: Scan<'a>,
    pub(crate) rollups: &'a RollUps,
    pub(crate) counting: &'a Counting,
}

/// The cells of each group by bucket, both in order.
type Series = Vec<(Group, Vec<(u32, Cell)>)>;

/// Computes the figures that `query` asks for.
pub(crate) async fn answer(
    source: &RedSource<'_>,
    query: &RedQuery,
) -> Result<RedAnswer, QueryError> {
    let series = series(source, &query.of_cells()).await?;
    Ok(answer::of_series(query, series))
}

/// Counts durations by step and size, with examples.
pub(crate) async fn heatmap(
    source: &RedSource<'_>,
    query: &HeatmapQuery,
) -> Result<Heatmap, QueryError> {
    let series = series(source, &query.of_cells()).await?;
    let mut heatmap = Heatmap::of_series(query, series);
    exemplars::find(&source.spans, query, &mut heatmap, source.counting).await?;
    Ok(heatmap)
}

async fn series(source: &RedSource<'_>, query: &RedQuery) -> Result<Series, QueryError> {
    if query.exact {
        return exact::series(&source.spans, query, source.counting).await;
    }
    match rollup::rows_for(query) {
        Some(rows) => rollup::series(source, query, rows).await,
        None => series_of_spans(source, query).await,
    }
}

/// Counts the spans themselves.
async fn series_of_spans(source: &RedSource<'_>, query: &RedQuery) -> Result<Series, QueryError> {
    let mut cells = Cells::new(query, source.spans.reserve_memory("figures of spans"));
    let mut rows = source
        .spans
        .matching(condition::of_spans(query), span_columns::all())
        .await?;
    while let Some(batch) = rows.try_next().await? {
        source.counting.read_spans(batch.num_rows());
        cells.add(&SpanBatch::try_from_record_batch(&batch)?, &|_, name| name)?;
    }
    Ok(cells.into_series())
}

#[cfg(test)]
mod tests;
