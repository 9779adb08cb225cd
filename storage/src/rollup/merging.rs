//! Rows of several files in their order, a few of each at a time.

use std::cmp::Ordering;
use std::pin::Pin;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Schema, SortOptions};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use datafusion::arrow::array::make_comparator;
use datafusion::arrow::compute::{SortColumn, lexsort_to_indices};
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
/// So many rows are handed over together at least, but for the last: names are told apart anew each time.
pub(super) const ROWS_TOGETHER: usize = 8 * 1024;
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
    /// The columns by which they are in order.
    keys: Vec<ArrayRef>,
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
        let order = Order(order(table));
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
        let mut together = Vec::new();
        let mut rows = 0;
        while rows < ROWS_TOGETHER
            && let Some(next) = self.next_few().await?
        {
            rows += next.iter().map(RecordBatch::num_rows).sum::<usize>();
            together.extend(next);
        }
        Ok((rows > 0).then_some(together))
    }

    /// The next rows in order, through the first that is the last in memory of a file.
    async fn next_few(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        let mut first_end: Option<Vec<ArrayRef>> = None;
        for input in &mut self.inputs {
            let Some(current) = input.current(self.order).await? else {
                continue;
            };
            let end = current.end();
            if let Some(first) = &first_end
                && comparator(&end, first)?(0, 0).is_ge()
            {
                continue;
            }
            first_end = Some(end);
        }
        let Some(end) = first_end else {
            return Ok(None);
        };
        let mut parts = Vec::with_capacity(self.inputs.len());
        for input in &mut self.inputs {
            if let Some(current) = &mut input.current {
                parts.extend(current.take_through(&end)?);
            }
        }
        Ok(Some(parts))
    }
}

impl Input {
    /// The rows that are to be taken next; none after the last.
    async fn current(&mut self, order: Order) -> Result<Option<&mut Current>> {
        while self.current.as_ref().is_none_or(Current::is_taken) {
            let Some(rows) = self.stream.try_next().await? else {
                self.current = None;
                break;
            };
            if rows.num_rows() == 0 {
                continue;
            }
            let keys = order.keys(&rows)?;
            let follows = match &self.current {
                Some(before) => comparator(&before.end(), &keys)?(0, 0).is_le(),
                None => true,
            };
            let compare = comparator(&keys, &keys)?;
            let mut pairs = (1..rows.num_rows()).map(|row| compare(row - 1, row));
            if !(follows && pairs.all(Ordering::is_le)) {
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

    /// What the last row is in order by.
    fn end(&self) -> Vec<ArrayRef> {
        let last = self.rows.num_rows() - 1;
        self.keys.iter().map(|keys| keys.slice(last, 1)).collect()
    }

    /// Takes the rows that do not come after `end`; none where there are none.
    fn take_through(&mut self, end: &[ArrayRef]) -> Result<Option<RecordBatch>> {
        let compare = comparator(&self.keys, end)?;
        let start = self.taken;
        let mut rest = start..self.rows.num_rows();
        let after = rest.find(|row| compare(*row, 0).is_gt());
        self.taken = after.unwrap_or(self.rows.num_rows());
        let taken = self.taken - start;
        Ok((taken > 0).then(|| self.rows.slice(start, taken)))
    }
}

/// The columns by which rows are in order.
#[derive(Clone, Copy)]
struct Order(&'static [&'static str]);

impl Order {
    fn keys(self, rows: &RecordBatch) -> Result<Vec<ArrayRef>, ArrowError> {
        let positions = self.0.iter();
        let positions = positions.map(|name| rows.schema_ref().index_of(name));
        let columns = positions.map(|position| Ok(Arc::clone(rows.column(position?))));
        columns.collect()
    }

    /// All rows of a file in order, as one batch; none for no rows.
    fn sorted(self, rows: &[RecordBatch]) -> Result<Option<RecordBatch>> {
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let rows = concat_batches(first.schema_ref(), rows)?;
        let columns = self.keys(&rows)?.into_iter();
        let columns = columns.map(|values| SortColumn {
            values,
            options: None,
        });
        let positions = lexsort_to_indices(&columns.collect::<Vec<_>>(), None)?;
        Ok(Some(take_record_batch(&rows, &positions)?))
    }
}

/// How a row of `ones` compares with one of `others`, by their positions.
fn comparator(
    ones: &[ArrayRef],
    others: &[ArrayRef],
) -> Result<impl Fn(usize, usize) -> Ordering + use<>, ArrowError> {
    let columns = ones.iter().zip(others);
    let columns = columns.map(|(one, other)| make_comparator(one, other, SortOptions::default()));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    Ok(move |one, other| {
        let mut columns = columns.iter().map(|compare| compare(one, other));
        columns
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    })
}
