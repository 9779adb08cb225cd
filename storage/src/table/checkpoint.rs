//! Checkpoints of the log: written in the background every so many commits, so that opening the
//! table reads few entries.

use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::ObjectStore;
use tokio::task::{JoinError, JoinHandle};

use super::definition::TableStore;
use super::kernel;
use super::names::{self, LogFile};
use crate::error::StorageError;
use crate::fail_point::fail_point;

/// Commits between two checkpoints.
pub(super) const CHECKPOINT_INTERVAL: u64 = 100;
/// Commits between a checkpoint that failed and the next attempt.
const RETRY_INTERVAL: u64 = 10;

/// Writes checkpoints when they are due, one at a time.
#[derive(Debug)]
pub(super) struct Checkpointer {
    table: TableStore,
    /// The version from which on a checkpoint is wanted.
    due: u64,
    running: Option<Running>,
}

/// A checkpoint that is being written.
#[derive(Debug)]
struct Running {
    version: u64,
    task: JoinHandle<Result<(), StorageError>>,
}

impl Checkpointer {
    /// Follows a table whose last checkpoint is of the version `last`.
    pub(super) fn new(table: TableStore, last: Option<u64>) -> Self {
        Self {
            table,
            due: last.unwrap_or(0) + CHECKPOINT_INTERVAL,
            running: None,
        }
    }

    /// To be called after the commit `version`. Never waits.
    pub(super) fn after_commit(&mut self, version: u64, now_ms: i64) {
        if let Some(mut running) = self.running.take() {
            match (&mut running.task).now_or_never() {
                Some(result) => self.settle(running.version, result),
                None => self.running = Some(running),
            }
        }
        if self.running.is_none() && version >= self.due {
            self.due = version + CHECKPOINT_INTERVAL;
            let task = tokio::spawn(checkpoint(self.table.clone(), version, now_ms));
            self.running = Some(Running { version, task });
        }
    }

    /// Waits for the checkpoint that is being written, if any.
    pub(super) async fn finish(&mut self) {
        if let Some(running) = self.running.take() {
            let result = running.task.await;
            self.settle(running.version, result);
        }
    }

    fn settle(&mut self, version: u64, result: Result<Result<(), StorageError>, JoinError>) {
        let error = match result {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        self.due = version + RETRY_INTERVAL;
        tracing::warn!(
            table = %self.table.definition,
            version,
            error,
            "no checkpoint of the table was written; it will be tried again"
        );
    }
}

async fn checkpoint(table: TableStore, version: u64, now_ms: i64) -> Result<(), StorageError> {
    fail_point("table::checkpoint");
    let kernel_table = table.clone();
    let written =
        tokio::task::spawn_blocking(move || kernel::write_checkpoint(&kernel_table, version));
    let kept_ms = written
        .await
        .map_err(|error| StorageError::unavailable("run the Delta kernel", error))??;
    tracing::debug!(table = %table.definition, version, "wrote a checkpoint of the table");
    if let Some(kept_ms) = kept_ms {
        remove_expired_entries(&table, now_ms.saturating_sub(kept_ms)).await?;
    }
    Ok(())
}

/// Removes what precedes the newest checkpoint written before `cutoff_ms`: readers of any version
/// since then still find what they need.
async fn remove_expired_entries(table: &TableStore, cutoff_ms: i64) -> Result<(), StorageError> {
    let failed = |error| {
        let action = format!("remove old entries of the log of {}", table.definition);
        StorageError::unavailable(&action, error)
    };
    let files = names::list(table).await?;
    let checkpoints = files.iter().filter_map(|(file, meta)| match file {
        LogFile::Checkpoint(version) if meta.last_modified.timestamp_millis() < cutoff_ms => {
            Some(*version)
        }
        _ => None,
    });
    let first_kept = checkpoints.max();
    let Some(first_kept) = first_kept else {
        return Ok(());
    };
    let mut expired: Vec<_> = files
        .into_iter()
        .filter(|(file, _)| file.version() < first_kept)
        .collect();
    // Oldest first, so that an interruption leaves no gap.
    expired.sort_by_key(|(file, _)| file.version());
    let count = expired.len();
    let locations = futures::stream::iter(expired)
        .map(|(_, meta)| Ok(meta.location))
        .boxed();
    table
        .objects
        .delete_stream(locations)
        .try_for_each(|_| async { Ok(()) })
        .await
        .map_err(failed)?;
    if count > 0 {
        tracing::info!(
            table = %table.definition,
            count,
            first_kept,
            "removed old entries of the table's log"
        );
    }
    Ok(())
}
