//! One consistent view of all spans.

use std::sync::Arc;

use schemas::SpanBatch;

use crate::data_file::DataFile;
use crate::memtable::MemTableView;

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

impl Snapshot {
    /// The batches in memory, oldest first.
    pub(crate) fn memory_batches(&self) -> impl Iterator<Item = &SpanBatch> {
        self.memtables
            .iter()
            .flat_map(|memtable| memtable.chunks.iter())
    }
}
