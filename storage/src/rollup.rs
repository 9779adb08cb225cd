//! Rollups: tables of figures, kept up as a fold over the commits of the table of spans.
//!
//! ```text
//!  commit v of `spans` ─► files, kept or read ┐
//!                                             ├─► fold ─► rows ─► commit of `red`   with txn(spans, v)
//!  files rolled up before ─► spans of the  ───┘                   commit of `edges` with txn(spans, v)
//!                            same traces                            │
//!                                                                   ▼
//!             one swap for every reader: these files are rolled up, and these rows are there
//! ```
//!
//! What rows mean is not known here: the fold and the sum are given. Known is that rows add up, and
//! that the rows through a version tell of exactly the spans through that version.
//!
//! A crash between the two commits leaves one table behind; the next start rolls up what it lacks,
//! for it alone. Until then readers see no figures, and all spans as not rolled up.

mod blocks;
mod compaction;
mod copying;
mod earlier;
mod encode;
mod exec;
mod family;
mod file;
mod merging;
mod opening;
mod parts;
mod plan;
mod provider;
mod recovery;
mod roller;
mod state;
mod stream;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use arrow_array::RecordBatch;
use datafusion::catalog::SchemaProvider;
use futures::future::BoxFuture;
use schemas::rollups::Merging;
use schemas::{ColumnId, SpanBatch};

use crate::table::{EDGES, RED, TableDefinition};

pub(crate) use file::RollupFile;
pub(crate) use opening::open;
pub(crate) use provider::RollupProvider;
pub(crate) use roller::{Roller, RollerParts};
pub(crate) use state::{Pending, Rollups};

/// Sums spans up, part by part, until their rows are asked for.
pub trait Folding: Send {
    /// Adds what spans add to the figures. Called on a thread where it may take its time.
    ///
    /// # Errors
    /// Why they cannot be rolled up.
    fn add(&mut self, spans: RollUpInput) -> Result<(), String>;

    /// The memory that the sums take, and that files of their rows will take, about, in bytes.
    fn memory_bytes(&self) -> usize;

    /// Hands over the rows of all that was added, some at a time. Called on a thread where it may
    /// take its time.
    ///
    /// # Errors
    /// Why they cannot be written, or what `write` says.
    fn finish(self: Box<Self>, write: &mut WriteRows<'_>) -> Result<(), String>;
}

/// Takes rows of a table, those of a step in the order in which they are to be stored; their columns
/// are those of [`schemas::rollups`].
pub type WriteRows<'a> = dyn FnMut(RollupTable, &RecordBatch) -> Result<(), String> + 'a;

/// Begins to sum spans up.
pub type Fold = Arc<dyn Fn() -> Box<dyn Folding> + Send + Sync>;

/// Hands over what rows of a table become when they are merged, some at a time, each time of one
/// step; those of a step in their order.
pub type Merge =
    Arc<dyn Fn(RollupTable, MergedRows, &mut WriteRows<'_>) -> Result<(), String> + Send + Sync>;

/// Rows of a table that are to be merged.
#[derive(Clone, Debug)]
pub struct MergedRows {
    /// In the columns of [`schemas::rollups`]; all of one step, and all fresh or none.
    pub rows: Vec<RecordBatch>,
    /// What is made of them.
    pub merging: Merging,
}

/// Told the tables as they are at start, before the first fold.
pub type OnOpen =
    Arc<dyn Fn(Arc<dyn SchemaProvider>) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// How spans become rows of the rollup tables.
#[derive(Clone)]
pub struct RollUp {
    /// The columns of spans that the fold reads; those that every span has are read anyway.
    pub columns: Vec<ColumnId>,
    /// Sums spans up.
    pub fold: Fold,
    /// Merges rows of a table; called on a thread where it may take its time.
    pub merge: Merge,
    /// Learns what the tables hold already.
    pub on_open: OnOpen,
}

/// Spans to be rolled up: all that a commit has of some traces.
#[derive(Clone, Debug)]
pub struct RollUpInput {
    /// Spans that no row tells of yet.
    pub fresh: Vec<SpanBatch>,
    /// The spans of the same traces that were rolled up before, as far as they lie in files whose
    /// spans start within 24 hours of a fresh one.
    pub earlier: Vec<SpanBatch>,
}

/// One of the tables of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollupTable {
    /// Figures of spans.
    Red,
    /// Figures of calls.
    Edges,
}

impl RollupTable {
    pub(crate) const ALL: [Self; 2] = [Self::Red, Self::Edges];

    pub(crate) fn definition(self) -> &'static TableDefinition {
        match self {
            Self::Red => &RED,
            Self::Edges => &EDGES,
        }
    }
}

impl fmt::Debug for RollUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RollUp")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// One thing for each table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PerTable<T> {
    pub(crate) red: T,
    pub(crate) edges: T,
}

impl<T> PerTable<T> {
    pub(crate) fn get(&self, table: RollupTable) -> &T {
        match table {
            RollupTable::Red => &self.red,
            RollupTable::Edges => &self.edges,
        }
    }

    pub(crate) fn get_mut(&mut self, table: RollupTable) -> &mut T {
        match table {
            RollupTable::Red => &mut self.red,
            RollupTable::Edges => &mut self.edges,
        }
    }
}

/// The live files of each table.
pub(crate) type RollupFiles = PerTable<Arc<[Arc<RollupFile>]>>;
