//! One partition of a scan: its row groups one after the other.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use datafusion::arrow::array::cast::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicate, RowFilter};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};

use super::file::RollupFooter;
use super::plan::WantedRows;
use crate::scan::Condition;

/// So many row groups of a partition wait for bytes at a time.
const ROW_GROUPS_AT_ONCE: usize = 4;

/// What all partitions of a scan share.
#[derive(Debug)]
pub(super) struct ReadContext {
    pub(super) store: Arc<dyn ObjectStore>,
    /// The schema of the table.
    pub(super) table: SchemaRef,
    /// Columns of the table.
    pub(super) projection: Vec<usize>,
    /// The schema of the projected columns.
    pub(super) schema: SchemaRef,
    pub(super) batch_rows: usize,
}

/// The rows of `wanted` that pass. Whoever polls decodes: questions have threads of their own.
pub(super) fn read(
    context: Arc<ReadContext>,
    wanted: Vec<WantedRows>,
) -> impl Stream<Item = Result<RecordBatch>> + Send {
    let opened = stream::iter(wanted).map(move |rows| {
        let reading = Reading::begin(Arc::clone(&context), &rows);
        async move { reading?.fetched().await }
    });
    opened
        .buffered(ROW_GROUPS_AT_ONCE)
        .map_ok(Reading::batches)
        .try_flatten()
}

/// A row group at work.
struct Reading {
    context: Arc<ReadContext>,
    path: Path,
    decoder: ParquetPushDecoder,
    /// A batch that was decoded already.
    first: Option<RecordBatch>,
}

impl Reading {
    fn begin(context: Arc<ReadContext>, rows: &WantedRows) -> Result<Self> {
        Ok(Self {
            decoder: decoder(rows, &context)?,
            path: rows.file.added.location(),
            context,
            first: None,
        })
    }

    /// Waits for the bytes of the rows that pass: those of several row groups come at a time.
    async fn fetched(mut self) -> Result<Self> {
        self.first = self.next().await?;
        Ok(self)
    }

    fn batches(self) -> impl Stream<Item = Result<RecordBatch>> + Send {
        stream::try_unfold(self, |mut reading| async move {
            let batch = match reading.first.take() {
                Some(batch) => Some(batch),
                None => reading.next().await?,
            };
            Ok(batch.map(|batch| (batch, reading)))
        })
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            match self.decoder.try_decode()? {
                DecodeResult::Finished => return Ok(None),
                DecodeResult::Data(batch) => {
                    return Ok(Some(conform(&batch, &self.context.schema)?));
                }
                DecodeResult::NeedsData(ranges) => {
                    let bytes = self.context.store.get_ranges(&self.path, &ranges).await?;
                    self.decoder.push_ranges(ranges, bytes)?;
                }
            }
        }
    }
}

/// Begins to decode a row group. Its other columns are decoded for the rows that pass only.
fn decoder(rows: &WantedRows, context: &ReadContext) -> Result<ParquetPushDecoder> {
    let footer = &rows.footer;
    let mut builder = ParquetPushDecoderBuilder::new_with_metadata(footer.reader.clone())
        .with_row_groups(vec![rows.row_group])
        .with_batch_size(context.batch_rows)
        .with_projection(mask(footer, &context.projection));
    if !rows.conditions.is_empty() {
        let all = Condition::all(rows.conditions.clone());
        let predicate = Predicate::prepare(&all.expr, &context.table, footer)?;
        builder = builder.with_row_filter(RowFilter::new(vec![Box::new(predicate)]));
    }
    if let Some(selection) = &rows.selection {
        builder = builder.with_row_selection(selection.clone());
    }
    Ok(builder.build()?)
}

/// Columns of the table among those of a file.
fn mask(footer: &RollupFooter, columns: &[usize]) -> ProjectionMask {
    let roots = columns.iter().filter_map(|column| footer.roots[*column]);
    ProjectionMask::roots(footer.reader.parquet_schema(), roots)
}

/// The test that rows must pass, over the columns that it needs.
struct Predicate {
    mask: ProjectionMask,
    expr: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
}

impl Predicate {
    fn prepare(
        expr: &Arc<dyn PhysicalExpr>,
        table: &Schema,
        footer: &RollupFooter,
    ) -> Result<Self> {
        let needed = collect_columns(expr);
        let mut columns: Vec<usize> = needed.iter().map(Column::index).collect();
        columns.sort_unstable();
        let renumbered = Arc::clone(expr).transform_down(|node| {
            let Some(column) = node.downcast_ref::<Column>() else {
                return Ok(Transformed::no(node));
            };
            let place = columns.partition_point(|other| *other < column.index());
            let column = Column::new(column.name(), place);
            Ok(Transformed::yes(Arc::new(column) as Arc<dyn PhysicalExpr>))
        });
        let fields = columns.iter().map(|column| {
            // A file may lack the column.
            table.field(*column).clone().with_nullable(true)
        });
        Ok(Self {
            mask: mask(footer, &columns),
            expr: renumbered.data()?,
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        })
    }
}

impl ArrowPredicate for Predicate {
    fn projection(&self) -> &ProjectionMask {
        &self.mask
    }

    fn evaluate(&mut self, batch: RecordBatch) -> Result<BooleanArray, ArrowError> {
        let batch = conform(&batch, &self.schema)?;
        let passed = self.expr.evaluate(&batch)?.into_array(batch.num_rows())?;
        let passed = passed.as_boolean_opt().cloned();
        passed.ok_or_else(|| {
            ArrowError::ComputeError(format!("filter {} is not a truth value", self.expr))
        })
    }
}

/// The columns of `schema` from a decoded batch, in their types; those it does not have as nulls.
pub(super) fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = schema.fields().iter().map(|field| -> Result<ArrayRef, _> {
        match batch.column_by_name(field.name()) {
            Some(array) if array.data_type() == field.data_type() => Ok(Arc::clone(array)),
            Some(array) => cast(array, field.data_type()),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        }
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}
