//! Figures of edges, from their sums.

use std::sync::Arc;

use schemas::UnixNanos;
use tokio_util::task::AbortOnDropHandle;

use super::super::TopologyQuery;
use super::super::cell::{EdgeCell, HalfCell};
use super::super::edge::EdgeKey;
use super::super::rollup::EdgeRows;
use super::EdgePoint;
use super::sums::Sums;
use crate::QueryError;
use crate::red::HistogramSum;

/// Into so many parts edges are dealt out, which threads take one after another.
const PARTS: usize = 8;

/// The figures of an edge in the range, and in each point that has calls.
pub(super) type EdgeFigures = (EdgeKey, EdgePoint, Vec<(UnixNanos, EdgePoint)>);

/// The figures of each edge, from its sums by the start of the point; some edges at a time on each
/// thread. Rows are those of `batches`.
///
/// # Errors
/// [`QueryError::Table`] when a stored histogram is none.
pub(super) async fn of(
    query: &Arc<TopologyQuery>,
    batches: Vec<EdgeRows>,
    edges: Vec<(EdgeKey, Vec<(i64, Sums)>)>,
) -> Result<Vec<EdgeFigures>, QueryError> {
    let batches: Arc<[EdgeRows]> = batches.into();
    let count = edges.len();
    let at_once = count.div_ceil(PARTS).max(1);
    let mut edges = edges.into_iter();
    let mut parts = Vec::new();
    loop {
        let part: Vec<_> = edges.by_ref().take(at_once).collect();
        if part.is_empty() {
            break;
        }
        let (query, batches) = (Arc::clone(query), Arc::clone(&batches));
        let part = tokio::spawn(async move { of_part(&query, &batches, part) });
        parts.push(AbortOnDropHandle::new(part));
    }
    let mut figures = Vec::with_capacity(count);
    for part in parts {
        figures.extend(part.await??);
    }
    Ok(figures)
}

fn of_part(
    query: &TopologyQuery,
    batches: &[EdgeRows],
    edges: Vec<(EdgeKey, Vec<(i64, Sums)>)>,
) -> Result<Vec<EdgeFigures>, QueryError> {
    let mut totals = Totals {
        query,
        batches,
        point: HistogramSum::default(),
        client: HistogramSum::default(),
        server: HistogramSum::default(),
    };
    let figures = edges.into_iter().map(|(edge, mut sums)| {
        sums.sort_unstable_by_key(|(start, _)| *start);
        let (total, points) = totals.of(&sums)?;
        Ok((edge, total, points))
    });
    figures.collect()
}

/// Makes figures of sums, one edge after the other, in the same memory.
struct Totals<'a> {
    query: &'a TopologyQuery,
    batches: &'a [EdgeRows],
    point: HistogramSum,
    client: HistogramSum,
    server: HistogramSum,
}

impl Totals<'_> {
    /// The figures of an edge, from its sums by the start of the point, in order.
    fn of(
        &mut self,
        sums: &[(i64, Sums)],
    ) -> Result<(EdgePoint, Vec<(UnixNanos, EdgePoint)>), QueryError> {
        let query = self.query;
        let mut cells = Vec::with_capacity(sums.len());
        for (start, sums) in sums {
            cells.push((*start, self.cell(sums)?));
        }
        let mut total = match cells.as_mut_slice() {
            // Of one point there is no more to say.
            [(_, only)] if query.step.is_none() => std::mem::take(only),
            _ => self.total(&cells),
        };
        let total = EdgePoint::of(&mut total, query.range.length(), &query.percentiles);
        let Some(step) = query.step else {
            return Ok((total, Vec::new()));
        };
        cells.retain(|(_, cell)| cell.calls > 0);
        let points = cells.iter_mut().map(|(start, cell)| {
            let point = EdgePoint::of(cell, step, &query.percentiles);
            (UnixNanos(*start), point)
        });
        Ok((total, points.collect()))
    }

    fn total(&mut self, cells: &[(i64, EdgeCell)]) -> EdgeCell {
        if let [(_, only)] = cells {
            return only.clone();
        }
        let mut total = EdgeCell::default();
        for (_, cell) in cells {
            total.calls += cell.calls;
            total.errors += cell.errors;
            total.client.sum_nano += cell.client.sum_nano;
            total.server.sum_nano += cell.server.sum_nano;
            self.client.add_histogram(&cell.client.durations, 1);
            self.server.add_histogram(&cell.server.durations, 1);
        }
        total.client.durations = self.client.take();
        total.server.durations = self.server.take();
        total
    }

    /// What was added without what was taken.
    fn cell(&mut self, sums: &Sums) -> Result<EdgeCell, QueryError> {
        let (added, taken) = (&sums.added, &sums.taken);
        Ok(EdgeCell {
            calls: added.calls.saturating_sub(taken.calls),
            errors: added.errors.saturating_sub(taken.errors),
            client: self.half(sums, |cell| &cell.client, EdgeRows::client_durations)?,
            server: self.half(sums, |cell| &cell.server, EdgeRows::server_durations)?,
        })
    }

    fn half(
        &mut self,
        sums: &Sums,
        half: impl Fn(&EdgeCell) -> &HalfCell,
        durations: impl Fn(&EdgeRows, usize) -> &[u8],
    ) -> Result<HalfCell, QueryError> {
        let (added, taken) = (half(&sums.added), half(&sums.taken));
        self.point.add_histogram(&added.durations, 1);
        self.point.add_histogram(&taken.durations, -1);
        for stored in &sums.rows {
            let bytes = durations(&self.batches[stored.batch as usize], stored.row as usize);
            self.point.add_bytes(bytes, stored.sign.weight().into())?;
        }
        Ok(HalfCell {
            sum_nano: added.sum_nano - taken.sum_nano,
            durations: self.point.take(),
        })
    }
}
