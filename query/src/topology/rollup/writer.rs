//! Rows of the table, as they are written.

use std::ops::AddAssign;
use std::sync::Arc;

use arrow_array::builder::{BinaryViewBuilder, Int8Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, RecordBatch};
use schemas::rollups::edge_schema;

use super::super::call::{End, Sign};
use super::super::cell::EdgeCell;
use super::super::edge::EdgeKey;
use super::super::names::Names;
use super::dimension::EdgeDimension;
use crate::QueryError;
use crate::rollups::{BATCH_ROWS, histogram_column};

/// The rows that together are all calls once, but for those that are counted in fresh rows of shorter
/// steps alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowKind {
    /// What the edge is told apart by besides.
    pub(super) dimension: Option<EdgeDimension>,
    /// The bucket's length, in seconds.
    pub(super) step: i64,
}

/// What a row of the table is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowKey {
    pub(super) kind: RowKind,
    pub(super) edge: EdgeKey,
    /// The bucket's start, in nanoseconds since 1970.
    pub(super) bucket: i64,
}

/// The sums of a row, but for its histograms.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct RowSums {
    pub(super) calls: u64,
    pub(super) errors: u64,
    pub(super) client_nano: i128,
    pub(super) server_nano: i128,
}

impl AddAssign for RowSums {
    fn add_assign(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.errors = self.errors.saturating_add(other.errors);
        self.client_nano += other.client_nano;
        self.server_nano += other.server_nano;
    }
}

impl RowSums {
    pub(super) fn of(cell: &EdgeCell) -> Self {
        Self {
            calls: cell.calls,
            errors: cell.errors,
            client_nano: cell.client.sum_nano,
            server_nano: cell.server.sum_nano,
        }
    }
}

/// Columns while rows are added to them.
#[derive(Debug)]
pub(super) struct EdgeWriter<'a> {
    names: &'a Names,
    is_fresh: bool,
    steps: Int64Builder,
    buckets: Int64Builder,
    dimensions: StringBuilder,
    weights: Int8Builder,
    caller: NodeColumns,
    callee: NodeColumns,
    connections: StringBuilder,
    operations: StringBuilder,
    calls: Int64Builder,
    errors: Int64Builder,
    client: HalfColumns,
    server: HalfColumns,
}

#[derive(Debug, Default)]
struct NodeColumns {
    names: StringBuilder,
    kinds: StringBuilder,
    versions: StringBuilder,
    zones: StringBuilder,
}

impl NodeColumns {
    fn add(&mut self, end: End, names: &Names) {
        self.names.append_option(names.text_of(end.node.name));
        self.kinds.append_value(end.node.kind.name());
        self.versions.append_option(names.text_of(end.version));
        self.zones.append_option(names.text_of(end.zone));
    }
}

#[derive(Debug)]
struct HalfColumns {
    sums: Int64Builder,
    durations: BinaryViewBuilder,
}

impl Default for HalfColumns {
    fn default() -> Self {
        Self {
            sums: Int64Builder::new(),
            durations: histogram_column(),
        }
    }
}

impl HalfColumns {
    fn add(&mut self, sum_nano: i128, durations: &[u8]) {
        let saturated = i64::try_from(sum_nano).unwrap_or(i64::MAX);
        self.sums.append_value(saturated);
        self.durations.append_value(durations);
    }
}

impl<'a> EdgeWriter<'a> {
    /// For rows that are fresh, or for rows that are not.
    pub(super) fn new(names: &'a Names, is_fresh: bool) -> Self {
        Self {
            names,
            is_fresh,
            steps: Int64Builder::new(),
            buckets: Int64Builder::new(),
            dimensions: StringBuilder::new(),
            weights: Int8Builder::new(),
            caller: NodeColumns::default(),
            callee: NodeColumns::default(),
            connections: StringBuilder::new(),
            operations: StringBuilder::new(),
            calls: Int64Builder::new(),
            errors: Int64Builder::new(),
            client: HalfColumns::default(),
            server: HalfColumns::default(),
        }
    }

    /// Adds a row; `client` and `server` are the histograms as they are stored.
    pub(super) fn add(
        &mut self,
        (key, sign): (&RowKey, Sign),
        sums: RowSums,
        client: &[u8],
        server: &[u8],
    ) {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.steps.append_value(key.kind.step);
        self.buckets.append_value(key.bucket);
        self.dimensions
            .append_option(key.kind.dimension.map(EdgeDimension::name));
        self.weights.append_value(sign.weight());
        self.caller.add(key.edge.caller, self.names);
        self.callee.add(key.edge.callee, self.names);
        self.connections.append_value(key.edge.connection.name());
        self.operations
            .append_option(self.names.text_of(key.edge.operation));
        self.calls.append_value(count(sums.calls));
        self.errors.append_value(count(sums.errors));
        self.client.add(sums.client_nano, client);
        self.server.add(sums.server_nano, server);
    }

    /// The rows, where it is time to hand them over.
    pub(super) fn take_when_full(&mut self) -> Result<Option<RecordBatch>, QueryError> {
        let is_full = self.len() >= BATCH_ROWS;
        is_full.then(|| self.take()).transpose()
    }

    fn len(&self) -> usize {
        self.steps.values_slice().len()
    }

    /// The rows since the last were taken, as columns of [`edge_schema`].
    ///
    /// # Errors
    /// [`QueryError::EncodeColumns`] when they are not.
    pub(super) fn take(&mut self) -> Result<RecordBatch, QueryError> {
        let fresh = BooleanArray::from(vec![self.is_fresh; self.len()]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.steps.finish()),
            Arc::new(self.buckets.finish()),
            Arc::new(self.dimensions.finish()),
            Arc::new(fresh),
            Arc::new(self.weights.finish()),
            Arc::new(self.caller.names.finish()),
            Arc::new(self.caller.kinds.finish()),
            Arc::new(self.callee.names.finish()),
            Arc::new(self.callee.kinds.finish()),
            Arc::new(self.connections.finish()),
            Arc::new(self.operations.finish()),
            Arc::new(self.caller.versions.finish()),
            Arc::new(self.caller.zones.finish()),
            Arc::new(self.callee.versions.finish()),
            Arc::new(self.callee.zones.finish()),
            Arc::new(self.calls.finish()),
            Arc::new(self.errors.finish()),
            Arc::new(self.client.sums.finish()),
            Arc::new(self.client.durations.finish()),
            Arc::new(self.server.sums.finish()),
            Arc::new(self.server.durations.finish()),
        ];
        Ok(RecordBatch::try_new(Arc::clone(edge_schema()), columns)?)
    }
}
