//! Reading what is wanted of one row group.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicate, RowFilter, RowSelection};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use schemas::columns::{column_by_name, span_columns, span_schema};
use schemas::{ColumnId, ColumnType};

use super::condition::Condition;
use super::row_test::{RowCheck, RowTest};
use crate::data_file::{DataFile, Footer};

/// How much more it costs to call a function on a value than to compare it.
const FUNCTION_COST: u64 = 32;

/// A row group that may hold wanted rows.
#[derive(Clone, Debug)]
pub(crate) struct RowGroup {
    pub(crate) file: Arc<DataFile>,
    pub(crate) footer: Arc<Footer>,
    pub(crate) number: usize,
    /// The number of its rows.
    pub(crate) rows: usize,
    /// The rows to look at; all for `None`.
    pub(crate) selection: Option<RowSelection>,
    /// What the rows must be tested for.
    pub(crate) conditions: Vec<Condition>,
}

/// What of the passing rows is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    /// Columns of the span table.
    pub(crate) projection: &'a [usize],
    pub(crate) batch_rows: usize,
    /// At most so many rows.
    pub(crate) limit: Option<usize>,
}

/// Begins to decode a row group; `None` when no row can pass `conditions` or `late`.
///
/// Columns that take few bytes and little thought are tested first, so that the others are decoded
/// for the rows that are left only.
pub(crate) fn decoder(
    row_group: &RowGroup,
    late: &[Arc<dyn PhysicalExpr>],
    wanted: &Wanted<'_>,
) -> Result<Option<ParquetPushDecoder>> {
    let footer = &row_group.footer;
    let roots = roots(footer);
    let early = row_group.conditions.iter().map(|condition| &condition.expr);
    let mut tests = Vec::new();
    for expr in early.chain(late) {
        match RowTest::prepare(expr, &|column| roots[column.0])? {
            RowCheck::Passed => {}
            RowCheck::Failed => return Ok(None),
            RowCheck::Test(test) => tests.push((cost(expr, row_group), test)),
        }
    }
    tests.sort_by_key(|(cost, _)| *cost);
    let descriptor = footer.reader.parquet_schema();
    let mask = |columns: &mut dyn Iterator<Item = usize>| {
        ProjectionMask::roots(descriptor, columns.filter_map(|column| roots[column]))
    };
    let predicates = tests.into_iter().map(|(_, test)| {
        let mask = mask(&mut test.columns().iter().map(|column| column.0));
        Box::new(Predicate { mask, test }) as Box<dyn ArrowPredicate>
    });
    let mut builder = ParquetPushDecoderBuilder::new_with_metadata(footer.reader.clone())
        .with_row_groups(vec![row_group.number])
        .with_batch_size(wanted.batch_rows)
        .with_row_filter(RowFilter::new(predicates.collect()))
        .with_projection(mask(&mut wanted.projection.iter().copied()));
    if let Some(selection) = &row_group.selection {
        builder = builder.with_row_selection(selection.clone());
    }
    if let Some(limit) = wanted.limit {
        builder = builder.with_limit(limit);
    }
    Ok(Some(builder.build()?))
}

/// Where each column of the span table stands among the file's.
fn roots(footer: &Footer) -> Vec<Option<usize>> {
    let mut roots = vec![None; span_columns().len()];
    for (root, field) in footer.reader.schema().fields().iter().enumerate() {
        if let Some(ColumnId(column)) = column_by_name(field.name()) {
            roots[column] = Some(root);
        }
    }
    roots
}

/// What it takes to test a condition: the bytes of its columns, weighed by what is done with them.
fn cost(expr: &Arc<dyn PhysicalExpr>, row_group: &RowGroup) -> u64 {
    let metadata = row_group
        .footer
        .reader
        .metadata()
        .row_group(row_group.number);
    let bytes = collect_columns(expr).into_iter().map(|column| {
        let leaf = row_group.footer.leaf_of_column[column.index()];
        leaf.map_or(0, |leaf| {
            u64::try_from(metadata.column(leaf).compressed_size()).unwrap_or(0)
        })
    });
    bytes.sum::<u64>().saturating_mul(work(expr))
}

/// How many times the work of a comparison an expression is.
pub(crate) fn work(expr: &Arc<dyn PhysicalExpr>) -> u64 {
    let mut calls = 0;
    let visited = expr.apply(|node| {
        calls += u64::from(node.downcast_ref::<ScalarFunctionExpr>().is_some());
        Ok(TreeNodeRecursion::Continue)
    });
    let nested = collect_columns(expr).into_iter().filter(|column| {
        matches!(
            ColumnId(column.index()).column().column_type,
            ColumnType::Events | ColumnType::Links
        )
    });
    visited.map_or(1, |_| 1 + FUNCTION_COST * (calls + nested.count() as u64))
}

struct Predicate {
    mask: ProjectionMask,
    test: RowTest,
}

impl ArrowPredicate for Predicate {
    fn projection(&self) -> &ProjectionMask {
        &self.mask
    }

    fn evaluate(&mut self, batch: RecordBatch) -> Result<BooleanArray, ArrowError> {
        self.test
            .evaluate(&batch)
            .map_err(|error| ArrowError::ExternalError(Box::new(error)))
    }
}

/// The columns of `schema` from a decoded batch, those it does not have as nulls.
pub(crate) fn complete(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match batch.column_by_name(field.name()) {
            Some(array) => Arc::clone(array),
            None => new_null_array(field.data_type(), batch.num_rows()),
        }
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns.collect(),
        &options,
    )?)
}

/// The schema of some columns of the span table.
pub(crate) fn projected_schema(projection: &[usize]) -> Result<SchemaRef> {
    Ok(Arc::new(span_schema().project(projection)?))
}
