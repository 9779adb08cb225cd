//! The spans of some traces that were rolled up before.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use schemas::{ColumnId, SpanBatch, TraceId};

use crate::StorageError;
use crate::data_file::DataFile;
use crate::lookup::{self, WantedSpans};

/// The spans of a trace start within this time of each other.
const TRACE_NANOS: i64 = 24 * 3_600 * 1_000_000_000;

/// Files that are read at the same time.
const PARALLEL_FILES: usize = 4;

/// The spans that `files` hold of the traces of `fresh`, file by file.
///
/// # Errors
/// As [`lookup::in_file`].
pub(super) async fn earlier_spans(
    fresh: &[SpanBatch],
    files: &[Arc<DataFile>],
    store: &Arc<dyn ObjectStore>,
    columns: &[ColumnId],
) -> Result<Vec<SpanBatch>, StorageError> {
    let starts = fresh.iter().filter_map(SpanBatch::start_times);
    let starts = || {
        starts
            .clone()
            .flat_map(|starts| starts.values().iter().copied())
    };
    let (Some(first), Some(last)) = (starts().min(), starts().max()) else {
        return Ok(Vec::new());
    };
    let (first, last) = (
        first.saturating_sub(TRACE_NANOS),
        last.saturating_add(TRACE_NANOS),
    );
    let near = files
        .iter()
        .filter(|file| file.added.min_start_nanos <= last && file.added.max_start_nanos >= first);
    let near: Vec<Arc<DataFile>> = near.cloned().collect();
    if near.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = Arc::new(WantedSpans::new(trace_ids(fresh), Some(columns)));
    let found = stream::iter(near)
        .map(|file| lookup::in_file(file, Arc::clone(store), Arc::clone(&wanted)))
        .buffered(PARALLEL_FILES)
        .try_collect::<Vec<_>>()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// The traces of some spans, each once or, where batches are not sorted by them, more often.
fn trace_ids(batches: &[SpanBatch]) -> impl Iterator<Item = TraceId> {
    let ids = batches.iter().filter_map(SpanBatch::trace_ids);
    let all = ids.flat_map(|ids| ids.value_data().as_chunks::<16>().0);
    let mut last = None;
    all.filter(move |id| last.replace(**id) != Some(**id))
        .map(|id| TraceId(*id))
}
