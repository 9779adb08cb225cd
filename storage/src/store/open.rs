//! Opening a store: the table, then the log, then what the log holds beyond the table.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use object_store::ObjectStore;
use schemas::{SpanBatch, SpanBatchBuilder};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::{
    DecodePayload, Durable, FlushCounters, OnReplay, RollUpCounters, Shared, TableWriter, flusher,
};
use crate::budget::MemoryBudget;
use crate::catalog::Objects;
use crate::data_file::DataFile;
use crate::live::Live;
use crate::lookup::with_required;
use crate::rollup::{self, PerTable, RollUp, Roller, RollerParts};
use crate::table::{DeltaLog, DurableLocal, SPANS};
use crate::wal::{self, Replay, ReplayedRecord, Salvage, Wal, WalPosition, WalSettings};
use crate::{StorageError, StorageSettings, clock};

/// Where in the data directory the log is.
const WAL_DIRECTORY: &str = "wal";

pub(super) async fn open(
    settings: StorageSettings,
    decode: DecodePayload,
    on_replay: OnReplay,
    roll_up: Option<RollUp>,
) -> Result<Arc<Shared>, StorageError> {
    let now_ms = clock::unix_millis();
    let table_dir = settings.data_dir.join("spans");
    let opening = tokio::task::spawn_blocking(move || DurableLocal::open(&table_dir, now_ms));
    let spans: Arc<dyn ObjectStore> = Arc::new(
        opening
            .await
            .map_err(|error| StorageError::unavailable("open the table's directory", error))??,
    );
    let (table, state) = DeltaLog::open_or_create(&SPANS, Arc::clone(&spans), now_ms).await?;
    let kept = roll_up.as_ref();
    let kept = kept.map(|roll_up| with_required(&roll_up.columns));
    let mut objects = Objects::new(spans, kept.unwrap_or_default());
    let files: Arc<[Arc<DataFile>]> = state
        .files
        .into_iter()
        .map(|added| objects.files.file(added))
        .collect();
    let version = state.version;
    let live = Arc::new(Live::new(Arc::clone(&files), version, settings.flush_bytes));
    let mut roller = None;
    if let Some(roll_up) = roll_up {
        let opened = rollup::open(&settings, &table, files, &objects.files).await?;
        live.begin_rollups(opened.rollups);
        objects = objects.with_figures(PerTable {
            red: Arc::clone(opened.writers.red.store()),
            edges: Arc::clone(opened.writers.edges.store()),
        });
        roller = Some(Mutex::new(Roller::new(RollerParts {
            roll_up,
            live: Arc::clone(&live),
            objects: objects.clone(),
            writers: opened.writers,
            catch_up: opened.catch_up,
        })));
    }
    let covered = covered(&settings, &table)?;
    let (wal, replay) = open_wal(&settings, covered, Arc::clone(&live)).await?;
    let shared = Arc::new(Shared {
        budget: MemoryBudget::new(settings.memory_budget_bytes),
        settings,
        live,
        wal,
        table: Mutex::new(TableWriter {
            log: table,
            uncommitted: None,
        }),
        objects,
        roller,
        is_closing: AtomicBool::new(false),
        counters: FlushCounters::default(),
        roll_up_counters: RollUpCounters::default(),
    });
    let replaying = Arc::clone(&shared);
    let replayed = tokio::task::spawn_blocking(move || {
        replay_after(&replaying, &replay, covered, &decode, &on_replay)
    });
    replayed
        .await
        .map_err(|error| StorageError::unavailable("replay the write-ahead log", error))??;
    Ok(shared)
}

/// How far the table holds the log's records.
fn covered(settings: &StorageSettings, table: &DeltaLog) -> Result<WalPosition, StorageError> {
    let id = wal::read_id(&settings.data_dir.join(WAL_DIRECTORY))?;
    let version = id.and_then(|id| table.app_transaction(&id.to_string()));
    Ok(WalPosition::new(
        version
            .and_then(|version| u64::try_from(version).ok())
            .unwrap_or(0),
    ))
}

async fn open_wal(
    settings: &StorageSettings,
    covered: WalPosition,
    live: Arc<Live>,
) -> Result<(Wal<Durable>, Replay), StorageError> {
    let wal_settings = WalSettings {
        segment_bytes: settings.wal_segment_bytes,
        max_record_bytes: settings.max_payload_bytes,
        queue_bytes: 2 * settings.max_payload_bytes,
        covered,
        ..WalSettings::new(settings.data_dir.join(WAL_DIRECTORY))
    };
    let salvage = settings.salvage;
    let on_durable = move |records: Vec<(WalPosition, Durable)>| {
        // The reservations end once the memtable counts the batches itself.
        let (batches, _reservations): (Vec<(WalPosition, SpanBatch)>, Vec<_>) = records
            .into_iter()
            .map(|(position, durable)| ((position, durable.batch), durable._reservation))
            .unzip();
        live.push(batches, Instant::now());
    };
    let opening =
        tokio::task::spawn_blocking(move || Wal::open(&wal_settings, salvage, on_durable));
    Ok(opening
        .await
        .map_err(|error| StorageError::unavailable("open the write-ahead log", error))??)
}

fn replay_after(
    shared: &Arc<Shared>,
    replay: &Replay,
    covered: WalPosition,
    decode: &DecodePayload,
    on_replay: &OnReplay,
) -> Result<(), StorageError> {
    let started = Instant::now();
    let report = replay.run(covered, |record, progress| {
        if let Some(batch) = decode_record(shared, &record, decode)? {
            shared
                .live
                .push(vec![(record.position, batch)], Instant::now());
        }
        on_replay(progress);
        // A log may hold more than fits in memory, so what is full goes into the table first.
        while shared.live.oldest_frozen().is_some() {
            Handle::current().block_on(flusher::flush_oldest(shared))?;
        }
        Ok::<(), StorageError>(())
    })?;
    if shared.settings.salvage == Salvage::Skip {
        cover_what_was_salvaged(shared, replay.last())?;
    }
    if report.records > 0 {
        let (records, milliseconds) = (report.records, started.elapsed().as_millis());
        tracing::info!(
            records,
            bytes = report.bytes,
            milliseconds,
            "replayed the write-ahead log"
        );
    }
    Ok(())
}

/// Moves everything into the table, and notes there that the log is done with through `last`: the
/// next start does not meet the damage again.
fn cover_what_was_salvaged(shared: &Arc<Shared>, last: WalPosition) -> Result<(), StorageError> {
    shared.live.push(
        vec![(last, SpanBatchBuilder::default().finish())],
        Instant::now(),
    );
    shared.live.freeze();
    while shared.live.oldest_frozen().is_some() {
        Handle::current().block_on(flusher::flush_oldest(shared))?;
    }
    Ok(())
}

/// Decodes a record that was once acknowledged; with salvage a record that no longer decodes is
/// named and skipped.
fn decode_record(
    shared: &Shared,
    record: &ReplayedRecord,
    decode: &DecodePayload,
) -> Result<Option<SpanBatch>, StorageError> {
    let reason = match decode(record.encoding, &record.body) {
        Ok(batch) => return Ok(Some(batch)),
        Err(reason) => reason,
    };
    let reason = format!(
        "record {} of the write-ahead log (encoding {}) does not decode: {reason}; \
         start the version that wrote it, or once with salvage to skip it",
        record.position, record.encoding
    );
    match shared.settings.salvage {
        Salvage::Refuse => Err(StorageError::Corrupt {
            reason,
            source: None,
        }),
        Salvage::Skip => {
            tracing::error!(position = record.position.get(), "{reason}");
            Ok(None)
        }
    }
}
