//! Moves memtables into the table, oldest first.
//!
//! The order of steps is what makes each span be in exactly one place after any crash: files
//! durable, then one commit that names them and how far the log is covered, then readers see the
//! files instead of the memtable, then the log is trimmed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use object_store::ObjectStoreExt;
use parquet::errors::ParquetError;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Shared, TableWriter};
use crate::StorageError;
use crate::clock;
use crate::data_file::DataFile;
use crate::fail_point::fail_point;
use crate::flush::{EncodedFile, encode_files};
use crate::live::{FileChange, Frozen};
use crate::table::{
    AddedFile, AppTransaction, Changes, Commit, Operation, Outcome, data_file_path,
};

/// How often the age of the active memtable is looked at.
const TICK: Duration = Duration::from_millis(500);
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);

/// How often the log is read for what other writers did, such as a compaction by another engine.
const REFRESH: Duration = Duration::from_secs(30);

/// Flushes until told to stop.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut retry_in = FIRST_RETRY;
    let mut refreshed = Instant::now();
    loop {
        let flushed = flush_oldest(&shared).await;
        let pause = match flushed {
            Ok(true) => {
                retry_in = FIRST_RETRY;
                continue;
            }
            Ok(false) => TICK,
            Err(error) => {
                tracing::warn!(%error, retry_seconds = retry_in.as_secs(), "spans wait in memory: they could not be moved into the table");
                let pause = retry_in;
                retry_in = (retry_in * 2).min(LAST_RETRY);
                pause
            }
        };
        let has_failed = pause != TICK;
        tokio::select! {
            () = stop.cancelled() => return,
            () = shared.live.frozen_one.notified(), if !has_failed => {}
            () = tokio::time::sleep(pause) => {}
        }
        if !has_failed && refreshed.elapsed() >= REFRESH {
            refreshed = Instant::now();
            refresh(&shared).await;
        }
        if shared
            .live
            .active_since()
            .is_some_and(|since| since.elapsed() >= shared.settings.flush_age)
        {
            shared.live.freeze();
        }
    }
}

/// Takes over what other writers did to the table.
async fn refresh(shared: &Shared) {
    let mut table = shared.table.lock().await;
    match table.log.refresh(clock::unix_millis()).await {
        Ok(changes) if changes == Changes::default() => {}
        Ok(changes) => shared.live.apply(FileChange {
            version: table.log.version(),
            added: changes
                .added
                .into_iter()
                .map(|added| shared.objects.files.file(added))
                .collect(),
            removed: changes.removed,
            rewritten: changes.rewritten,
        }),
        Err(error) => tracing::warn!(%error, "changes of the table by others could not be read"),
    }
}

/// Moves the oldest frozen memtable into the table; false when none waits.
pub(super) async fn flush_oldest(shared: &Arc<Shared>) -> Result<bool, StorageError> {
    // Held throughout, so that only one flush runs at a time and commits come in log order.
    let mut table = shared.table.lock().await;
    let Some(frozen) = shared.live.oldest_frozen() else {
        return Ok(false);
    };
    let flushed = flush(shared, &mut table, frozen).await;
    if flushed.is_err() {
        shared.counters.failures.fetch_add(1, Ordering::Relaxed);
    }
    flushed.map(|()| true)
}

async fn flush(
    shared: &Arc<Shared>,
    table: &mut TableWriter,
    frozen: Frozen,
) -> Result<(), StorageError> {
    let started = Instant::now();
    let last = frozen.last;
    // A commit that failed is tried again with the files that are stored already.
    let files = match table.uncommitted.take() {
        Some((covers, files)) if covers == last => files,
        _ => store_files(shared, frozen).await?,
    };
    table.uncommitted = Some((last, files.clone()));
    fail_point("flush::after-files");
    let commit = Commit {
        operation: Operation::Write,
        adds: files.iter().map(|file| file.added.clone()).collect(),
        removes: Vec::new(),
        app_transaction: Some(AppTransaction {
            app_id: shared.wal.id().to_string(),
            version: i64::try_from(last.get())
                .map_err(|error| StorageError::unavailable("number the commit", error))?,
        }),
        time_ms: clock::unix_millis(),
    };
    let committed = table.log.commit(commit).await?;
    table.uncommitted = None;
    fail_point("flush::after-commit");
    let rows = files.iter().filter_map(|file| file.added.rows).sum();
    let bytes = files.iter().map(|file| file.added.size).sum();
    let own = match committed.outcome {
        Outcome::Written => files,
        // The commit of an earlier attempt stands, and its files with it; these are left-overs.
        Outcome::AlreadyCommitted => Vec::new(),
        Outcome::Conflict { path } => {
            let reason = format!("a commit that removes nothing met a conflict over {path}");
            return Err(StorageError::Unavailable {
                reason,
                source: None,
            });
        }
    };
    let foreign = committed
        .foreign
        .added
        .into_iter()
        .map(|added| shared.objects.files.file(added));
    shared.live.replace_oldest_frozen(FileChange {
        version: committed.version,
        added: foreign.chain(own).collect(),
        removed: committed.foreign.removed,
        rewritten: committed.foreign.rewritten,
    });
    count(shared, rows, bytes, started);
    trim(shared, last).await
}

async fn store_files(shared: &Shared, frozen: Frozen) -> Result<Vec<Arc<DataFile>>, StorageError> {
    let chunks = Arc::clone(&frozen.view.chunks);
    drop(frozen);
    // While memtables wait, memory is short.
    let keeps_spans = shared.live.frozen_count() <= 1;
    let memory = Arc::clone(&shared.objects.files);
    let encoding = tokio::task::spawn_blocking(move || {
        let files = encode_files(&chunks, keeps_spans.then_some(&memory.keeper))?.into_iter();
        let noted = files.map(|file| (memory.traces.note(&file.traces), file));
        Ok::<Vec<_>, ParquetError>(noted.collect())
    });
    let encoded = encoding.await;
    let encoded =
        encoded.map_err(|error| StorageError::unavailable("encode spans as Parquet", error))?;
    let encoded =
        encoded.map_err(|error| StorageError::unavailable("encode spans as Parquet", error))?;
    let mut files = Vec::with_capacity(encoded.len());
    for (filter, file) in encoded {
        let file = store_file(shared, file).await?;
        file.set_trace_filter(filter);
        files.push(file);
    }
    Ok(files)
}

async fn store_file(shared: &Shared, file: EncodedFile) -> Result<Arc<DataFile>, StorageError> {
    let added = AddedFile {
        path: data_file_path(file.date, Uuid::new_v4()),
        size: file.bytes.len() as u64,
        modification_time_ms: clock::unix_millis(),
        date: Some(file.date),
        rows: Some(file.rows),
        min_start_nanos: file.min_start_nanos,
        max_start_nanos: file.max_start_nanos,
        figures: None,
    };
    let put = shared
        .objects
        .spans
        .put(&added.location(), file.bytes.into())
        .await;
    put.map_err(|error| {
        StorageError::unavailable(&format!("write data file {}", added.path), error)
    })?;
    let memory = &shared.objects.files;
    let written = memory.written(added, file.footer, file.operations);
    file.kept
        .into_iter()
        .for_each(|kept| written.keep_spans(kept));
    Ok(written)
}

fn count(shared: &Shared, rows: u64, bytes: u64, started: Instant) {
    let counters = &shared.counters;
    counters.flushes.fetch_add(1, Ordering::Relaxed);
    counters.rows.fetch_add(rows, Ordering::Relaxed);
    counters.bytes.fetch_add(bytes, Ordering::Relaxed);
    let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    counters.nanos.fetch_add(nanos, Ordering::Relaxed);
    tracing::info!(
        rows,
        bytes,
        milliseconds = nanos / 1_000_000,
        "flushed spans to the table"
    );
}

/// Gives back the log's segments that the table covers. A failure costs disk space, not spans, and
/// the next flush tries again.
async fn trim(shared: &Arc<Shared>, through: crate::wal::WalPosition) -> Result<(), StorageError> {
    let trimming = Arc::clone(shared);
    let trimmed = tokio::task::spawn_blocking(move || trimming.wal.trim(through)).await;
    match trimmed.map_err(|error| StorageError::unavailable("trim the write-ahead log", error))? {
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the write-ahead log could not be trimmed"),
    }
    Ok(())
}
