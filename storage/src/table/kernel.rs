//! The Delta kernel: reads a table's state and writes checkpoints. Everything here blocks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use delta_kernel::engine_data::FilteredRowVisitor;
use delta_kernel::{KernelError, Snapshot};
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder};

use super::AddedFile;
use super::action::Metadata;
use super::definition::TableStore;
use super::state_visitor::StateVisitor;
use crate::error::StorageError;

/// The root of the store. The kernel sorts the listings of `file:` tables itself, so any store
/// will do.
const TABLE_URL: &str = "file:///";

/// The state of a table at its latest version.
#[derive(Debug)]
pub(super) struct LoadedTable {
    pub(super) version: u64,
    pub(super) metadata: Metadata,
    /// The live files, in no particular order.
    pub(super) files: Vec<AddedFile>,
    /// The paths of files that are no longer live, but that readers of older versions may need.
    pub(super) tombstones: HashSet<String>,
    pub(super) app_transactions: HashMap<String, i64>,
}

/// Reads the latest version.
pub(super) fn load(table: &TableStore) -> Result<LoadedTable, StorageError> {
    let definition = table.definition;
    let engine = engine(table)?;
    let read = || {
        let snapshot = Snapshot::builder_for(TABLE_URL).build(&engine)?;
        if snapshot.table_properties().checkpoint_write_stats_as_json == Some(false) {
            return Err(KernelError::unsupported(
                "delta.checkpoint.writeStatsAsJson is false",
            ));
        }
        let version = snapshot.version();
        let mut state = StateVisitor::default();
        // What a checkpoint holds is the whole state, read in one pass.
        for batch in snapshot
            .create_checkpoint_writer(&engine)?
            .checkpoint_data(&engine)?
        {
            state.visit_rows_of(&batch?)?;
        }
        Ok((version, state))
    };
    let (version, state) =
        read().map_err(|error| storage_error(&format!("read {definition}"), error))?;
    let missing = |what: &str| StorageError::Corrupt {
        reason: format!("the log of {definition} has no {what}; restore `_delta_log` from a copy"),
        source: None,
    };
    let adds: Result<_, _> = state
        .adds
        .into_iter()
        .map(|add| add.into_file(definition))
        .collect();
    let protocol = state.protocol.ok_or_else(|| missing("protocol"))?;
    // Before the files: a feature explains what looks odd in them.
    protocol.check(definition)?;
    Ok(LoadedTable {
        version,
        metadata: state.metadata.ok_or_else(|| missing("metadata"))?,
        files: adds?,
        tombstones: state.tombstones,
        app_transactions: state.app_transactions,
    })
}

/// Writes a checkpoint of the commit `version`, and `_last_checkpoint`. Returns how long the log's
/// entries are to be kept, in milliseconds; `None` for ever.
pub(super) fn write_checkpoint(
    table: &TableStore,
    version: u64,
) -> Result<Option<i64>, StorageError> {
    const MONTH_MS: i64 = 30 * 86_400_000;
    let engine = engine(table)?;
    let write = || {
        let snapshot = Snapshot::builder_for(TABLE_URL)
            .at_version(version)
            .build(&engine)?;
        snapshot.checkpoint(&engine, None)?;
        let properties = snapshot.table_properties();
        let kept = properties
            .log_retention_duration
            .map_or(MONTH_MS, |retention| {
                i64::try_from(retention.as_millis()).unwrap_or(i64::MAX)
            });
        Ok(properties
            .enable_expired_log_cleanup
            .unwrap_or(true)
            .then_some(kept))
    };
    let action = format!("write a checkpoint of {}", table.definition);
    write().map_err(|error| storage_error(&action, error))
}

/// A runtime of its own: the kernel blocks on futures, even within futures.
fn engine(table: &TableStore) -> Result<DefaultEngine<TokioMultiThreadExecutor>, StorageError> {
    let executor = TokioMultiThreadExecutor::new_owned_runtime(Some(2), None)
        .map_err(|error| storage_error("start the threads of the Delta kernel", error))?;
    Ok(DefaultEngineBuilder::new(Arc::clone(&table.objects))
        .with_task_executor(Arc::new(executor))
        .build())
}

fn storage_error(action: &str, error: KernelError) -> StorageError {
    let cause = match &error {
        KernelError::Backtraced { source, .. } => source.as_ref(),
        error => error,
    };
    let reason = format!("cannot {action}: {error}");
    match cause {
        KernelError::Unsupported(_) => StorageError::Incompatible {
            reason: format!(
                "{reason}; another engine must have changed the table's protocol or properties"
            ),
            source: Some(Box::new(error)),
        },
        KernelError::IOError(_) | KernelError::ObjectStore(_) | KernelError::JoinFailure(_) => {
            StorageError::Unavailable {
                reason,
                source: Some(Box::new(error)),
            }
        }
        _ => StorageError::Corrupt {
            reason,
            source: Some(Box::new(error)),
        },
    }
}
