//! The settings of the span store.

use std::path::PathBuf;
use std::time::Duration;

use crate::wal::Salvage;

/// Where and how spans are kept. Sizes are in bytes.
#[derive(Clone, Debug)]
pub struct StorageSettings {
    /// Holds everything: `wal/`, and the Delta tables `spans/`, `red/` and `edges/`.
    pub data_dir: PathBuf,
    /// Bound of the memory that spans take before they are in the table; over it appends are busy.
    pub memory_budget_bytes: usize,
    /// A memtable is written to the table once it takes this much memory.
    pub flush_bytes: usize,
    /// A memtable is written to the table once its oldest span waits this long.
    pub flush_age: Duration,
    /// The largest payload of one append.
    pub max_payload_bytes: u64,
    /// The size of one segment file of the write-ahead log.
    pub wal_segment_bytes: u64,
    /// What to do about damaged records of the write-ahead log.
    pub salvage: Salvage,
}

impl StorageSettings {
    /// The defaults for `data_dir`: 256 MiB of memory, flushes at 96 MiB or after 60 s, payloads up
    /// to 64 MiB, segments of 128 MiB, no salvage.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            memory_budget_bytes: 256 << 20,
            flush_bytes: 96 << 20,
            flush_age: Duration::from_secs(60),
            max_payload_bytes: 64 << 20,
            wal_segment_bytes: 128 << 20,
            salvage: Salvage::Refuse,
        }
    }
}
