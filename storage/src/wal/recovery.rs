//! Finds the end of a log when it is opened, and makes it a firm one.

use std::fs::File;
use std::io::IoSlice;
use std::path::PathBuf;

use super::active_segment;
use super::directory::SegmentFile;
use super::error::{Corruption, WalError};
use super::position::{WalId, WalPosition};
use super::scan::{self, Bound, Damage, SegmentScan};
use super::settings::Salvage;
use crate::fail_point::fail_point;

/// The end of a group that was not written whole, found and cut off when the log was opened. None
/// of its records was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The segment file.
    pub file: PathBuf,
    /// Byte offset at which it was cut.
    pub offset: u64,
    /// Bytes of the torn group that were cut off.
    pub bytes: u64,
}

/// Where a log ends.
#[derive(Debug)]
pub(super) struct LogEnd {
    pub next: u64,
    pub torn_tail: Option<TornTail>,
}

/// Scans the `last` segment of log `wal_id` for its end and makes all before it durable. Damage to
/// records through `covered` matters to nobody.
pub(super) fn find_end(
    wal_id: WalId,
    last: Option<&SegmentFile>,
    salvage: Salvage,
    covered: WalPosition,
) -> Result<LogEnd, WalError> {
    let Some(last) = last else {
        return Ok(LogEnd {
            next: 1,
            torn_tail: None,
        });
    };
    let bytes = last.read()?;
    let scan = scan::scan_segment(&bytes, wal_id, last.first, Bound::Unknown);
    for damage in &scan.damage {
        // Salvage names each damage when the records are replayed.
        if salvage == Salvage::Refuse && *damage.lost.end() > covered.get() {
            return Err(WalError::Corrupt(Box::new(corruption(last, damage))));
        }
    }
    let torn_tail = (scan.torn_bytes > 0).then(|| TornTail {
        file: last.path.clone(),
        offset: scan.end as u64,
        bytes: scan.torn_bytes,
    });
    if let Some(torn) = &torn_tail {
        tracing::warn!(
            file = %torn.file.display(),
            offset = torn.offset,
            bytes = torn.bytes,
            "the write-ahead log has a torn tail, which was never acknowledged; cutting it off"
        );
    }
    make_firm(last, &bytes, &scan)?;
    Ok(LogEnd {
        next: scan.next,
        torn_tail,
    })
}

/// Makes what was found the durable end of the segment.
fn make_firm(last: &SegmentFile, bytes: &[u8], scan: &SegmentScan) -> Result<(), WalError> {
    let Some(header) = scan.header else {
        return Ok(());
    };
    let is_cut = bytes.len() == scan.end + super::format::FRAME_HEADER_BYTES;
    if scan.is_sealed && is_cut {
        return Ok(());
    }
    let path = &last.path;
    let file = File::options()
        .write(true)
        .open(path)
        .map_err(|error| WalError::io("open", path, error))?;
    // What was read may be only in the page cache, and after a failed write-back even be marked
    // clean there. Written again, the last group is dirty and the sync means something.
    let last_group = IoSlice::new(&bytes[scan.last_group_at..scan.end]);
    active_segment::write_all_at(&file, &mut [last_group], scan.last_group_at as u64)
        .and_then(|()| file.sync_all())
        .map_err(|error| WalError::io("make durable the end of", path, error))?;
    fail_point("wal::recovery");
    active_segment::finish(&file, path, header.salt, scan.end as u64, scan.next)
}

/// The `damage` in `file` as it is reported.
pub(super) fn corruption(file: &SegmentFile, damage: &Damage) -> Corruption {
    Corruption {
        file: file.path.clone(),
        offset: damage.offset as u64,
        first: WalPosition::new(*damage.lost.start()),
        last: WalPosition::new(*damage.lost.end()),
        reason: damage.reason,
    }
}
