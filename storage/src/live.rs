//! What changes while the store runs: memtables and the list of files, swapped as one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use schemas::SpanBatch;
use tokio::sync::Notify;

use crate::data_file::DataFile;
use crate::memtable::{MemTable, MemTableView};
use crate::rollup::{Pending, RollupFiles, Rollups};
use crate::snapshot::{Snapshot, StoreSnapshot};
use crate::stats::MemoryLoad;
use crate::wal::WalPosition;

/// The live state of a store. Locked for as long as it takes to push a batch or copy a list.
#[derive(Debug)]
pub(crate) struct Live {
    state: Mutex<State>,
    /// Told whenever a memtable was frozen.
    pub(crate) frozen_one: Notify,
    /// Told whenever files came that are to be rolled up.
    pub(crate) unrolled_one: Notify,
    flush_bytes: usize,
}

#[derive(Debug)]
struct State {
    active: MemTable,
    /// When the active memtable got its first span.
    active_since: Option<Instant>,
    frozen: Vec<Frozen>,
    files: Arc<[Arc<DataFile>]>,
    version: u64,
    /// None where nothing is rolled up.
    rollups: Option<Rollups>,
}

/// A memtable that takes no more spans and is on its way into the table.
#[derive(Clone, Debug)]
pub(crate) struct Frozen {
    pub(crate) view: MemTableView,
    /// The last log position whose spans it or an older memtable holds.
    pub(crate) last: WalPosition,
    pub(crate) bytes: usize,
    pub(crate) rows: usize,
}

/// What is rolled up, and what is to be.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) rolled: Arc<[Arc<DataFile>]>,
    /// Oldest commits first.
    pub(crate) pending: Vec<Pending>,
}

impl Live {
    /// Begins with the files of a table at `version` and nothing in memory.
    pub(crate) fn new(files: Arc<[Arc<DataFile>]>, version: u64, flush_bytes: usize) -> Self {
        let state = State {
            active: MemTable::default(),
            active_since: None,
            frozen: Vec::new(),
            files,
            version,
            rollups: None,
        };
        Self {
            state: Mutex::new(state),
            frozen_one: Notify::new(),
            unrolled_one: Notify::new(),
            flush_bytes,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the batches of durable records, in log order.
    pub(crate) fn push(&self, records: Vec<(WalPosition, SpanBatch)>, now: Instant) {
        let mut state = self.state();
        for (position, batch) in records {
            state.active.push(position, batch);
        }
        state.active_since.get_or_insert(now);
        if state.active.bytes() >= self.flush_bytes {
            state.freeze();
            self.frozen_one.notify_one();
        }
    }

    /// Freezes the active memtable whatever its size, when it holds any record.
    pub(crate) fn freeze(&self) {
        if self.state().freeze() {
            self.frozen_one.notify_one();
        }
    }

    /// When the active memtable got its first record.
    pub(crate) fn active_since(&self) -> Option<Instant> {
        self.state().active_since
    }

    /// The oldest memtable that waits to be written.
    pub(crate) fn oldest_frozen(&self) -> Option<Frozen> {
        self.state().frozen.first().cloned()
    }

    /// How many memtables wait to be written.
    pub(crate) fn frozen_count(&self) -> usize {
        self.state().frozen.len()
    }

    /// Replaces the oldest frozen memtable by the files that hold its spans now, in one step for
    /// every reader.
    pub(crate) fn replace_oldest_frozen(&self, change: FileChange) {
        let mut state = self.state();
        state.frozen.remove(0);
        let has_unrolled = state.apply(change);
        drop(state);
        if has_unrolled {
            self.unrolled_one.notify_one();
        }
    }

    /// Takes over what other writers did to the table.
    pub(crate) fn apply(&self, change: FileChange) {
        let has_unrolled = self.state().apply(change);
        if has_unrolled {
            self.unrolled_one.notify_one();
        }
    }

    /// From now on files are told apart by whether they are rolled up.
    pub(crate) fn begin_rollups(&self, rollups: Rollups) {
        self.state().rollups = Some(rollups);
    }

    /// The files that are rolled up, and what waits for it; none where nothing is rolled up.
    pub(crate) fn waiting_for_roll_up(&self) -> Option<Waiting> {
        let state = self.state();
        let rollups = state.rollups.as_ref()?;
        Some(Waiting {
            rolled: rollups.rolled(),
            pending: rollups.pending().to_vec(),
        })
    }

    /// The commits through `version` are rolled up: readers see `files` in place of the spans, in
    /// one step.
    pub(crate) fn rolled_up(&self, version: u64, files: RollupFiles) {
        if let Some(rollups) = &mut self.state().rollups {
            rollups.rolled_up(version, files);
        }
    }

    /// Takes over rollup files that tell the same as those before.
    pub(crate) fn change_rollup_files(&self, files: RollupFiles) {
        if let Some(rollups) = &mut self.state().rollups {
            rollups.files = files;
        }
    }

    /// All that is stored now.
    pub(crate) fn store_snapshot(&self) -> StoreSnapshot {
        let state = self.state();
        let all = state.snapshot();
        let Some(rollups) = &state.rollups else {
            return StoreSnapshot::without_rollups(all);
        };
        StoreSnapshot {
            rolled: Snapshot {
                memtables: Vec::new(),
                files: rollups.rolled(),
                version: all.version,
            },
            unrolled: Snapshot {
                files: rollups.unrolled(),
                ..all.clone()
            },
            rollups: rollups.files.clone(),
            all,
        }
    }

    /// How much waits in memory.
    pub(crate) fn memory(&self) -> MemoryLoad {
        let state = self.state();
        let frozen = state.frozen.iter();
        let (bytes, rows) = frozen.fold((0, 0), |(bytes, rows), frozen| {
            (bytes + frozen.bytes, rows + frozen.rows)
        });
        MemoryLoad {
            bytes: bytes + state.active.bytes(),
            rows: rows + state.active.rows(),
            memtables: state.frozen.len() + usize::from(state.active_since.is_some()),
        }
    }
}

/// How a new version of the table differs from the one before.
#[derive(Debug, Default)]
pub(crate) struct FileChange {
    pub(crate) version: u64,
    pub(crate) added: Vec<Arc<DataFile>>,
    /// Paths of the files that are no longer part of the table.
    pub(crate) removed: Vec<String>,
    /// Paths of those added files whose rows were in the table before, in other files.
    pub(crate) rewritten: Vec<String>,
}

impl State {
    fn snapshot(&self) -> Snapshot {
        let frozen = self.frozen.iter().map(|frozen| frozen.view.clone());
        Snapshot {
            memtables: frozen.chain([self.active.view()]).collect(),
            files: Arc::clone(&self.files),
            version: self.version,
        }
    }

    fn freeze(&mut self) -> bool {
        if self.active_since.take().is_none() {
            return false;
        }
        let memtable = std::mem::take(&mut self.active);
        self.frozen.push(Frozen {
            view: memtable.view(),
            last: memtable.last(),
            bytes: memtable.bytes(),
            rows: memtable.rows(),
        });
        true
    }

    /// Follows a change; true when files came that are to be rolled up.
    fn apply(&mut self, change: FileChange) -> bool {
        let rollups = self.rollups.as_mut();
        let has_unrolled = rollups.is_some_and(|rollups| rollups.apply(&change));
        let kept = self
            .files
            .iter()
            .filter(|file| !change.removed.contains(&file.added.path))
            .cloned();
        self.files = kept.chain(change.added).collect();
        self.version = change.version;
        has_unrolled
    }
}
