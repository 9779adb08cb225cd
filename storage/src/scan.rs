//! Queries over a snapshot: the table `spans` for DataFusion.
//!
//! ```text
//!   filters ─► Condition ─► prune(facts) ─► units: memory chunks, row groups, or one trace look-up
//!                             │  facts: min/max, nulls, blooms, attribute keys; of files,
//!                             │         row groups, pages and chunks
//!                             ▼
//!   SpanScan (one stream a partition): decode only what the remaining conditions need,
//!                                      filter, project
//! ```
//!
//! The scan is ours rather than DataFusion's Parquet source because every row group may keep
//! another part of the filter (an attribute that does not occur in a file needs no test there),
//! footers and bloom filters are already in memory, and conditions on dictionary columns are
//! evaluated once for each distinct value.

mod span_table;

mod condition;

mod pruning;

mod facts;

mod plan;

mod exec;

mod stream;

mod row_group;

mod row_test;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use condition::{Condition, Value};
pub(crate) use facts::{facts_of_leaf, pages_of_leaf};
pub(crate) use plan::whole_file;
pub(crate) use pruning::{ColumnFacts, Facts, Nulls, Page, prune, select_rows};
pub(crate) use row_group::projected_schema;
pub(crate) use span_table::{SpanTable, filter_support, physical_filter};
pub(crate) use stream::{ScanContext, scan};
