//! The Delta log of the table: its state, and how commits are added.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use object_store::ObjectStore;
use uuid::Uuid;

use super::action::{Action, Add, CommitInfo, Metadata, ReadAction, Remove, Txn};
use super::checkpoint::Checkpointer;
use super::definition::TableStore;
use super::entry::{self, Put};
use super::kernel;
use super::names::LogNames;
use super::{
    AddedFile, AppTransaction, Changes, Commit, Committed, Operation, Outcome, TableDefinition,
    create, orphans, schema,
};
use crate::error::StorageError;
use crate::fail_point::fail_point;

/// How often a commit is tried when other writers take each version before us.
const MAX_ATTEMPTS: usize = 100;
/// After so long without a look at the log, others may have removed the entries that tell of them.
const LOOK_AGAIN_MS: i64 = 3_600_000;

/// The log of an open table, to commit to. It knows which files are live.
#[derive(Debug)]
pub(crate) struct DeltaLog {
    pub(super) table: TableStore,
    /// The latest version that is known.
    version: u64,
    /// When it was known to be the latest, milliseconds since 1970.
    looked_ms: i64,
    live: HashSet<String>,
    app_transactions: HashMap<String, i64>,
    /// The same, as far as the caller was told.
    told_transactions: HashMap<String, i64>,
    /// What other writers changed, not yet told to the caller.
    unreported: Changes,
    /// The last commit failed, so it may be in the log or may not.
    is_unsettled: bool,
    checkpointer: Checkpointer,
}

/// What an opened table holds.
#[derive(Debug)]
pub(crate) struct TableState {
    pub(crate) version: u64,
    /// The live files, oldest first.
    pub(crate) files: Vec<AddedFile>,
}

impl DeltaLog {
    /// Opens the table in `store`, whose root is the table's; makes it if the store is
    /// empty; adds the columns it lacks. `now_ms` is in milliseconds since 1970.
    ///
    /// Data files that no commit knows of, left by a crash, are removed once they are an hour old.
    ///
    /// # Errors
    /// [`StorageError::Incompatible`] if the table's columns or protocol do not fit,
    /// [`StorageError::Corrupt`] if its log is damaged, [`StorageError::Unavailable`] if the store
    /// fails.
    pub(crate) async fn open_or_create(
        definition: &'static TableDefinition,
        store: Arc<dyn ObjectStore>,
        now_ms: i64,
    ) -> Result<(Self, TableState), StorageError> {
        let table = TableStore {
            definition,
            objects: store,
        };
        let names = LogNames::list(&table).await?;
        if names.latest.is_none() {
            create::create(&table, now_ms).await?;
        }
        let kernel_table = table.clone();
        let loading = tokio::task::spawn_blocking(move || kernel::load(&kernel_table));
        let mut loaded = loading
            .await
            .map_err(|error| StorageError::unavailable("run the Delta kernel", error))??;
        // The kernel tells no order; with this one, the same table always reads the same.
        loaded.files.sort_by(|a, b| {
            (a.modification_time_ms, &a.path).cmp(&(b.modification_time_ms, &b.path))
        });
        orphans::remove_orphans(&table, &loaded, now_ms).await;

        let mut log = Self {
            checkpointer: Checkpointer::new(table.clone(), names.checkpoint),
            table,
            version: loaded.version,
            looked_ms: now_ms,
            live: loaded.files.iter().map(|file| file.path.clone()).collect(),
            told_transactions: loaded.app_transactions.clone(),
            app_transactions: loaded.app_transactions,
            unreported: Changes::default(),
            is_unsettled: false,
        };
        if let Some(metadata) = schema::adapt(definition, &loaded.metadata)? {
            log.put_metadata(&metadata, now_ms).await?;
        }
        let state = TableState {
            version: log.version,
            files: loaded.files,
        };
        Ok((log, state))
    }

    /// The latest version of the table that is known.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The version of the last transaction of the application `app_id`.
    pub(crate) fn app_transaction(&self, app_id: &str) -> Option<i64> {
        self.app_transactions.get(app_id).copied()
    }

    /// Makes `commit` the table's next version, durably; other writers' commits come before it and
    /// are reported.
    ///
    /// After an error it is unknown whether the commit was written. Try the same app transaction
    /// again, before any later one, until it is [`Outcome::Written`] or
    /// [`Outcome::AlreadyCommitted`].
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] if the store fails or others are always quicker,
    /// [`StorageError::Incompatible`] if others changed the table so that it does not fit any
    /// more, or committed under our application's id.
    pub(crate) async fn commit(&mut self, commit: Commit) -> Result<Committed, StorageError> {
        // Also if the caller does not wait for the end.
        self.is_unsettled = true;
        let result = self.try_commit(commit).await;
        self.is_unsettled = result.is_err();
        result
    }

    /// Learns what other writers committed. `now_ms` is in milliseconds since 1970.
    ///
    /// After a failed commit of ours it tells nothing until that is tried again: the log may hold
    /// the commit, and its files would look like another writer's.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub(crate) async fn refresh(&mut self, now_ms: i64) -> Result<Changes, StorageError> {
        if self.is_unsettled {
            return Ok(Changes::default());
        }
        self.look_again(now_ms).await?;
        while let Some(actions) = entry::read(&self.table, self.version + 1).await? {
            self.learn(self.version + 1, actions)?;
        }
        self.looked_ms = now_ms;
        Ok(std::mem::take(&mut self.unreported))
    }

    /// Waits for the checkpoint that is being written, if any.
    pub(crate) async fn close(&mut self) {
        self.checkpointer.finish().await;
    }

    async fn try_commit(&mut self, commit: Commit) -> Result<Committed, StorageError> {
        let txn_id = Uuid::new_v4().to_string();
        let actions = actions_of(self.table.definition, &commit, &txn_id);
        self.look_again(commit.time_ms).await?;
        fail_point("table::before-commit");
        for _attempt in 0..MAX_ATTEMPTS {
            if let Some(outcome) = self.settled_by_others(&commit)? {
                return Ok(self.committed(outcome));
            }
            let next = self.version + 1;
            if entry::put(&self.table, next, &actions).await? == Put::Exists {
                let winner = self.read_entry(next).await?;
                if !entry::is_commit(&winner, &txn_id) {
                    self.learn(next, winner)?;
                    continue;
                }
            }
            fail_point("table::after-commit");
            self.version = next;
            self.looked_ms = commit.time_ms;
            self.live
                .extend(commit.adds.into_iter().map(|file| file.path));
            for file in &commit.removes {
                self.live.remove(&file.path);
            }
            if let Some(AppTransaction { app_id, version }) = commit.app_transaction {
                self.told_transactions.insert(app_id.clone(), version);
                self.app_transactions.insert(app_id, version);
            }
            self.checkpointer.after_commit(next, commit.time_ms);
            return Ok(self.committed(Outcome::Written));
        }
        Err(StorageError::Unavailable {
            reason: format!(
                "cannot commit to {}: other writers were quicker {MAX_ATTEMPTS} times in a row; stop some of them",
                self.table.definition
            ),
            source: None,
        })
    }

    fn committed(&mut self, outcome: Outcome) -> Committed {
        Committed {
            outcome,
            version: self.version,
            foreign: std::mem::take(&mut self.unreported),
        }
    }

    /// Whether the commit must not be written, given all that is known of the table.
    fn settled_by_others(&mut self, commit: &Commit) -> Result<Option<Outcome>, StorageError> {
        if let Some(AppTransaction { app_id, version }) = &commit.app_transaction {
            let reached = self.app_transaction(app_id);
            if reached >= Some(*version) {
                let told = reached.map(|reached| (app_id.clone(), reached));
                self.told_transactions.extend(told);
                return Ok(Some(Outcome::AlreadyCommitted));
            }
            if reached != self.told_transactions.get(app_id).copied() {
                return Err(StorageError::Incompatible {
                    reason: format!(
                        "{} got a commit of {app_id} that this process did not make, or whose fate it did not learn; \
                         make sure that no other process uses the same data, and restart",
                        self.table.definition
                    ),
                    source: None,
                });
            }
        }
        let gone = commit
            .removes
            .iter()
            .find(|file| !self.live.contains(&file.path));
        Ok(gone.map(|file| Outcome::Conflict {
            path: file.path.clone(),
        }))
    }

    async fn read_entry(&self, version: u64) -> Result<Vec<ReadAction>, StorageError> {
        let actions = entry::read(&self.table, version).await?;
        actions.ok_or_else(|| StorageError::Unavailable {
            reason: format!(
                "the entry {} of {} came and went",
                entry::entry_path(version),
                self.table.definition
            ),
            source: None,
        })
    }

    /// Takes over what another writer committed as `version`, the next one.
    fn learn(&mut self, version: u64, actions: Vec<ReadAction>) -> Result<(), StorageError> {
        let mut added = Vec::new();
        let mut removed = Vec::new();
        let mut transactions = Vec::new();
        let mut is_append = true;
        for action in actions {
            if let Some(protocol) = action.protocol {
                protocol.check(self.table.definition)?;
            }
            if let Some(metadata) = action.meta_data
                && schema::adapt(self.table.definition, &metadata)?.is_some()
            {
                return Err(StorageError::Incompatible {
                    reason: format!(
                        "another program dropped columns of {}; restart to add them again",
                        self.table.definition
                    ),
                    source: None,
                });
            }
            transactions.extend(action.txn.map(|txn| (txn.app_id, txn.version)));
            removed.extend(action.remove.map(|remove| remove.path));
            if let Some(add) = action.add {
                is_append &= add.data_change;
                added.push(add.into_file(self.table.definition)?);
            }
        }
        // Whoever removes files and adds others has written the same rows again, or some of them.
        let has_new_rows = if removed.is_empty() {
            is_append
        } else {
            self.unreported.are_new(&removed)
        };
        self.app_transactions.extend(transactions);
        // Within a commit the order of actions means nothing.
        for path in removed {
            if self.live.remove(&path) {
                self.unreported.remove(&path);
            }
        }
        for file in added {
            let is_known = !self.live.insert(file.path.clone());
            if is_known {
                self.unreported.remove(&file.path);
            }
            if is_known || !has_new_rows {
                self.unreported.rewritten.push(file.path.clone());
            }
            self.unreported.add(file);
        }
        self.version = version;
        Ok(())
    }

    /// Refuses to go on if entries that tell of other writers' commits were removed meanwhile: a
    /// commit put into the gap would be lost.
    async fn look_again(&mut self, now_ms: i64) -> Result<(), StorageError> {
        if now_ms.saturating_sub(self.looked_ms) < LOOK_AGAIN_MS {
            return Ok(());
        }
        let names = LogNames::list(&self.table).await?;
        if names.latest > Some(self.version) && !names.entries.contains(&(self.version + 1)) {
            return Err(StorageError::Incompatible {
                reason: format!(
                    "other programs changed {} and removed the log of it since version {}; restart",
                    self.table.definition, self.version
                ),
                source: None,
            });
        }
        self.looked_ms = now_ms;
        Ok(())
    }

    /// Commits `metadata`, which adds columns.
    async fn put_metadata(&mut self, metadata: &Metadata, now_ms: i64) -> Result<(), StorageError> {
        let txn_id = Uuid::new_v4().to_string();
        let info = CommitInfo::of("ADD COLUMNS", now_ms, txn_id.clone());
        let actions = [Action::CommitInfo(info), Action::MetaData(metadata)];
        let next = self.version + 1;
        let written = entry::put(&self.table, next, &actions).await? == Put::Written
            || entry::is_commit(&self.read_entry(next).await?, &txn_id);
        if !written {
            return Err(StorageError::Unavailable {
                reason: format!(
                    "cannot add columns to {}: another program changed it at the same time; start again",
                    self.table.definition
                ),
                source: None,
            });
        }
        tracing::info!(
            table = %self.table.definition,
            version = next,
            "added the columns that the table lacked"
        );
        self.version = next;
        Ok(())
    }
}

fn actions_of<'a>(table: &TableDefinition, commit: &Commit, txn_id: &str) -> Vec<Action<'a>> {
    let data_change = commit.operation == Operation::Write;
    let mut actions = vec![Action::CommitInfo(CommitInfo::new(
        commit,
        txn_id.to_owned(),
    ))];
    actions.extend(commit.app_transaction.as_ref().map(|txn| {
        Action::Txn(Txn {
            app_id: txn.app_id.clone(),
            version: txn.version,
            last_updated: Some(commit.time_ms),
        })
    }));
    let remove = |file| Action::Remove(Remove::new(file, data_change, commit.time_ms));
    actions.extend(commit.removes.iter().map(remove));
    actions.extend(
        commit
            .adds
            .iter()
            .map(|file| Action::Add(Add::new(table, file, data_change))),
    );
    actions
}
