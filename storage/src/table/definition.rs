//! What tells one table from another.

use std::fmt;
use std::sync::Arc;

use arrow_schema::SchemaRef;
use object_store::ObjectStore;
use schemas::columns::span_schema;
use schemas::rollups::{BUCKET_START, edge_schema, red_schema};

/// A table that storage keeps.
#[derive(Debug)]
pub(crate) struct TableDefinition {
    /// Its directory, and its name for other engines.
    pub(crate) name: &'static str,
    /// What messages call it.
    title: &'static str,
    /// What it holds, for other engines.
    pub(super) description: &'static str,
    /// Its columns, but for the partition.
    pub(crate) schema: fn() -> &'static SchemaRef,
    /// Columns that it had once, and that have no values in what is written now.
    pub(super) former_columns: &'static [&'static str],
    /// The column of the time, nanoseconds since 1970, that a row's partition and a file's
    /// statistics are of.
    pub(super) time_column: &'static str,
    /// The columns that other engines are to keep statistics of.
    pub(super) statistics_columns: &'static str,
    /// How long files that are no longer part of the table stay, in Delta's words.
    pub(super) deleted_files_stay: &'static str,
}

/// Spans, one a row.
pub(crate) static SPANS: TableDefinition = TableDefinition {
    name: "spans",
    title: "the table of spans",
    description: "OpenTelemetry spans, one a row",
    schema: span_schema,
    former_columns: &[],
    time_column: "start_time_unix_nano",
    statistics_columns: "start_time_unix_nano,duration_nano",
    deleted_files_stay: "interval 7 days",
};

/// Figures of spans.
pub(crate) static RED: TableDefinition = TableDefinition {
    name: "red",
    title: "the table of figures",
    description: "Counts, errors and durations of spans by steps of time; a reader adds rows up",
    schema: red_schema,
    former_columns: &["is_total"],
    time_column: BUCKET_START,
    statistics_columns: BUCKET_START,
    deleted_files_stay: "interval 10 minutes",
};

/// Figures of calls.
pub(crate) static EDGES: TableDefinition = TableDefinition {
    name: "edges",
    title: "the table of calls",
    description: "Calls between services by steps of time; a reader adds rows up by weight",
    schema: edge_schema,
    former_columns: &[],
    time_column: BUCKET_START,
    statistics_columns: BUCKET_START,
    deleted_files_stay: "interval 10 minutes",
};

impl fmt::Display for TableDefinition {
    /// As messages call it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title)
    }
}

/// A table and where it is.
#[derive(Clone, Debug)]
pub(super) struct TableStore {
    pub(super) definition: &'static TableDefinition,
    /// Rooted at the table.
    pub(super) objects: Arc<dyn ObjectStore>,
}
