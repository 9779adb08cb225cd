//! Whole traces by id, without planning: memory is scanned, files are asked by cached footers.
//!
//! ```text
//!  file ─► filter of many files ─► its bloom filter ─► its page index ─► rows equal ─► all columns
//!          (absent: ends here)     (or here)           (one page or two)              of these rows
//! ```

mod pages;

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::{BooleanArray, RecordBatch};
use futures::{StreamExt, TryStreamExt, stream};
use hashbrown::{HashMap, HashSet};
use object_store::ObjectStore;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, RowFilter};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::arrow::{ProjectionMask, arrow_reader::RowSelection};
use schemas::columns::span_columns;
use schemas::{ColumnId, SpanBatch, TraceId, columns};
use tokio::sync::OnceCell;

use crate::StorageError;
use crate::data_file::{DataFile, Footer};
use crate::gather::{Gather, RowRef};
use crate::snapshot::Snapshot;

/// Files that are read at the same time.
const PARALLEL_FILES: usize = 8;
/// So many traces are asked of bloom filters at once.
const FEW_TRACES: usize = 1000;

/// All spans of some traces: those in memory first, then those of each file in commit order.
///
/// # Errors
/// [`StorageError::Unavailable`] when a file cannot be read, [`StorageError::Corrupt`] when what it
/// holds are no spans.
pub(crate) async fn lookup(
    snapshot: &Snapshot,
    store: &Arc<dyn ObjectStore>,
    trace_ids: &[TraceId],
) -> Result<Vec<SpanBatch>, StorageError> {
    let wanted = Arc::new(WantedSpans::new(trace_ids.iter().copied(), None));
    let in_memory = {
        let (snapshot, wanted) = (snapshot.clone(), Arc::clone(&wanted));
        tokio::task::spawn_blocking(move || in_memory(&snapshot, &wanted.ids))
    };
    let in_files = stream::iter(snapshot.files.iter().cloned())
        .map(|file| in_file(file, Arc::clone(store), Arc::clone(&wanted)))
        .buffered(PARALLEL_FILES)
        .try_collect::<Vec<_>>();
    let in_files = in_files.await?;
    let mut batches = in_memory
        .await
        .map_err(|error| StorageError::unavailable("scan the memtables", error))?;
    batches.extend(in_files.into_iter().flatten());
    Ok(batches)
}

/// Which spans a look-up is for.
#[derive(Debug)]
pub(crate) struct WantedSpans {
    ids: HashSet<TraceId>,
    /// The same, in order.
    sorted: Arc<[TraceId]>,
    /// Those that the files of a filter may hold, by the filter's number.
    by_filter: Mutex<HashMap<u64, PossibleTraces>>,
    /// The columns to read; `None` for all.
    columns: Option<Vec<ColumnId>>,
}

/// Some of the wanted traces, in order; found by the first who needs them.
type PossibleTraces = Arc<OnceCell<Arc<[TraceId]>>>;

impl WantedSpans {
    /// The spans of these traces, with these columns and those that every span has; all columns
    /// for `None`.
    pub(crate) fn new(ids: impl Iterator<Item = TraceId>, columns: Option<&[ColumnId]>) -> Self {
        let ids: HashSet<TraceId> = ids.collect();
        let mut sorted: Vec<TraceId> = ids.iter().copied().collect();
        sorted.sort_unstable();
        Self {
            ids,
            sorted: sorted.into(),
            by_filter: Mutex::default(),
            columns: columns.map(with_required),
        }
    }

    /// The wanted traces that a file may hold, as far as is known without its own filters. The file
    /// was there before the first one was asked about: its filter may have learned of more since.
    async fn possible_in(
        self: &Arc<Self>,
        file: &DataFile,
    ) -> Result<Arc<[TraceId]>, StorageError> {
        let Some(filter) = file.trace_filter() else {
            return Ok(Arc::clone(&self.sorted));
        };
        let possible = {
            let mut by_filter = self
                .by_filter
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            Arc::clone(by_filter.entry(filter.number()).or_default())
        };
        let ask = || async {
            if self.sorted.len() <= FEW_TRACES {
                return Ok(filter.possible(&self.sorted));
            }
            let (filter, wanted) = (Arc::clone(&filter), Arc::clone(self));
            let asked = tokio::task::spawn_blocking(move || filter.possible(&wanted.sorted)).await;
            asked.map_err(|error| StorageError::unavailable("ask a filter of traces", error))
        };
        possible.get_or_try_init(ask).await.cloned()
    }

    /// What is read of a file.
    fn mask(&self, footer: &Footer) -> ProjectionMask {
        let schema = footer.reader.parquet_schema();
        let Some(columns) = &self.columns else {
            return ProjectionMask::all();
        };
        let names: HashSet<&str> = columns.iter().map(|id| id.column().name.as_str()).collect();
        let roots = schema.root_schema().get_fields().iter().enumerate();
        let wanted = roots.filter(|(_, field)| names.contains(field.name()));
        ProjectionMask::roots(schema, wanted.map(|(position, _)| position))
    }
}

/// Some columns and those that every span has, in table order.
pub(crate) fn with_required(columns: &[ColumnId]) -> Vec<ColumnId> {
    let all = (0..span_columns().len()).map(ColumnId);
    all.filter(|id| columns.contains(id) || !id.column().nullable)
        .collect()
}

fn in_memory(snapshot: &Snapshot, wanted: &HashSet<TraceId>) -> Vec<SpanBatch> {
    let matches = snapshot.memory_batches().filter_map(|batch| {
        let rows = matching_rows(batch, wanted);
        (!rows.is_empty()).then(|| Gather::new(std::slice::from_ref(batch)).batch(&rows))
    });
    matches.collect()
}

fn matching_rows(batch: &SpanBatch, wanted: &HashSet<TraceId>) -> Vec<RowRef> {
    let Some(ids) = batch.trace_ids() else {
        return Vec::new();
    };
    let ids = (0u32..).zip(ids.value_data().as_chunks::<16>().0);
    let rows = |is_wanted: &dyn Fn(&[u8; 16]) -> bool| {
        ids.filter(|(_, id)| is_wanted(id))
            .map(|(row, _)| RowRef { batch: 0, row })
            .collect()
    };
    match wanted.iter().next() {
        Some(only) if wanted.len() == 1 => rows(&|id| *id == only.0),
        _ => rows(&|id| wanted.contains(&TraceId(*id))),
    }
}

/// The wanted spans of one file.
///
/// # Errors
/// As [`lookup`].
pub(crate) async fn in_file(
    file: Arc<DataFile>,
    store: Arc<dyn ObjectStore>,
    wanted: Arc<WantedSpans>,
) -> Result<Vec<SpanBatch>, StorageError> {
    let possible = wanted.possible_in(&file).await?;
    if possible.is_empty() {
        return Ok(Vec::new());
    }
    let footer = file.footer(&store).await?;
    let candidates = if possible.len() <= FEW_TRACES {
        candidates(&footer, &possible)
    } else {
        let footer = Arc::clone(&footer);
        let asked = tokio::task::spawn_blocking(move || candidates(&footer, &possible));
        asked
            .await
            .map_err(|error| StorageError::unavailable("ask bloom filters", error))?
    };
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    // Decompressing takes milliseconds, so it runs beside the caller's task, several files at once.
    let read =
        tokio::spawn(async move { read_rows(&file, &footer, store, candidates, wanted).await });
    read.await
        .map_err(|error| StorageError::unavailable("read a data file", error))?
}

/// Row groups that may hold wanted traces, with the rows to look at.
fn candidates(footer: &Footer, wanted: &[TraceId]) -> Vec<(usize, RowSelection)> {
    let row_groups = 0..footer.reader.metadata().num_row_groups();
    let found = row_groups.filter_map(|group| {
        let filters = footer.bloom_filters.get(group).into_iter().flatten();
        let filter = filters
            .into_iter()
            .find(|(id, _)| *id == columns::TRACE_ID)
            .map(|(_, filter)| filter);
        let maybe: Vec<TraceId> = wanted
            .iter()
            .filter(|id| filter.is_none_or(|filter| filter.check(&id.0[..])))
            .copied()
            .collect();
        let selection = pages::select(footer, group, &maybe)?;
        Some((group, selection))
    });
    found.collect()
}

async fn read_rows(
    file: &DataFile,
    footer: &Footer,
    store: Arc<dyn ObjectStore>,
    candidates: Vec<(usize, RowSelection)>,
    wanted: Arc<WantedSpans>,
) -> Result<Vec<SpanBatch>, StorageError> {
    let projection = wanted.mask(footer);
    let unreadable =
        |error| StorageError::unavailable(&format!("read data file {}", file.added.path), error);
    let (row_groups, selections): (Vec<usize>, Vec<RowSelection>) = candidates.into_iter().unzip();
    let selectors = selections
        .into_iter()
        .flat_map(Vec::from)
        .collect::<Vec<_>>();
    let leaf = footer.leaf_of_column[columns::TRACE_ID.0];
    let mask = ProjectionMask::leaves(footer.reader.parquet_schema(), leaf);
    let is_wanted = ArrowPredicateFn::new(mask, move |batch: RecordBatch| {
        let ids = batch.column(0).as_fixed_size_binary();
        let ids = ids.value_data().as_chunks::<16>().0.iter();
        Ok(BooleanArray::from_iter(
            ids.map(|id| Some(wanted.ids.contains(&TraceId(*id)))),
        ))
    });
    let stream = ParquetRecordBatchStreamBuilder::new_with_metadata(
        file.stored(&store),
        footer.reader.clone(),
    )
    .with_projection(projection)
    .with_row_groups(row_groups)
    .with_row_selection(RowSelection::from(selectors))
    .with_row_filter(RowFilter::new(vec![Box::new(is_wanted)]))
    .build()
    .map_err(unreadable)?;
    let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(unreadable)?;
    let spans = batches
        .iter()
        .filter(|batch| batch.num_rows() > 0)
        .map(SpanBatch::try_from_record_batch);
    spans
        .collect::<Result<_, _>>()
        .map_err(|error| StorageError::corrupt(&format!("data file {}", file.added.path), error))
}

#[cfg(test)]
mod tests;
