//! One consistent view of all spans.

use std::sync::Arc;

use schemas::SpanBatch;

use crate::data_file::DataFile;
use crate::memtable::MemTableView;
use crate::rollup::RollupFiles;

/// All spans at one instant: what waits in memory and what is in the table, each span in exactly
/// one of them. Swapped whole whenever a memtable has become a file.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    /// Memtables, oldest first; the last one is the active one as it was at that instant.
    pub(crate) memtables: Vec<MemTableView>,
    /// The live files of the table, in commit order.
    pub(crate) files: Arc<[Arc<DataFile>]>,
    /// The table's version that the files belong to.
    pub(crate) version: u64,
}

/// Everything that one question may read, at one instant.
#[derive(Clone, Debug)]
pub(crate) struct StoreSnapshot {
    /// All spans.
    pub(crate) all: Snapshot,
    /// The spans whose figures the rollup tables hold. Together with the unrolled ones, all spans.
    pub(crate) rolled: Snapshot,
    /// The spans in memory and in files that are not rolled up yet.
    pub(crate) unrolled: Snapshot,
    /// The figures of the rolled-up spans.
    pub(crate) rollups: RollupFiles,
}

impl StoreSnapshot {
    /// Spans of which nothing is rolled up.
    pub(crate) fn without_rollups(all: Snapshot) -> Self {
        let rolled = Snapshot {
            memtables: Vec::new(),
            files: Arc::new([]),
            version: all.version,
        };
        Self {
            unrolled: all.clone(),
            rolled,
            rollups: RollupFiles::default(),
            all,
        }
    }
}

impl Snapshot {
    /// No span starts before the first or after the second of these, nanoseconds since 1970; none
    /// for no spans.
    pub(crate) fn range_of_starts(&self) -> Option<(i64, i64)> {
        let files = self
            .files
            .iter()
            .map(|file| (file.added.min_start_nanos, file.added.max_start_nanos));
        let in_memory = self.memory_batches().filter_map(|batch| {
            let starts = batch.start_times()?.values();
            Some((*starts.iter().min()?, *starts.iter().max()?))
        });
        files
            .chain(in_memory)
            .reduce(|left, right| (left.0.min(right.0), left.1.max(right.1)))
    }

    /// The batches in memory, oldest first.
    pub(crate) fn memory_batches(&self) -> impl Iterator<Item = &SpanBatch> {
        self.memtables
            .iter()
            .flat_map(|memtable| memtable.chunks.iter())
    }
}
