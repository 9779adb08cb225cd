//! The span store: takes spans durably, keeps them readable, moves them into the table.

mod flusher;
mod open;
mod roll_up_task;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use datafusion::catalog::CatalogProvider;
use schemas::SpanBatch;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::budget::{MemoryBudget, Reservation};
use crate::catalog::{Catalog, Objects};
use crate::data_file::DataFile;
use crate::learning;
use crate::live::Live;
use crate::rollup::{RollUp, Roller};
use crate::stats::StorageStats;
use crate::table::DeltaLog;
use crate::wal::{ReplayProgress, Wal, WalPosition};
use crate::{StorageError, StorageSettings};

/// Decodes a payload of the write-ahead log, by its encoding tag, exactly as when it was first
/// received.
pub type DecodePayload = Arc<dyn Fn(u8, &[u8]) -> Result<SpanBatch, String> + Send + Sync>;

/// Told the progress of the replay at start.
pub type OnReplay = Arc<dyn Fn(ReplayProgress) + Send + Sync>;

/// Where spans are kept. See the crate's documentation for the way they go.
#[derive(Debug)]
pub struct SpanStore {
    shared: Arc<Shared>,
    /// Also where it is dropped: a runtime waits for the thread that rolls up.
    stop: DropGuard,
    /// The flusher, the one who rolls up, and the one who learns what files hold.
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// A batch on its way through the log, with the memory reserved for it.
#[derive(Debug)]
struct Durable {
    batch: SpanBatch,
    _reservation: Reservation,
}

#[derive(Debug)]
struct Shared {
    settings: StorageSettings,
    budget: Arc<MemoryBudget>,
    live: Arc<Live>,
    wal: Wal<Durable>,
    table: Mutex<TableWriter>,
    objects: Objects,
    /// None where nothing is rolled up.
    roller: Option<Mutex<Roller>>,
    is_closing: AtomicBool,
    counters: FlushCounters,
    roll_up_counters: RollUpCounters,
}

/// The one who commits to the table.
#[derive(Debug)]
struct TableWriter {
    log: DeltaLog,
    /// Files that are stored and hold the log through a position, but are not committed yet.
    uncommitted: Option<(WalPosition, Vec<Arc<DataFile>>)>,
}

#[derive(Debug, Default)]
struct FlushCounters {
    flushes: AtomicU64,
    failures: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    nanos: AtomicU64,
}

#[derive(Debug, Default)]
struct RollUpCounters {
    roll_ups: AtomicU64,
    failures: AtomicU64,
    nanos: AtomicU64,
}

impl SpanStore {
    /// Opens the store in `settings.data_dir`, making it if there is none, and replays what the
    /// write-ahead log holds beyond the table. Returns once every span ever acknowledged is
    /// readable.
    ///
    /// # Errors
    /// [`StorageError::Incompatible`] when the directory is in use or holds something else,
    /// [`StorageError::Corrupt`] for damaged records unless salvage is allowed,
    /// [`StorageError::Unavailable`] when the file system fails.
    pub async fn open(
        settings: StorageSettings,
        decode: DecodePayload,
        on_replay: OnReplay,
    ) -> Result<Self, StorageError> {
        Ok(Self::start(
            open::open(settings, decode, on_replay, None).await?,
        ))
    }

    /// As [`Self::open`]; besides, keeps the tables `red` and `edges` by rolling up what is flushed,
    /// a moment later.
    ///
    /// # Errors
    /// As [`Self::open`]; [`StorageError::Incompatible`] also when the tables of figures are not
    /// those of this table of spans.
    pub async fn open_rolling_up(
        settings: StorageSettings,
        decode: DecodePayload,
        on_replay: OnReplay,
        roll_up: RollUp,
    ) -> Result<Self, StorageError> {
        Ok(Self::start(
            open::open(settings, decode, on_replay, Some(roll_up)).await?,
        ))
    }

    fn start(shared: Arc<Shared>) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = vec![tokio::spawn(flusher::run(
            Arc::clone(&shared),
            stop.clone(),
        ))];
        if shared.roller.is_some() {
            tasks.push(roll_up_task::spawn(&shared, stop.clone()));
        }
        tasks.push(tokio::spawn(learn(Arc::clone(&shared), stop.clone())));
        Self {
            shared,
            stop: stop.drop_guard(),
            tasks: Mutex::new(tasks),
        }
    }

    /// Stores the spans of one request: `batch` is what `payload` decodes to. Returns once the
    /// payload is durable and the spans are readable.
    ///
    /// # Errors
    /// [`StorageError::Busy`] when memory or the log's queue is full, [`StorageError::Rejected`] for
    /// a payload over the settings' size, [`StorageError::Unavailable`] when it could not be made
    /// durable; in every case the request may be sent again, and was not acknowledged.
    pub async fn append(
        &self,
        encoding: u8,
        payload: Bytes,
        batch: SpanBatch,
    ) -> Result<WalPosition, StorageError> {
        if self.shared.is_closing.load(Ordering::Acquire) {
            return Err(StorageError::Unavailable {
                reason: "the store is closing".to_owned(),
                source: None,
            });
        }
        let held = self.shared.live.memory().bytes;
        let reservation = self.shared.budget.reserve(batch.memory_bytes(), held)?;
        let durable = Durable {
            batch,
            _reservation: reservation,
        };
        Ok(self.shared.wal.append(encoding, payload, durable)?.await?)
    }

    /// A catalog with one schema, `now`. Each call of `schema("now")` gives the tables of one
    /// snapshot, that of the instant of the call:
    ///
    /// | table | rows |
    /// |---|---|
    /// | `spans` | all spans, [`schemas::columns`] |
    /// | `operations` | their distinct services, names and kinds |
    /// | `red`, `edges` | figures of the spans that are rolled up, [`schemas::rollups`] |
    /// | `rolled_spans` | the spans that these figures count |
    /// | `unrolled_spans` | all other spans |
    pub fn catalog(&self) -> Arc<dyn CatalogProvider> {
        let live = Arc::clone(&self.shared.live);
        Arc::new(Catalog::new(
            Arc::new(move || live.store_snapshot()),
            self.shared.objects.clone(),
        ))
    }

    /// Moves everything that waits in memory into the table.
    ///
    /// # Errors
    /// What the first failing flush reports; the spans stay in memory and in the log.
    pub async fn flush(&self) -> Result<(), StorageError> {
        self.shared.live.freeze();
        while flusher::flush_oldest(&self.shared).await? {}
        Ok(())
    }

    /// Rolls up what is in the table, without waiting for what is in memory.
    ///
    /// # Errors
    /// What the first failing step reports; the figures of these spans are computed from them
    /// until a later step succeeds.
    pub async fn roll_up(&self) -> Result<(), StorageError> {
        roll_up_task::roll_up(&self.shared).await
    }

    /// Takes no more spans, moves everything into the table, rolls it up if that takes no longer
    /// than some seconds, and ends the store's threads.
    ///
    /// # Errors
    /// As [`Self::flush`]; the threads have ended all the same, and the next start replays what
    /// could not be moved.
    pub async fn close(&self) -> Result<(), StorageError> {
        self.shared.is_closing.store(true, Ordering::Release);
        self.stop.token().cancel();
        for task in self.tasks.lock().await.drain(..) {
            task.await
                .map_err(|error| StorageError::unavailable("end the store's tasks", error))?;
        }
        let flushed = self.flush().await;
        roll_up_task::finish(&self.shared).await;
        self.shared.table.lock().await.log.close().await;
        let shared = Arc::clone(&self.shared);
        let closed = tokio::task::spawn_blocking(move || shared.wal.close()).await;
        closed.map_err(|error| StorageError::unavailable("close the write-ahead log", error))?;
        flushed
    }

    /// The store's figures now.
    pub fn stats(&self) -> StorageStats {
        let shared = &self.shared;
        let now = shared.live.store_snapshot();
        let (snapshot, figures) = (now.all, now.rollups);
        let figures = || figures.red.iter().chain(figures.edges.iter());
        let unrolled = match &shared.roller {
            Some(_) => now.unrolled.files,
            None => Arc::default(),
        };
        let (counters, rolling) = (&shared.counters, &shared.roll_up_counters);
        StorageStats {
            memory: shared.live.memory(),
            memory_budget_bytes: shared.settings.memory_budget_bytes,
            table_version: snapshot.version,
            table_files: snapshot.files.len(),
            table_bytes: snapshot.files.iter().map(|file| file.added.size).sum(),
            table_rows: snapshot
                .files
                .iter()
                .filter_map(|file| file.added.rows)
                .sum(),
            flushes: counters.flushes.load(Ordering::Relaxed),
            flush_failures: counters.failures.load(Ordering::Relaxed),
            flushed_rows: counters.rows.load(Ordering::Relaxed),
            flushed_bytes: counters.bytes.load(Ordering::Relaxed),
            flush_nanos: counters.nanos.load(Ordering::Relaxed),
            figure_files: figures().count(),
            figure_bytes: figures().map(|file| file.added.size).sum(),
            unrolled_rows: unrolled.iter().filter_map(|file| file.added.rows).sum(),
            roll_ups: rolling.roll_ups.load(Ordering::Relaxed),
            roll_up_failures: rolling.failures.load(Ordering::Relaxed),
            roll_up_nanos: rolling.nanos.load(Ordering::Relaxed),
            wal: shared.wal.stats(),
        }
    }
}

/// Learns what the files hold that are there, until told to stop.
async fn learn(shared: Arc<Shared>, stop: CancellationToken) {
    let files = shared.live.store_snapshot().all.files;
    let learning = learning::learn(&files, &shared.objects);
    stop.run_until_cancelled(learning).await;
}
