//! Reads rows of the table.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int64Type};
use arrow_array::{
    Array, BinaryViewArray, BooleanArray, Int8Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::compute::cast;
use datafusion::error::DataFusionError;
use schemas::rollups::{BUCKET_START, DIMENSION, IS_FRESH, edge_schema};

use super::super::call::{End, Node, Sign};
use super::super::cell::EdgeCell;
use super::super::edge::EdgeKey;
use super::super::names::{Name, Names};
use super::super::peer::{ConnectionType, NodeKind};
use super::super::query::TopologyDimension;
use super::dimension::EdgeDimension;
use super::writer::{RowKind, RowSums};
use crate::QueryError;
use crate::rollups::{Summands, TableRows};

/// The columns with what makes an edge.
const TEXTS: [&str; 10] = [
    "caller",
    "caller_kind",
    "callee",
    "callee_kind",
    "connection",
    "operation",
    "caller_version",
    "caller_zone",
    "callee_version",
    "callee_zone",
];

/// The columns that every question reads.
const ALWAYS: [&str; 15] = [
    "step_seconds",
    BUCKET_START,
    DIMENSION,
    "weight",
    "caller",
    "caller_kind",
    "callee",
    "callee_kind",
    "connection",
    "calls",
    "errors",
    "client_sum_nano",
    "client_durations",
    "server_sum_nano",
    "server_durations",
];

/// What a row takes beside its histograms, typically, in bytes.
const ROW_BYTES: usize = 200;

/// Rows of the table as typed columns.
#[derive(Debug)]
pub(in super::super) struct EdgeRows {
    steps: Int64Array,
    buckets: Int64Array,
    dimensions: StringArray,
    /// None where it was not read.
    fresh: Option<BooleanArray>,
    weights: Int8Array,
    /// None for those that were not read.
    texts: [Option<StringArray>; TEXTS.len()],
    calls: Int64Array,
    errors: Int64Array,
    client: Half,
    server: Half,
}

/// The columns of one side's durations.
#[derive(Debug)]
struct Half {
    sums: Int64Array,
    durations: BinaryViewArray,
}

impl EdgeRows {
    /// The columns that a question reads which tells so much apart.
    pub(in super::super) fn columns(
        by: &[TopologyDimension],
    ) -> impl Iterator<Item = &'static str> {
        let further = by.iter().flat_map(|by| match by {
            TopologyDimension::Operation => &["operation"][..],
            TopologyDimension::Version => &["caller_version", "callee_version"],
            TopologyDimension::Zone => &["caller_zone", "callee_zone"],
        });
        ALWAYS.into_iter().chain(further.copied())
    }

    /// Takes the columns of the table, by name; all of them, or [`Self::columns`].
    ///
    /// # Errors
    /// [`QueryError::Table`] when one is missing or of another type.
    pub(in super::super) fn of(batch: &RecordBatch) -> Result<Self, QueryError> {
        let column = |name: &str| -> Result<_, DataFusionError> {
            let found = batch.column(batch.schema_ref().index_of(name)?);
            let expected = edge_schema().field_with_name(name)?.data_type();
            if found.data_type() == expected {
                return Ok(Arc::clone(found));
            }
            Ok(cast(found, expected)?)
        };
        let int64 =
            |name: &str| column(name).map(|array| array.as_primitive::<Int64Type>().clone());
        let half = |sums: &str, durations: &str| -> Result<_, DataFusionError> {
            Ok(Half {
                sums: int64(sums)?,
                durations: column(durations)?.as_binary_view().clone(),
            })
        };
        let text = |name: &str| column(name).map(|array| array.as_string::<i32>().clone());
        let mut texts = Vec::with_capacity(TEXTS.len());
        let is_read = |name: &str| batch.schema_ref().index_of(name).is_ok();
        for name in TEXTS {
            texts.push(is_read(name).then(|| text(name)).transpose()?);
        }
        Ok(Self {
            steps: int64("step_seconds")?,
            buckets: int64(BUCKET_START)?,
            dimensions: text(DIMENSION)?,
            fresh: is_read(IS_FRESH)
                .then(|| Ok::<_, DataFusionError>(column(IS_FRESH)?.as_boolean().clone()))
                .transpose()?,
            weights: column("weight")?.as_primitive::<Int8Type>().clone(),
            texts: texts.try_into().expect("a column was read for each name"),
            calls: int64("calls")?,
            errors: int64("errors")?,
            client: half("client_sum_nano", "client_durations")?,
            server: half("server_sum_nano", "server_durations")?,
        })
    }

    pub(in super::super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// The memory that the rows hold, in bytes; other rows may share their columns.
    pub(in super::super) fn memory_bytes(&self) -> usize {
        let histograms = |half: &Half| half.durations.total_buffer_bytes_used();
        self.len() * ROW_BYTES + histograms(&self.client) + histograms(&self.server)
    }

    pub(super) fn kind(&self, row: usize) -> RowKind {
        let name = self
            .dimensions
            .is_valid(row)
            .then(|| self.dimensions.value(row));
        RowKind {
            dimension: name.and_then(EdgeDimension::of_name),
            step: self.steps.value(row),
        }
    }

    /// The bucket's start, in nanoseconds since 1970.
    pub(in super::super) fn bucket(&self, row: usize) -> i64 {
        self.buckets.value(row)
    }

    pub(in super::super) fn sign(&self, row: usize) -> Sign {
        Sign::of_weight(self.weights.value(row))
    }

    /// Adds the calls of a row to a cell, without their durations' histograms.
    pub(in super::super) fn add_figures(&self, row: usize, cell: &mut EdgeCell) {
        let figures = self.figures(row);
        cell.calls += figures.calls;
        cell.errors += figures.errors;
        cell.client.sum_nano += figures.client_nano;
        cell.server.sum_nano += figures.server_nano;
    }

    /// The histogram of a row's durations as the caller saw them, in HdrHistogram's form.
    pub(in super::super) fn client_durations(&self, row: usize) -> &[u8] {
        self.client.durations.value(row)
    }

    /// The histogram of a row's durations as the callee saw them, in HdrHistogram's form.
    pub(in super::super) fn server_durations(&self, row: usize) -> &[u8] {
        self.server.durations.value(row)
    }

    /// The edges of the rows, which are read in order.
    pub(in super::super) fn edges(&self) -> RowEdges<'_> {
        RowEdges {
            rows: self,
            last: [None; TEXTS.len()],
            last_edge: None,
        }
    }
}

impl Summands<2> for EdgeRows {
    type Figures = RowSums;

    fn bucket(&self, row: usize) -> i64 {
        self.buckets.value(row)
    }

    fn sign(&self, row: usize) -> Sign {
        Sign::of_weight(self.weights.value(row))
    }

    fn figures(&self, row: usize) -> RowSums {
        let count = |column: &Int64Array| u64::try_from(column.value(row)).unwrap_or(0);
        RowSums {
            calls: count(&self.calls),
            errors: count(&self.errors),
            client_nano: self.client.sums.value(row).into(),
            server_nano: self.server.sums.value(row).into(),
        }
    }

    fn histograms(&self, row: usize) -> [&[u8]; 2] {
        [self.client_durations(row), self.server_durations(row)]
    }
}

impl TableRows<2> for EdgeRows {
    fn step(&self, row: usize) -> i64 {
        self.steps.value(row)
    }

    fn is_fresh(&self, row: usize) -> bool {
        let fresh = self.fresh.as_ref();
        fresh.is_some_and(|fresh| fresh.is_valid(row) && fresh.value(row))
    }
}

/// Reads the edges of rows. Rows of one edge follow each other, so most texts are those of the row
/// before.
#[derive(Debug)]
pub(in super::super) struct RowEdges<'a> {
    rows: &'a EdgeRows,
    last: [Option<(&'a str, Name)>; TEXTS.len()],
    last_edge: Option<([Option<Name>; TEXTS.len()], EdgeKey)>,
}

impl RowEdges<'_> {
    pub(in super::super) fn edge(&mut self, row: usize, names: &mut Names) -> EdgeKey {
        let texts = std::array::from_fn(|column| self.name(column, row, names));
        if let Some((of_last, edge)) = self.last_edge
            && of_last == texts
        {
            return edge;
        }
        let edge = edge_of(texts, names);
        self.last_edge = Some((texts, edge));
        edge
    }

    fn name(&mut self, column: usize, row: usize, names: &mut Names) -> Option<Name> {
        let texts = self.rows.texts[column].as_ref()?;
        if texts.is_null(row) {
            return None;
        }
        let text = texts.value(row);
        if let Some((last, name)) = self.last[column]
            && last == text
        {
            return Some(name);
        }
        let name = names.number(text);
        self.last[column] = Some((text, name));
        Some(name)
    }
}

/// The edge that the texts of a row make, in the order of [`TEXTS`].
fn edge_of(texts: [Option<Name>; TEXTS.len()], names: &Names) -> EdgeKey {
    let [
        caller,
        caller_kind,
        callee,
        callee_kind,
        connection,
        operation,
        caller_version,
        caller_zone,
        callee_version,
        callee_zone,
    ] = texts;
    let kind = |name| {
        let name = names.text_of(name);
        let mut all = NodeKind::ALL.into_iter();
        all.find(|kind| Some(kind.name()) == name)
            .unwrap_or(NodeKind::External)
    };
    let end = |name, node_kind, version, zone| End {
        node: Node {
            kind: kind(node_kind),
            name,
        },
        version,
        zone,
    };
    let connection = names.text_of(connection);
    let mut means = ConnectionType::ALL.into_iter();
    EdgeKey {
        caller: end(caller, caller_kind, caller_version, caller_zone),
        callee: end(callee, callee_kind, callee_version, callee_zone),
        connection: means
            .find(|means| Some(means.name()) == connection)
            .unwrap_or(ConnectionType::Rpc),
        operation,
    }
}
