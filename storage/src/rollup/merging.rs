//! Rows of several files in their order, a few of each at a time.

use std::pin::Pin;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Schema};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use datafusion::arrow::compute::{SortColumn, lexsort_to_indices};
use datafusion::arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use futures::{Stream, TryStreamExt};
use object_store::ObjectStore;
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::errors::{ParquetError, Result};

use super::file::RollupFooter;
use super::stream::conform;
use super::{RollupFile, RollupTable};

/// Rows that are in memory at a time, of all files together: a row may have kilobytes of histograms,
/// and is there once more as it is summed up.
pub(super) const ROWS_IN_MEMORY: usize = 16 * 1024;
/// Rows of a file that are in memory at a time, at least.
const LEAST_BATCH_ROWS: usize = 256;

/// The order of rows in files: but for the weight, as rows that add and rows that take belong
/// together. It is that in which they are written by the fold and the merge.
fn order(table: RollupTable) -> &'static [&'static str] {
    match table {
        RollupTable::Red => &[
            "step_seconds",
            "dimension",
            "service_name",
            "name",
            "kind",
            "status_code",
            "service_instance_id",
            "service_version",
            "availability_zone",
            "bucket_start_unix_nano",
        ],
        RollupTable::Edges => &[
            "dimension",
            "step_seconds",
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
            "bucket_start_unix_nano",
        ],
    }
}

type RowStream = Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>;

async fn footer_of(file: &RollupFile, store: &Arc<dyn ObjectStore>) -> Result<Arc<RollupFooter>> {
    let footer = file.footer(store).await;
    footer.map_err(|error| ParquetError::External(Box::new(error)))
}

/// The rows of a file, in the columns of the table: other programs leave out columns without
/// values, and have types of their own.
fn rows_of(
    table: RollupTable,
    file: &RollupFile,
    footer: &RollupFooter,
    store: &Arc<dyn ObjectStore>,
    batch_rows: usize,
) -> Result<RowStream> {
    let fields = (table.definition().schema)().fields().iter();
    let fields = fields.map(|field| field.as_ref().clone().with_nullable(true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let reader = footer.reader.clone();
    let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(file.stored(store), reader);
    let rows = builder.with_batch_size(batch_rows).build()?;
    Ok(Box::pin(rows.and_then(move |rows| {
        let rows = conform(&rows, &schema).map_err(ParquetError::from);
        futures::future::ready(rows)
    })))
}

/// The rows of files, side by side.
pub(super) struct SideBySide {
    order: Order,
    inputs: Vec<Input>,
}

struct Input {
    stream: RowStream,
    current: Option<Current>,
}

/// Rows of a file of which the first ones are taken.
struct Current {
    rows: RecordBatch,
    keys: Rows,
    taken: usize,
}

impl SideBySide {
    /// Begins to read files of a table in `store`, which is rooted there.
    ///
    /// # Errors
    /// When a file's end cannot be read.
    pub(super) async fn open(
        table: RollupTable,
        files: &[Arc<RollupFile>],
        store: &Arc<dyn ObjectStore>,
    ) -> Result<Self> {
        let order = Order::new(order(table), (table.definition().schema)())?;
        let batch_rows = (ROWS_IN_MEMORY / files.len().max(1)).max(LEAST_BATCH_ROWS);
        let mut inputs = Vec::with_capacity(files.len());
        for file in files {
            let footer = footer_of(file, store).await?;
            let stream = rows_of(table, file, &footer, store, batch_rows)?;
            let stream: RowStream = if footer.is_ours() {
                stream
            } else {
                let rows = order.sorted(&stream.try_collect::<Vec<_>>().await?)?;
                Box::pin(futures::stream::iter(rows.map(Ok)))
            };
            inputs.push(Input {
                stream,
                current: None,
            });
        }
        Ok(Self { order, inputs })
    }

    /// Some rows of the files, of which all have the next ones in order; none after the last.
    ///
    /// # Errors
    /// When a file cannot be read, or is not in order.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        let mut first_end: Option<OwnedRow> = None;
        for input in &mut self.inputs {
            let Some(current) = input.current(&self.order).await? else {
                continue;
            };
            let end = current.keys.row(current.rows.num_rows() - 1);
            if first_end.as_ref().is_none_or(|first| end < first.row()) {
                first_end = Some(end.owned());
            }
        }
        let Some(end) = first_end else {
            return Ok(None);
        };
        let inputs = self.inputs.iter_mut();
        let parts = inputs.filter_map(|input| input.current.as_mut()?.take_through(&end));
        Ok(Some(parts.collect()))
    }
}

impl Input {
    /// The rows that are to be taken next; none after the last.
    async fn current(&mut self, order: &Order) -> Result<Option<&mut Current>> {
        while self.current.as_ref().is_none_or(Current::is_taken) {
            let Some(rows) = self.stream.try_next().await? else {
                self.current = None;
                break;
            };
            let keys = order.keys(&rows)?;
            let last = self
                .current
                .as_ref()
                .and_then(|current| current.keys.iter().next_back());
            if !last.into_iter().chain(keys.iter()).is_sorted() {
                return Err(ParquetError::General("rows are not in order".to_owned()));
            }
            self.current = Some(Current {
                rows,
                keys,
                taken: 0,
            });
        }
        Ok(self.current.as_mut())
    }
}

impl Current {
    fn is_taken(&self) -> bool {
        self.taken == self.rows.num_rows()
    }

    fn take_through(&mut self, end: &OwnedRow) -> Option<RecordBatch> {
        let start = self.taken;
        let rest = start..self.rows.num_rows();
        self.taken = rest
            .into_iter()
            .find(|row| self.keys.row(*row) > end.row())
            .unwrap_or(self.rows.num_rows());
        (start < self.taken).then(|| self.rows.slice(start, self.taken - start))
    }
}

/// How rows compare.
struct Order {
    columns: &'static [&'static str],
    converter: RowConverter,
}

impl Order {
    fn new(columns: &'static [&'static str], schema: &Schema) -> Result<Self> {
        let fields = columns.iter().map(|name| {
            let field = schema.field_with_name(name)?;
            Ok(SortField::new(field.data_type().clone()))
        });
        let fields = fields.collect::<Result<_, ArrowError>>()?;
        Ok(Self {
            columns,
            converter: RowConverter::new(fields)?,
        })
    }

    fn columns(&self, rows: &RecordBatch) -> Result<Vec<ArrayRef>, ArrowError> {
        let positions = self.columns.iter();
        let positions = positions.map(|name| rows.schema_ref().index_of(name));
        let columns = positions.map(|position| Ok(Arc::clone(rows.column(position?))));
        columns.collect()
    }

    fn keys(&self, rows: &RecordBatch) -> Result<Rows> {
        Ok(self.converter.convert_columns(&self.columns(rows)?)?)
    }

    /// All rows of a file in order, as one batch; none for no rows.
    fn sorted(&self, rows: &[RecordBatch]) -> Result<Option<RecordBatch>> {
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let rows = concat_batches(first.schema_ref(), rows)?;
        let columns = self.columns(&rows)?.into_iter();
        let columns = columns.map(|values| SortColumn {
            values,
            options: None,
        });
        let positions = lexsort_to_indices(&columns.collect::<Vec<_>>(), None)?;
        Ok(Some(take_record_batch(&rows, &positions)?))
    }
}
