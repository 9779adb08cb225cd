//! What files hold that were there before the process was: their operations, and their traces.
//!
//! Of a file that is written here both are known. The others are read once, newest first, beside
//! everything else, as long as there is memory for their traces. Who needs the operations of one
//! before, or of one beyond, reads it then.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use futures::TryStreamExt;
use roaring::RoaringBitmap;
use schemas::columns;

use crate::StorageError;
use crate::catalog::Objects;
use crate::data_file::DataFile;
use crate::flush::{OPERATION_COLUMNS, collect_operations, collect_traces};
use crate::scan::{ScanContext, projected_schema, scan, whole_file};

/// Few enough that looking through a batch takes well under a millisecond.
const BATCH_ROWS: usize = 8192;

/// Learns what some files hold, the last one first, until there is no memory for more. A file that
/// cannot be read is left to those who ask for it.
pub(crate) async fn learn(files: &[Arc<DataFile>], objects: &Objects) {
    for file in files.iter().rev() {
        if !objects.files.traces.take_older() {
            return;
        }
        if let Err(error) = learn_operations(file, objects).await {
            tracing::warn!(%error, "what a file holds is learned when it is asked for");
        }
    }
}

/// Learns a file's operations, unless they are known.
///
/// # Errors
/// [`StorageError::Unavailable`] when the file cannot be read.
pub(crate) async fn learn_operations(
    file: &Arc<DataFile>,
    objects: &Objects,
) -> Result<(), StorageError> {
    let read = || read(file, objects);
    file.operations.get_or_try_init(read).await.map(drop)
}

/// Notes the traces of a file, and numbers its operations.
async fn read(file: &Arc<DataFile>, objects: &Objects) -> Result<RoaringBitmap, StorageError> {
    let footer = file.footer(&objects.spans).await?;
    let unreadable =
        |error| StorageError::unavailable(&format!("read data file {}", file.added.path), error);
    let traces_are_noted = objects.files.traces.take_older();
    let of_trace = traces_are_noted.then_some(columns::TRACE_ID);
    let wanted = OPERATION_COLUMNS.into_iter().chain(of_trace);
    let mut projection: Vec<usize> = wanted.map(|column| column.0).collect();
    projection.sort_unstable();
    let context = ScanContext {
        store: Arc::clone(&objects.spans),
        decoders: Arc::clone(&objects.decoders),
        schema: projected_schema(&projection).map_err(unreadable)?,
        projection,
        late: Vec::new(),
        batch_rows: BATCH_ROWS,
    };
    let mut batches = pin!(scan(Arc::new(context), whole_file(file, &footer), None));
    let mut operations = BTreeSet::new();
    let mut traces = Vec::new();
    while let Some(batch) = batches.try_next().await.map_err(unreadable)? {
        collect_operations(&batch, &mut operations);
        collect_traces(&batch, &mut traces);
    }
    traces.sort_unstable();
    traces.dedup();
    if traces_are_noted && let Some(filter) = objects.files.traces.note_older(&traces) {
        file.set_trace_filter(filter);
    }
    Ok(objects.files.operations.note(operations))
}

#[cfg(test)]
mod tests;
