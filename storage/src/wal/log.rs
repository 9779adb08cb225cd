//! The log itself: open, append, trim, close.

use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::active_segment::Record;
use super::directory::{self, DirectoryLock};
use super::error::WalError;
use super::position::{WalId, WalPosition};
use super::queue::{Load, PendingAppend, Queue, Request};
use super::recovery;
use super::replay::Replay;
use super::segments::Segments;
use super::settings::{Salvage, WalSettings};
use super::spares::Spares;
use super::stats::{Counters, WalStats};
use super::writer::Writer;

/// A write-ahead log of records that each travel with an item of type `T`, usually what the record
/// decodes to.
///
/// Shared between threads by `Arc`. Dropping it closes it.
#[derive(Debug)]
pub struct Wal<T> {
    id: WalId,
    dir: PathBuf,
    max_record_bytes: u64,
    queue: Arc<Queue<T>>,
    spares: Arc<Spares>,
    segments: Arc<Segments>,
    counters: Arc<Counters>,
    running: Mutex<Option<Running>>,
}

/// What ends when the log is closed.
#[derive(Debug)]
struct Running {
    writer: JoinHandle<()>,
    preallocator: JoinHandle<()>,
    /// Keeps other processes out.
    lock: DirectoryLock,
}

impl<T: Send + 'static> Wal<T> {
    /// Opens the log in `settings.dir`, making it if there is none.
    ///
    /// Reads the last segment to find the end of the log, and cuts off a torn tail with a warning;
    /// see [`Replay::torn_tail`]. The records are read by [`Replay::run`], before or while new ones
    /// are appended.
    ///
    /// `on_durable` is called by the writer thread with each group once it is durable and before
    /// any of its appends resolves; groups come in log order, and so do the items within.
    ///
    /// # Errors
    /// `Settings`, `Locked`, `Identity`, `Io`, and without salvage `Corrupt` for damage in the last
    /// segment.
    pub fn open(
        settings: &WalSettings,
        salvage: Salvage,
        on_durable: impl FnMut(Vec<(WalPosition, T)>) + Send + 'static,
    ) -> Result<(Self, Replay), WalError> {
        settings.validate()?;
        let dir = &settings.dir;
        let lock = DirectoryLock::take(dir)?;
        let listing = directory::list(dir)?;
        let wal_id = directory::read_or_create_id(dir, !listing.segments.is_empty())?;
        let end = recovery::find_end(wal_id, listing.segments.last(), salvage, settings.covered)?;
        let segments = Arc::new(Segments::new(dir, listing.segments.clone()));
        let replay = Replay::new(dir, wal_id, listing.segments, end, salvage);
        let spares = Arc::new(Spares::new(dir, settings.segment_bytes, listing.spares)?);
        let counters = Arc::new(Counters::default());
        counters.last_position.store(replay.last().get(), Relaxed);
        let queue = Arc::new(Queue::new(Load {
            bytes: settings.queue_bytes,
            records: settings.queue_records,
        }));
        let writer = Writer {
            dir: dir.clone(),
            wal_id,
            group_bytes: settings.group_bytes,
            queue: Arc::clone(&queue),
            spares: Arc::clone(&spares),
            segments: Arc::clone(&segments),
            counters: Arc::clone(&counters),
            on_durable: Box::new(on_durable),
            next: replay.last().get() + 1,
            active: None,
            is_failing: false,
        };
        let preallocator = spares.start()?;
        let writer = std::thread::Builder::new()
            .name("wal-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| {
                spares.stop();
                WalError::io("start the writer thread for", dir, error)
            })?;
        let wal = Self {
            id: wal_id,
            dir: dir.clone(),
            max_record_bytes: settings.max_record_bytes,
            queue,
            spares,
            segments,
            counters,
            running: Mutex::new(Some(Running {
                writer,
                preallocator,
                lock,
            })),
        };
        Ok((wal, replay))
    }
}

impl<T> Wal<T> {
    /// Queues a record of `encoding` and `body`; what it returns resolves once the record is
    /// durable and `item` has gone to the sink. Returns at once.
    ///
    /// # Errors
    /// At once: `Busy`, `TooLarge`, `Closed`. When awaited: `Io` if the record's group failed (it
    /// is not acknowledged; it may be appended again), `Closed` if the writer died.
    pub fn append(&self, encoding: u8, body: Bytes, item: T) -> Result<PendingAppend, WalError> {
        let bytes = body.len() as u64;
        if bytes > self.max_record_bytes {
            return Err(WalError::TooLarge {
                bytes,
                max_record_bytes: self.max_record_bytes,
            });
        }
        let (reply, pending) = oneshot::channel();
        self.queue.push(Request {
            record: Record { encoding, body },
            item,
            reply,
        })?;
        Ok(PendingAppend(pending))
    }

    /// Releases the segments whose records are all at or before `through`; returns how many.
    ///
    /// Blocks on the file system. The newest segment always stays.
    ///
    /// # Errors
    /// `Io`; what was not released can be released later.
    pub fn trim(&self, through: WalPosition) -> Result<usize, WalError> {
        self.segments.release(through, &self.spares)
    }

    /// The identity of the log.
    pub fn id(&self) -> WalId {
        self.id
    }

    /// The last durable position.
    pub fn last_position(&self) -> WalPosition {
        WalPosition::new(self.counters.last_position.load(Relaxed))
    }

    /// The log's figures; asks the file system for the sizes of its files.
    pub fn stats(&self) -> WalStats {
        let load = self.queue.load();
        WalStats {
            appended_records: self.counters.records.load(Relaxed),
            appended_bytes: self.counters.body_bytes.load(Relaxed),
            groups: self.counters.groups.load(Relaxed),
            failed_groups: self.counters.failed_groups.load(Relaxed),
            segments: self.segments.count(),
            spares: self.spares.count(),
            disk_bytes: self.segments.bytes() + self.spares.bytes(),
            queued_bytes: load.bytes,
            queued_records: load.records,
        }
    }

    /// Takes no more appends, writes what waits, ends the threads and gives up the lock.
    ///
    /// Blocks until done; a second call does nothing.
    pub fn close(&self) {
        self.queue.close();
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(running) = running else { return };
        let writer_ended = running.writer.join();
        self.spares.stop();
        let preallocator_ended = running.preallocator.join();
        if writer_ended.is_err() || preallocator_ended.is_err() {
            tracing::error!(dir = %self.dir.display(), "a thread of the write-ahead log panicked");
        }
        drop(running.lock);
    }
}

impl<T> Drop for Wal<T> {
    fn drop(&mut self) {
        self.close();
    }
}
