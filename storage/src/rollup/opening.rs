//! Opens the tables of figures beside that of spans.

use std::sync::Arc;

use super::recovery::{CatchUp, Logs, recover};
use super::writer::RollupWriter;
use super::{PerTable, RollupTable, Rollups};
use crate::data_file::{DataFile, FileMemory};
use crate::table::DeltaLog;
use crate::{StorageError, StorageSettings};

/// The tables of figures, and how far they tell of the table of spans.
#[derive(Debug)]
pub(crate) struct OpenedRollups {
    pub(crate) writers: PerTable<RollupWriter>,
    pub(crate) rollups: Rollups,
    /// What is to be done before anything else.
    pub(crate) catch_up: Option<CatchUp>,
}

/// Opens the tables, making those that are missing. `files` are the live ones of `spans`, and `memory`
/// what is remembered of them.
///
/// # Errors
/// [`StorageError::Incompatible`] when they tell of another table of spans; otherwise as
/// [`DeltaLog::open_or_create`].
pub(crate) async fn open(
    settings: &StorageSettings,
    spans: &DeltaLog,
    files: Arc<[Arc<DataFile>]>,
    memory: &FileMemory,
) -> Result<OpenedRollups, StorageError> {
    let opening = |table| RollupWriter::open(settings, table);
    let (red, edges) = tokio::try_join!(opening(RollupTable::Red), opening(RollupTable::Edges))?;
    begin(PerTable { red, edges }, spans, files, memory).await
}

/// As [`open`], with tables that are open.
pub(super) async fn begin(
    writers: PerTable<RollupWriter>,
    spans: &DeltaLog,
    live: Arc<[Arc<DataFile>]>,
    memory: &FileMemory,
) -> Result<OpenedRollups, StorageError> {
    let cursors = PerTable {
        red: writers.red.cursor(),
        edges: writers.edges.cursor(),
    };
    let version = spans.version();
    if let Some(cursor) = cursors.red.max(cursors.edges)
        && cursor > version
    {
        return Err(StorageError::Incompatible {
            reason: format!(
                "the tables of figures tell of version {cursor} of the table of spans, which has only {version}; \
                 move the directories `red` and `edges` away, and spanhouse makes them anew"
            ),
            source: None,
        });
    }
    let first = cursors
        .red
        .min(cursors.edges)
        .map_or(0, |cursor| cursor + 1);
    let (rollups, catch_up) = recover(&Logs {
        version,
        live,
        memory,
        history: spans.history(first).await?,
        cursors,
        files: PerTable {
            red: writers.red.files(),
            edges: writers.edges.files(),
        },
    });
    if let Some(catch_up) = &catch_up {
        tracing::info!(
            through = catch_up.through,
            files = catch_up.files.len(),
            "figures are computed from spans until the tables of them have caught up"
        );
    }
    Ok(OpenedRollups {
        writers,
        rollups,
        catch_up,
    })
}
