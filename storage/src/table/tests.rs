//! The table as its users see it.

mod checkpoints;
mod faults;
pub(crate) mod faulty_store;
mod foreign;
mod lifecycle;
mod races;

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::memory::InMemory;
use uuid::Uuid;

use super::log::TableState;
use super::*;
use crate::error::StorageError;

/// 2026-11-23, milliseconds since 1970.
const NOW_MS: i64 = 1_795_392_000_000;

fn in_memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

/// A file that tells its number; the table never looks into it.
fn file(number: u64) -> AddedFile {
    let date = PartitionDate::from_unix_nanos(NOW_MS * 1_000_000);
    AddedFile {
        path: data_file_path(date, Uuid::from_u128(u128::from(number))),
        size: 1000 + number,
        modification_time_ms: NOW_MS + number as i64,
        date: Some(date),
        rows: Some(10 * number),
        min_start_nanos: number as i64,
        max_start_nanos: 2 * number as i64,
        figures: None,
    }
}

fn write(adds: impl IntoIterator<Item = AddedFile>) -> Commit {
    Commit {
        operation: Operation::Write,
        adds: adds.into_iter().collect(),
        removes: Vec::new(),
        app_transaction: None,
        time_ms: NOW_MS,
    }
}

fn write_as(app_id: &str, version: i64, adds: impl IntoIterator<Item = AddedFile>) -> Commit {
    let app_transaction = Some(AppTransaction {
        app_id: app_id.to_owned(),
        version,
    });
    Commit {
        app_transaction,
        ..write(adds)
    }
}

fn replace(
    removes: impl IntoIterator<Item = AddedFile>,
    adds: impl IntoIterator<Item = AddedFile>,
) -> Commit {
    Commit {
        operation: Operation::Optimize,
        removes: removes.into_iter().collect(),
        ..write(adds)
    }
}

async fn open(store: &Arc<dyn ObjectStore>) -> (DeltaLog, TableState) {
    DeltaLog::open_or_create(&SPANS, Arc::clone(store), NOW_MS)
        .await
        .expect("opens")
}

async fn commit(log: &mut DeltaLog, commit: Commit) -> Committed {
    log.commit(commit).await.expect("commits")
}

fn written(version: u64) -> Committed {
    Committed {
        outcome: Outcome::Written,
        version,
        foreign: Changes::default(),
    }
}
