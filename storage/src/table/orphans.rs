//! Files that lie under the table's root but are not, or no longer, part of the table.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;

use super::added_file::is_data_file_path;
use super::definition::TableStore;
use super::kernel::LoadedTable;

/// A file this young may belong to a commit that another writer is about to make.
const SAFE_AGE_MS: i64 = 3_600_000;

/// Removes data files of ours that no reader needs: those left by a crash between the writing of a
/// file and its commit, and those that were removed from the table longer ago than their
/// retention. They do no harm, so a failure is only logged.
pub(super) async fn remove_orphans(store: &TableStore, loaded: &LoadedTable, now_ms: i64) {
    let live = loaded.files.iter().map(|file| file.path.as_str());
    let needed = live
        .chain(loaded.tombstones.iter().map(String::as_str))
        .collect();
    let table = store.definition;
    match remove_unneeded(&store.objects, &needed, now_ms).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(
            %table,
            count,
            "removed data files that are not part of the table"
        ),
        Err(error) => {
            let error = error.to_string();
            tracing::warn!(
                %table,
                error,
                "data files that are not part of the table could not be removed"
            );
        }
    }
}

/// Removes old data files of ours but those whose paths are `needed`. Returns how many.
async fn remove_unneeded(
    store: &Arc<dyn ObjectStore>,
    needed: &HashSet<&str>,
    now_ms: i64,
) -> object_store::Result<usize> {
    let mut orphans: Vec<Path> = Vec::new();
    let mut listing = store.list(None);
    while let Some(meta) = listing.try_next().await? {
        let path = meta.location.as_ref();
        let old = meta.last_modified.timestamp_millis() < now_ms.saturating_sub(SAFE_AGE_MS);
        if old && is_data_file_path(path) && !needed.contains(path) {
            orphans.push(meta.location);
        }
    }
    let count = orphans.len();
    store
        .delete_stream(futures::stream::iter(orphans).map(Ok).boxed())
        .try_for_each(|_| async { Ok(()) })
        .await?;
    Ok(count)
}

/// Whether any data file of ours lies under the root.
pub(super) async fn any_data_file(store: &Arc<dyn ObjectStore>) -> object_store::Result<bool> {
    let mut listing = store.list(None);
    while let Some(meta) = listing.try_next().await? {
        if is_data_file_path(meta.location.as_ref()) {
            return Ok(true);
        }
    }
    Ok(false)
}
