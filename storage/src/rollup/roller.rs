//! Rolls up commits of the table of spans, one step after the other.

use std::sync::Arc;

use parquet::errors::ParquetError;

use super::earlier::earlier_spans;
use super::encode::Encoders;
use super::parts::SpanParts;
use super::recovery::CatchUp;
use super::state::Pending;
use super::writer::RollupWriter;
use super::{Folding, PerTable, RollUp, RollUpInput, RollupFile, RollupFiles, RollupTable};
use crate::catalog::{Objects, PinnedTables};
use crate::data_file::DataFile;
use crate::fail_point::fail_point;
use crate::live::Live;
use crate::{StorageError, clock};

/// So many spans are rolled up by one commit, when more wait than one flush brought.
const STEP_ROWS: u64 = 300_000;
/// So many files are rolled up by one commit.
const STEP_FILES: usize = 64;
/// Sums and their rows take so much memory; what comes then goes to further files.
const FOLDING_BYTES: usize = 32 << 20;

/// What a roller works with.
#[derive(Debug)]
pub(crate) struct RollerParts {
    pub(crate) roll_up: RollUp,
    pub(crate) live: Arc<Live>,
    pub(crate) objects: Objects,
    pub(crate) writers: PerTable<RollupWriter>,
    pub(crate) catch_up: Option<CatchUp>,
}

/// The one who rolls up.
#[derive(Debug)]
pub(crate) struct Roller {
    parts: RollerParts,
    /// Whether the roll-up knows what the tables hold.
    is_open: bool,
    /// A step whose files are stored, but not all committed.
    prepared: Option<Prepared>,
}

/// What one step rolls up.
struct Step {
    through: u64,
    tables: Vec<RollupTable>,
    files: Vec<Arc<DataFile>>,
    earlier: Vec<Arc<DataFile>>,
    replaces: bool,
}

#[derive(Debug)]
struct Prepared {
    through: u64,
    /// The new files of the tables that are to be committed.
    files: PerTable<Option<Vec<Arc<RollupFile>>>>,
    replaces: bool,
}

impl Roller {
    pub(crate) fn new(parts: RollerParts) -> Self {
        Self {
            parts,
            is_open: false,
            prepared: None,
        }
    }

    /// Rolls up the oldest commits that wait; false when none does. After an error the same is
    /// tried again. It computes for long: not for threads that serve others.
    ///
    /// # Errors
    /// [`StorageError`], when files cannot be read or written, or the fold fails.
    pub(crate) async fn step(&mut self) -> Result<bool, StorageError> {
        self.tell_what_is_there().await?;
        if self.prepared.is_none() {
            let Some(step) = self.next_step() else {
                return Ok(false);
            };
            self.prepared = Some(self.prepare(step).await?);
            fail_point("rollup::after-files");
        }
        self.commit().await?;
        fail_point("rollup::after-commit");
        Ok(true)
    }

    /// Looks after the tables while nothing waits to be rolled up: learns what other programs did,
    /// and merges small files. It computes for long, too.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub(crate) async fn maintain(&mut self) -> Result<(), StorageError> {
        self.maintain_at(clock::unix_millis()).await
    }

    /// As [`Self::maintain`], at a time of the caller's.
    pub(super) async fn maintain_at(&mut self, now_ms: i64) -> Result<(), StorageError> {
        if self.prepared.is_some() || self.parts.catch_up.is_some() {
            return Ok(());
        }
        for table in RollupTable::ALL {
            let writer = self.parts.writers.get_mut(table);
            let mut has_changed = writer.refresh().await?;
            while writer.compact(&self.parts.roll_up.merge, now_ms).await? {
                has_changed = true;
            }
            writer.delete_merged().await;
            if has_changed {
                self.parts.live.change_rollup_files(self.files());
            }
        }
        Ok(())
    }

    /// Waits for what the tables' logs do in the background.
    pub(crate) async fn close(&mut self) {
        for table in RollupTable::ALL {
            self.parts.writers.get_mut(table).close().await;
        }
    }

    async fn tell_what_is_there(&mut self) -> Result<(), StorageError> {
        if self.is_open {
            return Ok(());
        }
        let mut snapshot = self.parts.live.store_snapshot();
        // Also while readers see no figures, because a table has to catch up.
        snapshot.rollups = self.files();
        let tables = PinnedTables::new(snapshot, self.parts.objects.clone());
        let told = (self.parts.roll_up.on_open)(Arc::new(tables)).await;
        told.map_err(|reason| failed("read the tables of figures", &reason))?;
        self.is_open = true;
        Ok(())
    }

    fn files(&self) -> RollupFiles {
        let files = |table| self.parts.writers.get(table).files();
        PerTable {
            red: files(RollupTable::Red),
            edges: files(RollupTable::Edges),
        }
    }

    fn next_step(&self) -> Option<Step> {
        if let Some(catch_up) = &self.parts.catch_up {
            return Some(Step {
                through: catch_up.through,
                tables: catch_up.tables.clone(),
                files: catch_up.files.clone(),
                earlier: catch_up.earlier.clone(),
                replaces: catch_up.replaces,
            });
        }
        let waiting = self.parts.live.waiting_for_roll_up()?;
        let taken = first_commits(&waiting.pending);
        let through = taken.last()?.version;
        Some(Step {
            through,
            tables: RollupTable::ALL.to_vec(),
            files: taken
                .iter()
                .flat_map(|pending| pending.files.iter().cloned())
                .collect(),
            earlier: waiting.rolled.to_vec(),
            replaces: false,
        })
    }

    /// Rolls up part by part, file by file, each beside those before it, and stores the rows.
    async fn prepare(&self, step: Step) -> Result<Prepared, StorageError> {
        let mut files: PerTable<Option<Vec<Arc<RollupFile>>>> = PerTable::default();
        for table in &step.tables {
            files.get_mut(*table).get_or_insert_default();
        }
        let begin = &self.parts.roll_up.fold;
        let mut folding = begin();
        let mut earlier = step.earlier;
        let columns = &self.parts.roll_up.columns;
        let objects = &self.parts.objects;
        for file in step.files {
            let mut parts =
                SpanParts::open(&file, &objects.spans, &objects.decoders, columns).await?;
            while let Some(fresh) = parts.next().await? {
                let earlier = earlier_spans(&fresh, &earlier, &objects.spans, columns).await?;
                let added = folding.add(RollUpInput { fresh, earlier });
                added.map_err(|reason| {
                    failed(
                        &format!("roll up the spans of {}", file.added.path),
                        &reason,
                    )
                })?;
                if folding.memory_bytes() > FOLDING_BYTES {
                    let full = std::mem::replace(&mut folding, begin());
                    self.store(full, &mut files).await?;
                }
            }
            earlier.push(file);
        }
        self.store(folding, &mut files).await?;
        Ok(Prepared {
            through: step.through,
            files,
            replaces: step.replaces,
        })
    }

    /// Stores rows, for the tables that want them, as files that are not part of them yet.
    async fn store(
        &self,
        folding: Box<dyn Folding>,
        files: &mut PerTable<Option<Vec<Arc<RollupFile>>>>,
    ) -> Result<(), StorageError> {
        let wanted = PerTable {
            red: files.red.is_some(),
            edges: files.edges.is_some(),
        };
        let failed = |reason: String| failed("write rows of figures", &reason);
        let mut encoders = PerTable::<Encoders>::default();
        let finished = folding.finish(&mut |table, rows| match wanted.get(table) {
            true => encoders.get_mut(table).write(rows).map_err(told),
            false => Ok(()),
        });
        finished.map_err(failed)?;
        for (table, encoders) in [
            (RollupTable::Red, encoders.red),
            (RollupTable::Edges, encoders.edges),
        ] {
            let encoded = encoders.finish().map_err(told).map_err(failed)?;
            let Some(files) = files.get_mut(table) else {
                continue;
            };
            for file in encoded {
                files.push(self.parts.writers.get(table).put(file).await?);
            }
        }
        Ok(())
    }

    /// Commits what is prepared and lets readers see it.
    async fn commit(&mut self) -> Result<(), StorageError> {
        let Some(prepared) = &mut self.prepared else {
            return Ok(());
        };
        for table in RollupTable::ALL {
            if let Some(files) = prepared.files.get(table) {
                let writer = self.parts.writers.get_mut(table);
                writer
                    .commit_rows(files, prepared.through, prepared.replaces)
                    .await?;
                // From here on it must not be committed again, whatever becomes of the other one.
                *prepared.files.get_mut(table) = None;
                if table == RollupTable::Red {
                    fail_point("rollup::between-tables");
                }
            }
        }
        let through = prepared.through;
        self.prepared = None;
        self.parts.catch_up = None;
        self.parts.live.rolled_up(through, self.files());
        Ok(())
    }
}

/// As many of the oldest commits as are rolled up at once; one at least.
fn first_commits(pending: &[Pending]) -> &[Pending] {
    let (mut rows, mut files) = (0, 0);
    let fitting = pending.iter().take_while(|pending| {
        let known = pending.files.iter().filter_map(|file| file.added.rows);
        rows += known.sum::<u64>();
        files += pending.files.len();
        rows <= STEP_ROWS && files <= STEP_FILES
    });
    let count = fitting.count().max(1).min(pending.len());
    pending.get(..count).unwrap_or_default()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err gives the error away"
)]
fn told(error: ParquetError) -> String {
    error.to_string()
}

fn failed(action: &str, reason: &str) -> StorageError {
    StorageError::Unavailable {
        reason: format!("cannot {action}: {reason}"),
        source: None,
    }
}
