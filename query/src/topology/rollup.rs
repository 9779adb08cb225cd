//! The rows of the table `edges`: calls by bucket of time.
//!
//! ```text
//!   fresh spans ─┐                                      10 s, all dimensions
//!                ├─► by trace ─► calls + and − ─► cells ─► 60 s ─► 1 h
//!   earlier ─────┘   (changes)                      └─► totals: 10 s ─► 60 s ─► 1 h
//! ```
//!
//! A row is what calls add to, or take from, the sums of an edge and a bucket. So the sum of all
//! rows is the figures of all calls of the traces as they are now, whatever the order and the parts
//! in which their spans came.

mod encode;
mod read;
mod sums;

use arrow_array::RecordBatch;
use schemas::SpanBatch;

use super::changes::each_change;
use super::names::Names;
use super::operations::KeptOperations;
use super::read::read;
use super::spans::{LinkedSpan, put_in_order};
use crate::{QueryError, RollUps};

pub(super) use read::{EdgeRows, malformed};
use sums::{EdgeSums, RowKey};

/// The rows that the calls of `fresh` spans make, given all earlier spans of their traces: columns
/// of [`schemas::rollups::edge_schema`], sorted by step, totals last, then by edge and bucket.
///
/// Spans in any order and more than once, and earlier spans of other traces, make no difference.
///
/// # Errors
/// [`QueryError::EncodeColumns`] when the rows cannot be written down.
pub(crate) fn edge_rows(
    fresh: &[SpanBatch],
    earlier: &[SpanBatch],
    rollups: &RollUps,
) -> Result<RecordBatch, QueryError> {
    let mut names = Names::default();
    let fresh = spans_of(fresh, &mut names);
    let earlier = spans_of(earlier, &mut names);
    let mut kept = KeptOperations::of(rollups);
    let mut sums = EdgeSums::default();
    each_change(&fresh, &earlier, &mut names, |call, sign, names| {
        sums.add(&kept.call(call, names), sign);
    });
    sums.add_totals();
    sums.add_longer_steps();
    encode::to_batch(sums.into_rows(&names), &names)
}

/// Rows of the table with equal edge and bucket as one; where some add and some take, they are
/// netted if nothing goes below zero by that.
///
/// # Errors
/// [`QueryError::Table`] when the batches are not rows of the table.
pub(crate) fn merge_edges(batches: &[RecordBatch]) -> Result<RecordBatch, QueryError> {
    let mut names = Names::default();
    let mut cells = Vec::new();
    for batch in batches {
        let rows = EdgeRows::of(batch)?;
        let mut edges = rows.edges();
        for row in 0..rows.len() {
            let key = RowKey {
                step: rows.step(row),
                is_total: rows.is_total(row),
                edge: edges.edge(row, &mut names),
                bucket: rows.bucket(row),
            };
            cells.push((key, rows.sign(row), rows.cell(row)?));
        }
    }
    let cells = cells.iter().map(|(key, sign, cell)| (*key, *sign, cell));
    let sums = EdgeSums::of_cells(cells);
    encode::to_batch(sums.into_rows(&names), &names)
}

fn spans_of(batches: &[SpanBatch], names: &mut Names) -> Vec<LinkedSpan> {
    let mut spans = Vec::with_capacity(batches.iter().map(SpanBatch::rows).sum());
    for batch in batches {
        read(batch, names, &mut spans);
    }
    put_in_order(&mut spans, names);
    spans
}

#[cfg(test)]
mod tests;
