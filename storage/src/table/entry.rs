//! The entries of the Delta log: one file a commit.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutMode};

use super::action::{Action, ReadAction};
use super::definition::TableStore;
use crate::error::StorageError;

/// The directory of the log.
pub(super) const LOG_DIRECTORY: &str = "_delta_log";

/// The file of the commit `version`.
pub(super) fn entry_path(version: u64) -> Path {
    Path::from(format!("{LOG_DIRECTORY}/{version:020}.json"))
}

/// Whether an entry was put, or was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    Written,
    Exists,
}

/// Writes the entry `version` if there is none. After an error it is unknown whether the entry is
/// there; it never is in part.
pub(super) async fn put(
    table: &TableStore,
    version: u64,
    actions: &[Action<'_>],
) -> Result<Put, StorageError> {
    let mut lines = Vec::new();
    for action in actions {
        serde_json::to_writer(&mut lines, action)
            .expect("actions are texts, numbers and maps with text keys");
        lines.push(b'\n');
    }
    let lines = Bytes::from(lines);
    let path = entry_path(version);
    let mut failure = None;
    // The second attempt tells whether a first one that failed, or whose reply was lost, took
    // effect; the store makes what exists durable before it says that it does.
    for _attempt in 0..2 {
        match table
            .objects
            .put_opts(&path, lines.clone().into(), PutMode::Create.into())
            .await
        {
            Ok(_) => return Ok(Put::Written),
            Err(object_store::Error::AlreadyExists { .. }) => return Ok(Put::Exists),
            Err(error) => failure = Some(error),
        }
    }
    let failure = failure.expect("both attempts failed");
    Err(StorageError::unavailable(
        &format!("commit to {} ({path})", table.definition),
        failure,
    ))
}

/// The actions of the commit `version`, if there is one.
pub(super) async fn read(
    table: &TableStore,
    version: u64,
) -> Result<Option<Vec<ReadAction>>, StorageError> {
    let path = entry_path(version);
    let action = format!("read the log of {} ({path})", table.definition);
    let lines = match table.objects.get(&path).await {
        Ok(reply) => reply
            .bytes()
            .await
            .map_err(|error| StorageError::unavailable(&action, error))?,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(StorageError::unavailable(&action, error)),
    };
    let actions: Result<Vec<ReadAction>, _> = serde_json::Deserializer::from_slice(&lines)
        .into_iter()
        .collect();
    actions.map(Some).map_err(|error| {
        StorageError::corrupt(
            &format!("the log entry {path} of {}", table.definition),
            error,
        )
    })
}

/// Whether the entry is the commit that carries this `txn_id`.
pub(super) fn is_commit(actions: &[ReadAction], txn_id: &str) -> bool {
    let mut infos = actions
        .iter()
        .filter_map(|action| action.commit_info.as_ref());
    infos.any(|info| info.txn_id.as_deref() == Some(txn_id))
}
