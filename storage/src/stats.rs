//! The store's figures.

use crate::wal::WalStats;

/// How much waits in memory for the table.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryLoad {
    /// Bytes of the spans' columns.
    pub bytes: usize,
    /// Spans.
    pub rows: usize,
    /// Memtables that hold them.
    pub memtables: usize,
}

/// Figures of a running store, for metrics.
#[derive(Clone, Copy, Debug)]
pub struct StorageStats {
    /// What waits in memory.
    pub memory: MemoryLoad,
    /// The bound on that.
    pub memory_budget_bytes: usize,
    /// The version of the Delta table.
    pub table_version: u64,
    /// Live files of the table.
    pub table_files: usize,
    /// Bytes of these files.
    pub table_bytes: u64,
    /// Spans in these files, where their log entries say.
    pub table_rows: u64,
    /// Memtables written since the start.
    pub flushes: u64,
    /// Failed attempts to write one.
    pub flush_failures: u64,
    /// Spans written since the start.
    pub flushed_rows: u64,
    /// Bytes of files written since the start.
    pub flushed_bytes: u64,
    /// Wall time of these flushes.
    pub flush_nanos: u64,
    /// Live files of the tables of figures.
    pub figure_files: usize,
    /// Bytes of these files.
    pub figure_bytes: u64,
    /// Spans in files that no figures tell of yet, where their log entries say.
    pub unrolled_rows: u64,
    /// Commits of figures since the start.
    pub roll_ups: u64,
    /// Failed attempts to make one.
    pub roll_up_failures: u64,
    /// Wall time of these attempts.
    pub roll_up_nanos: u64,
    /// The write-ahead log's figures.
    pub wal: WalStats,
}
