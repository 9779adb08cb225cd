//! Files that lie under the table's root but are not, or no longer, part of the table.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;

use super::added_file::is_data_file_path;

/// A file this young may belong to a commit that another writer is about to make.
const SAFE_AGE_MS: i64 = 3_600_000;

/// Removes data files of ours that no reader needs: those left by a crash between the writing of a
/// file and its commit, and those that were removed from the table longer ago than their
/// retention. `needed` holds the paths of files that are live or that readers of older versions
/// may ask for. Returns how many were removed.
pub(super) async fn remove_orphans(
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
