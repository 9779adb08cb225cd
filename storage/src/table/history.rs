//! What past commits did, as far as the log still tells.

use super::definition::TableDefinition;
use super::{AddedFile, entry};
use super::{DeltaLog, action::ReadAction};
use crate::error::StorageError;

/// The files that one commit added and removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PastCommit {
    pub(crate) version: u64,
    pub(crate) added: Vec<AddedFile>,
    /// Of these files the log tells no statistics.
    pub(crate) removed: Vec<AddedFile>,
    /// Whether the files hold rows that were not in the table before; otherwise they hold those of
    /// the removed ones.
    pub(crate) is_append: bool,
}

impl DeltaLog {
    /// The commits from the version `first` to the latest, oldest first; fewer, the latest ones,
    /// when older entries are gone.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] if an entry is damaged, [`StorageError::Unavailable`] if the store
    /// fails.
    pub(crate) async fn history(&self, first: u64) -> Result<Vec<PastCommit>, StorageError> {
        let mut commits = Vec::new();
        for version in (first..=self.version()).rev() {
            let Some(actions) = entry::read(&self.table, version).await? else {
                break;
            };
            commits.push(past_commit(self.table.definition, version, actions)?);
        }
        commits.reverse();
        Ok(commits)
    }
}

fn past_commit(
    table: &TableDefinition,
    version: u64,
    actions: Vec<ReadAction>,
) -> Result<PastCommit, StorageError> {
    let mut commit = PastCommit {
        version,
        added: Vec::new(),
        removed: Vec::new(),
        is_append: true,
    };
    for action in actions {
        if let Some(remove) = action.remove {
            commit.is_append = false;
            commit.removed.push(remove.into_file());
        }
        if let Some(add) = action.add {
            commit.is_append &= add.data_change;
            commit.added.push(add.into_file(table)?);
        }
    }
    Ok(commit)
}
