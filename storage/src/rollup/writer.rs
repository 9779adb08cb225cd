//! The one who commits to a rollup table.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::errors::ParquetError;
use schemas::rollups::Merging;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::compaction::{Candidate, Plan, Work};
use super::copying::{can_be_copied, copied};
use super::encode::{EncodedRows, Encoders};
use super::family::Family;
use super::file::{FOOTER_BYTES, RollupFooter};
use super::merging::SideBySide;
use super::{Merge, MergedRows, RollupFile, RollupTable, compaction};
use crate::footers::Footers;
use crate::table::{
    AddedFile, AppTransaction, Changes, Commit, Committed, DeltaLog, DurableLocal, Operation,
    Outcome, data_file_path,
};
use crate::{StorageError, StorageSettings, clock};

/// The application under which the tables note how far they have got. A table that knows it by
/// another name only has rows of other kinds, and begins anew.
const SPANS_APP: &str = "spans by 8 h, edges by ends or by operation";

/// How long files that were merged stay for the readers of older snapshots.
const KEEP_MERGED: Duration = Duration::from_secs(600);

/// So many footers are fetched at a time.
const FOOTERS_AT_ONCE: usize = 16;

/// A rollup table that is open.
#[derive(Debug)]
pub(crate) struct RollupWriter {
    table: RollupTable,
    log: DeltaLog,
    /// Rooted at the table.
    store: Arc<dyn ObjectStore>,
    files: Vec<Arc<RollupFile>>,
    footers: Arc<Footers<RollupFooter>>,
    /// Files that were merged, and when.
    merged: VecDeque<(Instant, AddedFile)>,
}

impl RollupWriter {
    /// Opens the table, making it if there is none.
    ///
    /// # Errors
    /// As [`DeltaLog::open_or_create`].
    pub(crate) async fn open(
        settings: &StorageSettings,
        table: RollupTable,
    ) -> Result<Self, StorageError> {
        let now_ms = clock::unix_millis();
        let root = settings.data_dir.join(table.definition().name);
        let opening = spawn_blocking(move || DurableLocal::open(&root, now_ms)).await;
        let store: Arc<dyn ObjectStore> = Arc::new(
            opening
                .map_err(|error| StorageError::unavailable("open a table's directory", error))??,
        );
        Self::open_in(store, table).await
    }

    /// As [`Self::open`], in a store that is rooted at the table.
    pub(super) async fn open_in(
        store: Arc<dyn ObjectStore>,
        table: RollupTable,
    ) -> Result<Self, StorageError> {
        let objects = Arc::clone(&store);
        let opened =
            DeltaLog::open_or_create(table.definition(), objects, clock::unix_millis()).await;
        let (log, state) = opened?;
        let files = state.files.into_iter();
        let footers = Footers::within(FOOTER_BYTES);
        let files = files.map(|added| Arc::new(RollupFile::new(table, added, &footers)));
        Ok(Self {
            table,
            log,
            store,
            files: files.collect(),
            footers,
            merged: VecDeque::new(),
        })
    }

    /// Through which version of the table of spans the rows tell of spans; none for a new table.
    pub(crate) fn cursor(&self) -> Option<u64> {
        let version = self.log.app_transaction(SPANS_APP)?;
        u64::try_from(version).ok()
    }

    /// The live files.
    pub(crate) fn files(&self) -> Arc<[Arc<RollupFile>]> {
        self.files.clone().into()
    }

    /// Where the table is.
    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Stores a file that is not part of the table yet.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when it cannot be stored.
    pub(super) async fn put(&self, file: EncodedRows) -> Result<Arc<RollupFile>, StorageError> {
        let added = AddedFile {
            path: data_file_path(file.date, Uuid::new_v4()),
            size: file.bytes.content_length() as u64,
            modification_time_ms: clock::unix_millis(),
            date: Some(file.date),
            rows: Some(file.rows),
            min_start_nanos: file.min_start_nanos,
            max_start_nanos: file.max_start_nanos,
            figures: file.figures,
        };
        let put = self.store.put(&added.location(), file.bytes).await;
        put.map_err(|error| {
            let table = self.table.definition();
            StorageError::unavailable(&format!("write {} of {table}", added.path), error)
        })?;
        Ok(Arc::new(RollupFile::new(self.table, added, &self.footers)))
    }

    /// Makes stored files part of the table, which from then on tells of the spans through the
    /// version `through`; in place of all other files, where it begins anew.
    ///
    /// # Errors
    /// As [`DeltaLog::commit`]; to be tried again with the same files.
    pub(crate) async fn commit_rows(
        &mut self,
        files: &[Arc<RollupFile>],
        through: u64,
        replaces: bool,
    ) -> Result<(), StorageError> {
        let version = i64::try_from(through)
            .map_err(|error| StorageError::unavailable("number the commit", error))?;
        let removed = if replaces {
            self.files.clone()
        } else {
            Vec::new()
        };
        let commit = Commit {
            operation: Operation::Write,
            adds: added(files),
            removes: added(&removed),
            app_transaction: Some(AppTransaction {
                app_id: SPANS_APP.to_owned(),
                version,
            }),
            time_ms: clock::unix_millis(),
        };
        let committed = self.log.commit(commit).await?;
        match self.follow(committed) {
            Outcome::Written => self.replace(&removed, files),
            // The commit of an earlier attempt stands, and its files with it.
            Outcome::AlreadyCommitted => {}
            Outcome::Conflict { path } => {
                let reason = format!(
                    "another program removed {path} from {}",
                    self.table.definition()
                );
                return Err(StorageError::Unavailable {
                    reason,
                    source: None,
                });
            }
        }
        Ok(())
    }

    /// Learns what other programs did; true when they did something.
    ///
    /// # Errors
    /// As [`DeltaLog::refresh`].
    pub(crate) async fn refresh(&mut self) -> Result<bool, StorageError> {
        let changes = self.log.refresh(clock::unix_millis()).await?;
        let has_changes = changes != Changes::default();
        self.apply(changes);
        Ok(has_changes)
    }

    /// Merges files where there are many small ones, or fresh rows, as of a time; false when there
    /// are none.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when rows cannot be read, merged or stored; nothing has
    /// changed then.
    pub(crate) async fn compact(
        &mut self,
        merge: &Merge,
        now_ms: i64,
    ) -> Result<bool, StorageError> {
        let families = self.families().await?;
        let candidates = self.files.iter().zip(&families);
        let candidates = candidates.map(|(file, family)| Candidate {
            added: &file.added,
            family: *family,
        });
        let candidates: Vec<Candidate<'_>> = candidates.collect();
        let Some(Plan { positions, work }) = compaction::plan(&candidates, now_ms) else {
            return Ok(false);
        };
        let parts: Vec<Arc<RollupFile>> = positions
            .into_iter()
            .map(|position| Arc::clone(&self.files[position]))
            .collect();
        let files = self.merged(&parts, work, merge).await?;
        let commit = Commit {
            operation: Operation::Optimize,
            adds: added(&files),
            removes: added(&parts),
            app_transaction: None,
            time_ms: clock::unix_millis(),
        };
        let committed = self.log.commit(commit).await?;
        // After a conflict the new files are of no use, and cleaned up at a later start.
        if self.follow(committed) == Outcome::Written {
            self.replace(&parts, &files);
            let now = Instant::now();
            self.merged
                .extend(added(&parts).into_iter().map(|file| (now, file)));
        }
        Ok(true)
    }

    /// Deletes merged files that no reader needs any more.
    pub(crate) async fn delete_merged(&mut self) {
        while let Some((since, _)) = self.merged.front()
            && since.elapsed() >= KEEP_MERGED
            && let Some((_, file)) = self.merged.pop_front()
        {
            if let Err(error) = self.store.delete(&file.location()).await {
                let table = self.table.definition();
                tracing::warn!(%table, %error, path = file.path, "a merged file could not be deleted; a later start does");
            }
        }
    }

    /// Waits for what the log does in the background.
    pub(crate) async fn close(&mut self) {
        self.log.close().await;
    }

    async fn families(&self) -> Result<Vec<Family>, StorageError> {
        let known = stream::iter(self.files.clone()).map(|file| async move {
            if let Some(family) = Family::by_log(&file) {
                return Ok(family);
            }
            let footer = file.footer(&self.store).await?;
            Ok(Family::of(&file, &footer))
        });
        known.buffered(FOOTERS_AT_ONCE).try_collect().await
    }

    /// What files of one date become.
    async fn merged(
        &self,
        parts: &[Arc<RollupFile>],
        work: Work,
        merge: &Merge,
    ) -> Result<Vec<Arc<RollupFile>>, StorageError> {
        let failed = |error| {
            let table = self.table.definition();
            StorageError::unavailable(&format!("merge files of {table}"), error)
        };
        let mut files = Vec::new();
        let merging = match work {
            Work::TellApart => None,
            Work::Join {
                copies,
                counts_longer,
            } => {
                let copies = copies && self.can_be_copied(parts).await?;
                if copies {
                    let copied = copied(parts, &self.store).await;
                    files.push(self.put(copied.map_err(failed)?).await?);
                }
                Some(match (copies, counts_longer) {
                    (true, false) => return Ok(files),
                    (true, true) => Merging::Longer,
                    (false, true) => Merging::SumsAndLonger,
                    (false, false) => Merging::Sums,
                })
            }
        };
        let opened = SideBySide::open(self.table, parts, &self.store).await;
        let mut side_by_side = opened.map_err(failed)?;
        let mut encoders = Encoders::default();
        while let Some(rows) = side_by_side.next().await.map_err(failed)? {
            match merging {
                None => rows.iter().try_for_each(|rows| encoders.write(rows)),
                Some(merging) => {
                    let rows = MergedRows { rows, merging };
                    let merged = merge(self.table, rows, &mut |_, rows| {
                        encoders.write(rows).map_err(|error| error.to_string())
                    });
                    merged.map_err(ParquetError::General)
                }
            }
            .map_err(failed)?;
        }
        for encoded in encoders.finish().map_err(failed)? {
            files.push(self.put(encoded).await?);
        }
        Ok(files)
    }

    async fn can_be_copied(&self, parts: &[Arc<RollupFile>]) -> Result<bool, StorageError> {
        for file in parts {
            if !can_be_copied(file, &*file.footer(&self.store).await?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes over what other programs did before a commit.
    fn follow(&mut self, committed: Committed) -> Outcome {
        self.apply(committed.foreign);
        committed.outcome
    }

    fn apply(&mut self, changes: Changes) {
        let removed: HashSet<&String> = changes.removed.iter().collect();
        self.files
            .retain(|file| !removed.contains(&file.added.path));
        let new = changes.added.into_iter();
        self.files
            .extend(new.map(|added| Arc::new(RollupFile::new(self.table, added, &self.footers))));
    }

    fn replace(&mut self, removed: &[Arc<RollupFile>], added: &[Arc<RollupFile>]) {
        let removed: HashSet<&String> = removed.iter().map(|file| &file.added.path).collect();
        self.files
            .retain(|file| !removed.contains(&file.added.path));
        self.files.extend(added.iter().cloned());
    }
}

fn added(files: &[Arc<RollupFile>]) -> Vec<AddedFile> {
    files.iter().map(|file| file.added.clone()).collect()
}
