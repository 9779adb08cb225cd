//! RED: the rate, errors and durations of spans, by service, operation, instance and time.
//!
//! ```text
//!                             rows of `red` ──────────────────┐
//!   RedQuery ──► condition ──►                                ├─► Cells ──► RedAnswer, Heatmap
//!        │                    spans that are not rolled up ───┘   by group and bucket,
//!        │                    one that was sent twice counts once with a histogram each
//!        └──── exact ───────► all spans, by DataFusion's aggregates
//! ```
//!
//! Every figure is exact but for percentiles, which [`DurationHistogram`] keeps within a tenth of
//! a per cent.

mod answer;
mod cells;
mod comparison;
mod condition;
mod dimension;
mod distinct;
mod exact;
mod exemplars;
mod group;
mod heatmap;
mod histogram;
mod kept_names;
mod query;
mod rollup;
mod row_sums;
mod span_columns;
mod texts;

use crate::counters::Counting;
use crate::engine::Scan;
use crate::{QueryError, RollUps};

pub use answer::{RedAnswer, RedFigures, RedSeries};
pub(crate) use comparison::align;
pub(crate) use dimension::RedDimension;
pub(crate) use heatmap::{Exemplar, Heatmap, HeatmapCell, HeatmapQuery};
pub use histogram::{DurationHistogram, MalformedHistogram};
pub(crate) use histogram::{HistogramSum, OrderedHistogram, bucket_of_nanos};
pub(crate) use query::nanos;
pub use query::{GroupBy, RED_BUCKET, RedQuery, TimeSpan};

pub(crate) use cells::Cell;
pub(crate) use span_columns::{all as span_columns, availability_zone, service_version};

use group::Group;

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
    answer::of_series(query, series).await
}

/// Counts durations by step and size, with examples.
pub(crate) async fn heatmap(
    source: &RedSource<'_>,
    query: &HeatmapQuery,
) -> Result<Heatmap, QueryError> {
    let series = series(source, &query.of_cells()).await?;
    let mut heatmap = Heatmap::of_series(query, series)?;
    exemplars::find(&source.spans, query, &mut heatmap, source.counting).await?;
    Ok(heatmap)
}

/// From rollups where they are kept for the question, unless it is asked for otherwise.
async fn series(source: &RedSource<'_>, query: &RedQuery) -> Result<Series, QueryError> {
    if query.exact {
        return exact::series(&source.spans, query, Some, source.counting).await;
    }
    if !rollup::has_rows_for(query) {
        return kept_names::series(source, query).await;
    }
    rollup::series(source, query).await
}

#[cfg(test)]
mod tests;
