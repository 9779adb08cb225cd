//! The spans of a file, part by part: what is in memory while they are rolled up.

use std::pin::Pin;
use std::sync::Arc;

use arrow_array::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use futures::{Stream, TryStreamExt};
use object_store::ObjectStore;
use schemas::{ColumnId, SpanBatch, TraceId, columns};
use tokio::sync::Semaphore;

use crate::StorageError;
use crate::data_file::{DataFile, Footer};
use crate::lookup::with_required;
use crate::scan::{ScanContext, projected_schema, scan, whole_file};

/// Spans of a part, at least; but for the last one, and for those of its last trace.
pub(super) const PART_ROWS: usize = 32 * 1024;
/// Rows that are decoded at a time.
const BATCH_ROWS: usize = 8 * 1024;

/// The spans of a file, in parts of whole traces.
pub(super) struct SpanParts {
    file: Arc<DataFile>,
    rows: Rows,
    /// Whether spans of a trace stand together. If not, as in files of other engines, the whole
    /// file is one part.
    is_sorted: bool,
    last_trace: Option<TraceId>,
    next: Vec<SpanBatch>,
}

/// Batches of rows, one after the other.
type Rows = Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>;

impl SpanParts {
    /// Begins to read some columns, and those that every span has; from memory where they were kept.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when the file's end cannot be read.
    pub(super) async fn open(
        file: &Arc<DataFile>,
        store: &Arc<dyn ObjectStore>,
        decoders: &Arc<Semaphore>,
        columns: &[ColumnId],
    ) -> Result<Self, StorageError> {
        if let Some(kept) = file.take_spans() {
            let rows = futures::stream::iter(kept.into_batches().map(Ok));
            return Ok(Self::of(file, Box::pin(rows), true));
        }
        let footer = file.footer(store).await?;
        let projection: Vec<usize> = with_required(columns).into_iter().map(|id| id.0).collect();
        let schema = projected_schema(&projection).map_err(|error| unreadable(file, error))?;
        let context = ScanContext {
            store: Arc::clone(store),
            decoders: Arc::clone(decoders),
            schema,
            projection,
            late: Vec::new(),
            batch_rows: BATCH_ROWS,
        };
        let rows = scan(Arc::new(context), whole_file(file, &footer), None);
        Ok(Self::of(file, Box::pin(rows), is_sorted_by_trace(&footer)))
    }

    fn of(file: &Arc<DataFile>, rows: Rows, is_sorted: bool) -> Self {
        Self {
            file: Arc::clone(file),
            rows,
            is_sorted,
            last_trace: None,
            next: Vec::new(),
        }
    }

    /// The next part; none after the last one.
    ///
    /// # Errors
    /// [`StorageError`] when the file cannot be read, or is not in the order that it says.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<SpanBatch>>, StorageError> {
        loop {
            let read = self.rows.try_next().await;
            let Some(rows) = read.map_err(|error| unreadable(&self.file, error))? else {
                let last = std::mem::take(&mut self.next);
                return Ok((!last.is_empty()).then_some(last));
            };
            let spans = self.spans(&rows)?;
            let count: usize = self.next.iter().map(SpanBatch::rows).sum();
            let last_trace = self.start_of_last_trace(&spans)?;
            if !self.is_sorted || last_trace == 0 || count + last_trace < PART_ROWS {
                self.next.push(spans);
                continue;
            }
            let rest = rows.slice(last_trace, rows.num_rows() - last_trace);
            let rest = vec![self.spans(&rest)?];
            let mut part = std::mem::replace(&mut self.next, rest);
            part.push(self.spans(&rows.slice(0, last_trace))?);
            return Ok(Some(part));
        }
    }

    /// The row where the last trace of a batch begins.
    fn start_of_last_trace(&mut self, spans: &SpanBatch) -> Result<usize, StorageError> {
        let Some(ids) = spans.trace_ids().filter(|_| self.is_sorted) else {
            return Ok(0);
        };
        let ids = ids.value_data().as_chunks::<16>().0;
        let before = self.last_trace.map(|TraceId(id)| id);
        if !before.iter().chain(ids).is_sorted() {
            return Err(StorageError::Corrupt {
                reason: format!(
                    "{} says that it is sorted by trace, and is not",
                    self.name()
                ),
                source: None,
            });
        }
        let last = ids.last().copied().or(before);
        self.last_trace = last.map(TraceId);
        Ok(ids.partition_point(|id| Some(*id) < last))
    }

    fn spans(&self, rows: &RecordBatch) -> Result<SpanBatch, StorageError> {
        SpanBatch::try_from_record_batch(rows)
            .map_err(|error| StorageError::corrupt(&self.name(), error))
    }

    fn name(&self) -> String {
        format!("data file {}", self.file.added.path)
    }
}

fn unreadable(file: &DataFile, error: DataFusionError) -> StorageError {
    StorageError::unavailable(&format!("read data file {}", file.added.path), error)
}

/// Whether each row group says that it is in the order of our own files.
fn is_sorted_by_trace(footer: &Footer) -> bool {
    let mut groups = footer.reader.metadata().row_groups().iter();
    groups.all(|group| {
        let first = group.sorting_columns().and_then(|columns| columns.first());
        first.is_some_and(|column| {
            let leaf = usize::try_from(column.column_idx).unwrap_or(usize::MAX);
            let named = group.columns().get(leaf);
            let path = named.map(|chunk| chunk.column_path().parts());
            !column.descending
                && path.is_some_and(|parts| parts == [columns::TRACE_ID.column().name.as_str()])
        })
    })
}
