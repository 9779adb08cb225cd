//! The log as its users see it.

#[cfg(feature = "fail-points")]
mod crash;
mod damage;
mod group_commit;
mod lifecycle;

use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::executor::block_on;
use tempfile::TempDir;

use super::*;

/// Small sizes, so that a few records fill a segment.
fn small(dir: &Path) -> WalSettings {
    let mut settings = WalSettings::new(dir);
    settings.segment_bytes = 32 << 10;
    settings.group_bytes = 16 << 10;
    settings.max_record_bytes = 8 << 10;
    settings.queue_bytes = 1 << 20;
    settings
}

fn temp_dir() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// Opens a log whose items go nowhere.
fn open(settings: &WalSettings) -> (Wal<()>, Replay) {
    Wal::open(settings, Salvage::Refuse, drop).expect("opens")
}

/// A body that tells its number and has a size of its own.
fn body(number: u64) -> Bytes {
    let mut body = number.to_le_bytes().to_vec();
    body.resize(8 + (number as usize * 37) % 2000, number as u8);
    Bytes::from(body)
}

/// Appends the records `numbers`, one group each, and returns their positions.
fn append(wal: &Wal<()>, numbers: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let append_one = |number| {
        let pending = wal.append(1, body(number), ()).expect("room");
        block_on(pending).expect("durable").get()
    };
    numbers.into_iter().map(append_one).collect()
}

/// The numbers of the records after `after`, each body checked.
fn replayed(replay: &Replay, after: u64) -> Result<(Vec<u64>, ReplayReport), WalError> {
    let mut numbers = Vec::new();
    let mut last = after;
    let report = replay.run(WalPosition::new(after), |record, _| {
        assert!(record.position.get() > last, "in order");
        last = record.position.get();
        let number = u64::from_le_bytes(record.body[..8].try_into().expect("eight bytes"));
        assert_eq!((record.encoding, record.body), (1, body(number)));
        numbers.push(number);
        Ok::<_, WalError>(())
    })?;
    Ok((numbers, report))
}

/// The segment files, oldest first.
fn segment_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let segments = directory::list(dir).expect("lists").segments;
    segments.into_iter().map(|segment| segment.path).collect()
}
