//! What a log tells about itself.

use std::sync::atomic::AtomicU64;

/// Figures of a running log; counters run from its opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalStats {
    /// Records made durable.
    pub appended_records: u64,
    /// Bytes of their bodies.
    pub appended_bytes: u64,
    /// Groups made durable, each with one fdatasync.
    pub groups: u64,
    /// Groups that failed, whose waiters got an error.
    pub failed_groups: u64,
    /// Segment files, without spares.
    pub segments: usize,
    /// Spare segment files ready for use.
    pub spares: usize,
    /// Bytes of all these files.
    pub disk_bytes: u64,
    /// Bytes that wait to become durable, with their frames.
    pub queued_bytes: u64,
    /// Records that wait to become durable.
    pub queued_records: usize,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub last_position: AtomicU64,
    pub records: AtomicU64,
    pub body_bytes: AtomicU64,
    pub groups: AtomicU64,
    pub failed_groups: AtomicU64,
}
