//! Rollups: figures of spans and calls by steps of time, kept up as spans are committed.
//!
//! ```text
//!   spans of a commit ──┐                     ┌─► rows of `red`   ─┐ 10 s, 1 min ─► merge ─► 1 h
//!                       ├─► Folding ──────────┤                    ├─►                1 h ─► merge ─► 1 d
//!   spans of the same ──┘    only what is new └─► rows of `edges` ─┘                │
//!   traces, rolled up          is counted                                          ▼
//!   before                          adding up all rows of a step, and fresh ones of shorter
//!                                           steps, gives the figures of all spans
//! ```
//!
//! Nothing here reads or writes: who commits spans calls this, and commits the rows.

mod bucket;
mod cover;
mod duration_sum;
mod fold;
mod minute_sums;
mod names_in_table;
mod numbered;
mod operations;
mod parts;
mod records;
mod red_group;
mod red_merge;
mod red_rows;
mod red_writer;
mod span_sums;
mod sums;
mod ways;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use arrow_array::builder::BinaryViewBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_schema::SchemaRef;
use datafusion::arrow::compute::concat_batches;
use schemas::rollups::{Merging, STEP_SECONDS, edge_schema, red_schema};
use schemas::{ColumnId, SpanBatch};

use crate::QueryError;
use crate::red::{self, GroupBy};
use crate::topology;

pub use fold::{FoldedRows, Folding};

pub(crate) use bucket::ShortBucket;
pub(crate) use cover::rows_of_range;
pub(crate) use duration_sum::{DurationSum, HistogramWriter, MixedDurationSum};
pub(crate) use minute_sums::{MinuteSums, RowSum};
pub(crate) use numbered::Numbered;
pub(crate) use parts::NumberedRows;
pub(crate) use records::{Record, Records, RecordsInOrder};
pub(crate) use red_rows::RedRows;
pub(crate) use sums::{Merger, Summands, Sums, TableRows, step_of_all};
pub(crate) use ways::{RankedKeys, Ways};

use operations::OperationLimits;

/// Rows that are made before they are handed over.
pub(crate) const BATCH_ROWS: usize = 1024;
/// Bytes of histograms that stand together in memory while rows are made.
const HISTOGRAM_BLOCK_BYTES: u32 = 64 * 1024;

/// A column of histograms: blocks of one size, which serve again for the rows that come then.
pub(crate) fn histogram_column() -> BinaryViewBuilder {
    BinaryViewBuilder::new().with_fixed_block_size(HISTOGRAM_BLOCK_BYTES)
}

/// So many operations of a service are told apart, unless it is said otherwise.
const OPERATIONS_PER_SERVICE: usize = 1_000;

/// Makes rows of the tables `red` and `edges`, whose columns are those of [`schemas::rollups`], and
/// knows which operations they tell apart.
///
/// Cloning is cheap: clones share what they know.
#[derive(Clone, Debug)]
pub struct RollUps {
    operations: Arc<Mutex<OperationLimits>>,
}

/// What some spans add to the rollups.
#[derive(Clone, Debug)]
pub struct RolledUp {
    /// Rows of `red` of the two shortest steps; each step's ordered as [`RollUps::merge_red`] does.
    pub red: RecordBatch,
    /// Rows of `edges` of the two shortest steps; each step's ordered as [`RollUps::merge_edges`] does.
    pub edges: RecordBatch,
}

impl Default for RollUps {
    fn default() -> Self {
        Self::new(OPERATIONS_PER_SERVICE)
    }
}

impl RollUps {
    /// Tells so many operations of a service apart, the first ones met; further ones count as
    /// [`OTHER_OPERATIONS`](schemas::rollups::OTHER_OPERATIONS).
    pub fn new(max_operations_per_service: usize) -> Self {
        let operations = OperationLimits::new(max_operations_per_service);
        Self {
            operations: Arc::new(Mutex::new(operations)),
        }
    }

    /// Takes over the operations that rows of `red` tell apart: what is in the table stays apart.
    /// To be called with the rows of one step, and the fresh ones of shorter steps, that are by operation,
    /// before the first spans are folded; rows of other steps repeat the same, others say nothing.
    ///
    /// # Errors
    /// [`QueryError::Table`] when columns are not those of `red`.
    pub fn admit(&self, red: &RecordBatch) -> Result<(), QueryError> {
        let rows = RedRows::of(red)?;
        let mut operations = self.operations();
        for row in 0..rows.len() {
            if let Some(name) = rows.text(GroupBy::Operation, row) {
                operations.admit(rows.text(GroupBy::Service, row), name);
            }
        }
        Ok(())
    }

    /// The columns of spans that are folded, in the span table's order.
    pub fn columns(&self) -> Vec<ColumnId> {
        let mut columns = red::span_columns().to_vec();
        columns.extend_from_slice(topology::columns());
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// No sums yet.
    pub fn begin(&self) -> Folding {
        Folding::new(self)
    }

    /// The rows of one part alone: see [`Folding::add`].
    ///
    /// # Errors
    /// As [`Folding::finish`].
    pub fn fold(&self, fresh: &[SpanBatch], earlier: &[SpanBatch]) -> Result<RolledUp, QueryError> {
        let mut folding = self.begin();
        folding.add(fresh, earlier);
        let (mut red, mut edges) = (Vec::new(), Vec::new());
        folding.finish(|rows| {
            match rows {
                FoldedRows::Red(rows) => red.push(rows),
                FoldedRows::Edges(rows) => edges.push(rows),
            }
            Ok::<(), QueryError>(())
        })?;
        Ok(RolledUp {
            red: step_by_step(red_schema(), red)?,
            edges: step_by_step(edge_schema(), edges)?,
        })
    }

    /// Hands over what rows of `red`, all of one step and all fresh or none, become: some at a time,
    /// each time of one step. They are ordered by step, then by dimension, then by what tells them
    /// apart, then by the bucket.
    ///
    /// # Errors
    /// [`QueryError::Table`] when columns are not those of `red`, or rows are of several steps, and what
    /// `see` says.
    pub fn merge_red<E: From<QueryError>>(
        rows: &[RecordBatch],
        merging: Merging,
        see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        red_merge::merge(rows, merging, see)
    }

    /// Hands over what rows of `edges`, all of one step and all fresh or none, become: some at a time,
    /// each time of one step; one row, or one that adds and one that takes, for all that differ in
    /// their sums alone. They are ordered by step, then by dimension, then by edge and bucket.
    ///
    /// # Errors
    /// [`QueryError::Table`] when columns are not those of `edges`, or rows are of several steps, and
    /// what `see` says.
    pub fn merge_edges<E: From<QueryError>>(
        rows: &[RecordBatch],
        merging: Merging,
        see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        topology::merge_edges(rows, merging, see)
    }

    /// The name by which an operation counts.
    pub(crate) fn kept<'a>(&self, service: Option<&str>, name: &'a str) -> &'a str {
        self.operations().kept(service, name)
    }

    /// How many of these names of a service, which are distinct, count as
    /// [`OTHER_OPERATIONS`](schemas::rollups::OTHER_OPERATIONS).
    pub(crate) fn names_beyond<'a>(
        &self,
        service: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> usize {
        self.operations().beyond(service, names)
    }

    fn operations(&self) -> MutexGuard<'_, OperationLimits> {
        // The set is whole after each change, whatever its holder does later.
        self.operations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rows as one batch, each step's after those of shorter ones, where each batch is of one step.
fn step_by_step(
    schema: &SchemaRef,
    mut batches: Vec<RecordBatch>,
) -> Result<RecordBatch, QueryError> {
    batches.retain(|rows| rows.num_rows() > 0);
    batches.sort_by_key(|rows| {
        let steps = rows[STEP_SECONDS].as_primitive::<Int64Type>();
        steps.values().first().copied()
    });
    Ok(concat_batches(schema, &batches)?)
}

#[cfg(test)]
mod tests;
