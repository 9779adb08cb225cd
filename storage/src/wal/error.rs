//! What can go wrong with the log, told by what the caller should do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::position::{WalId, WalPosition};

/// An error of the write-ahead log. Cloned to each waiter of a failed group.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WalError {
    /// The queue is full: nothing was taken, try again soon.
    #[error(
        "the write-ahead log is busy: {queued_records} records of {queued_bytes} bytes wait to become durable"
    )]
    Busy {
        /// Bytes that wait, with their frames.
        queued_bytes: u64,
        /// Records that wait.
        queued_records: usize,
    },
    /// The record is larger than the settings allow; trying again is useless.
    #[error("a record of {bytes} bytes exceeds the largest allowed, {max_record_bytes} bytes")]
    TooLarge {
        /// Bytes of the body.
        bytes: u64,
        /// The setting it exceeds.
        max_record_bytes: u64,
    },
    /// The file system failed. An append that got this is not durable and may be tried again.
    #[error(transparent)]
    Io(#[from] Arc<IoFailure>),
    /// The log was closed, or its writer died.
    #[error("the write-ahead log is closed")]
    Closed,
    /// Another process, or another log of this one, uses the directory.
    #[error("the write-ahead log in {} is in use by another process (it holds the lock on wal.lock)", .dir.display())]
    Locked {
        /// The directory of the log.
        dir: PathBuf,
    },
    /// Records that were durable are damaged or gone.
    #[error("{0}; to go on without these records, start once with salvage")]
    Corrupt(Box<Corruption>),
    /// The directory holds segments, but not the identity they belong to.
    #[error("{}: {reason}", .path.display())]
    Identity {
        /// The `wal.id` file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// The table already holds records that this log never wrote.
    #[error(
        "the table holds write-ahead log {wal_id} through position {after}, but {} ends at {last}: an older copy of \
         the log was put back. The table lacks none of its records: move the directory away to begin a new log",
        .dir.display()
    )]
    BehindTable {
        /// The directory of the log.
        dir: PathBuf,
        /// The log's identity.
        wal_id: WalId,
        /// The position that the caller asked to replay after.
        after: WalPosition,
        /// The last position of the log.
        last: WalPosition,
    },
    /// The settings contradict each other.
    #[error("settings of the write-ahead log: {reason}")]
    Settings {
        /// Which, and what would fit.
        reason: String,
    },
}

impl WalError {
    pub(super) fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Io(IoFailure::new(action, path, source))
    }
}

/// A failed operation on a file or directory of the log.
#[derive(Debug, thiserror::Error)]
#[error("write-ahead log: cannot {action} {}: {source}", .path.display())]
pub struct IoFailure {
    /// What was tried, as a verb.
    pub action: &'static str,
    /// On which file or directory.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

impl IoFailure {
    pub(super) fn new(
        action: &'static str,
        path: &Path,
        source: impl Into<io::Error>,
    ) -> Arc<Self> {
        Arc::new(Self {
            action,
            path: path.to_owned(),
            source: source.into(),
        })
    }
}

/// Consecutive records that were durable and cannot be read any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corruption {
    /// The segment file.
    pub file: PathBuf,
    /// Byte offset in the file of the first unreadable byte sequence.
    pub offset: u64,
    /// The first lost record.
    pub first: WalPosition,
    /// The last lost record; where the end of a log is unreadable, the highest there can have been.
    pub last: WalPosition,
    /// What was found instead.
    pub reason: &'static str,
}

impl Corruption {
    /// How many records are lost.
    pub fn records(&self) -> u64 {
        self.last.get() + 1 - self.first.get()
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the write-ahead log is corrupt: {} at byte {}: {}; it held records {} to {}, which were durable",
            self.file.display(),
            self.offset,
            self.reason,
            self.first,
            self.last
        )
    }
}
