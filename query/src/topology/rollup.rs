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

use std::collections::HashMap;

use arrow_array::RecordBatch;
use schemas::SpanBatch;

use super::call::{Call, CalledOperation, Sign};
use super::changes::each_change;
use super::edge::EdgeKey;
use super::names::{Name, Names};
use super::read::read;
use super::spans::{LinkedSpan, put_in_order};
use crate::QueryError;
use crate::rollups::OperationLimits;

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
    limits: &mut OperationLimits,
) -> Result<RecordBatch, QueryError> {
    let mut names = Names::default();
    let fresh = spans_of(fresh, &mut names);
    let earlier = spans_of(earlier, &mut names);
    let mut calls = Vec::new();
    each_change(&fresh, &earlier, &names, |call, sign| calls.push((call, sign)));
    let mut kept = KeptOperations {
        limits,
        kept: HashMap::new(),
    };
    let mut sums = EdgeSums::default();
    for (mut call, sign) in calls {
        call.operation = kept.of(call.operation, &mut names);
        sums.add(&call, sign);
    }
    sums.add_totals();
    sums.add_longer_steps();
    encode::to_batch(sums.into_rows(&names), &names)
}

/// Rows of the table with equal edge and bucket as one; where some add and some take, they are
/// netted if nothing goes below zero by that.
///
/// # Errors
/// [`QueryError::Table`] when the batches are not rows of the table.
pub(crate) fn merge_edges(batches: Vec<RecordBatch>) -> Result<RecordBatch, QueryError> {
    let mut names = Names::default();
    let mut sums = EdgeSums::default();
    for batch in batches {
        let rows = EdgeRows::of(&batch)?;
        let mut edges = rows.edges();
        for row in 0..rows.len() {
            let key = RowKey {
                step: rows.step(row),
                is_total: rows.is_total(row),
                edge: edges.edge(row, &mut names),
                bucket: rows.bucket(row),
            };
            sums.add_cell(key, rows.sign(row), rows.cell(row)?);
        }
    }
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

/// The operations that were asked for already.
struct KeptOperations<'a> {
    limits: &'a mut OperationLimits,
    kept: HashMap<CalledOperation, Name>,
}

impl KeptOperations<'_> {
    fn of(&mut self, operation: Option<CalledOperation>, names: &mut Names) -> Option<CalledOperation> {
        let operation = operation?;
        let kept = match self.kept.get(&operation) {
            Some(kept) => *kept,
            None => {
                let service = names.text_of(operation.service);
                let kept = self.limits.kept(service, names.text(operation.name)).to_owned();
                let kept = names.number(&kept);
                self.kept.insert(operation, kept);
                kept
            }
        };
        Some(CalledOperation {
            name: kept,
            ..operation
        })
    }
}

#[cfg(test)]
mod tests;
