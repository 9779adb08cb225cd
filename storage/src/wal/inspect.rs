//! Looks at a log without changing it, also while it is in use.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::directory::{self, SegmentFile};
use super::error::{Corruption, WalError};
use super::format::SegmentHeader;
use super::position::{WalId, WalPosition};
use super::recovery::corruption;
use super::scan::{self, Bound};

/// What is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectReport {
    /// The identity of the log, from `wal.id` or else from a segment.
    pub wal_id: Option<WalId>,
    /// In order of position.
    pub segments: Vec<SegmentReport>,
    /// Spare segment files.
    pub spares: usize,
    /// Records in all segments.
    pub records: u64,
    /// Bytes of their bodies.
    pub body_bytes: u64,
}

/// What is in one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReport {
    /// The segment file.
    pub file: PathBuf,
    /// Size of the file.
    pub file_bytes: u64,
    /// Its first and last readable record, if it has one.
    pub positions: Option<(WalPosition, WalPosition)>,
    /// Readable records.
    pub records: u64,
    /// Bytes of their bodies.
    pub body_bytes: u64,
    /// How it ends.
    pub state: SegmentState,
}

/// How a segment ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SegmentState {
    /// With its last record.
    Clean,
    /// With a group that is not whole: torn by a crash, or just being written.
    TornTail {
        /// Byte offset of the group.
        offset: u64,
        /// Bytes of it that were found.
        bytes: u64,
    },
    /// Records that were durable are unreadable.
    Corrupt(Vec<Corruption>),
}

/// Reads the log in `dir` without locking or changing it, one segment in memory at a time.
///
/// # Errors
/// `Io`, and `Identity` if `wal.id` is not one. Damage is part of the report.
pub fn inspect(dir: &Path) -> Result<InspectReport, WalError> {
    let listing = directory::list(dir)?;
    let mut report = InspectReport {
        wal_id: directory::read_id(dir)?,
        segments: Vec::new(),
        spares: listing.spares.len(),
        records: 0,
        body_bytes: 0,
    };
    let bounds = listing
        .segments
        .iter()
        .skip(1)
        .map(|file| Bound::Before(file.first));
    for (file, bound) in listing.segments.iter().zip(bounds.chain([Bound::Unknown])) {
        let Some(bytes) = read_unless_released(file)? else {
            continue;
        };
        if report.wal_id.is_none() {
            report.wal_id = SegmentHeader::decode(&bytes).map(|header| header.wal_id);
        }
        let wal_id = report.wal_id.unwrap_or_else(WalId::random);
        let segment = report_segment(file, &bytes, wal_id, bound);
        report.records += segment.records;
        report.body_bytes += segment.body_bytes;
        report.segments.push(segment);
    }
    Ok(report)
}

fn report_segment(file: &SegmentFile, bytes: &[u8], wal_id: WalId, bound: Bound) -> SegmentReport {
    let scan = scan::scan_segment(bytes, wal_id, file.first, bound);
    let state = if !scan.damage.is_empty() {
        SegmentState::Corrupt(scan.damage.iter().map(|d| corruption(file, d)).collect())
    } else if scan.torn_bytes > 0 {
        SegmentState::TornTail {
            offset: scan.end as u64,
            bytes: scan.torn_bytes,
        }
    } else {
        SegmentState::Clean
    };
    let position_of =
        |record: Option<&scan::RecordSpan>| record.map(|r| WalPosition::new(r.position));
    SegmentReport {
        file: file.path.clone(),
        file_bytes: bytes.len() as u64,
        positions: position_of(scan.records.first()).zip(position_of(scan.records.last())),
        records: scan.records.len() as u64,
        body_bytes: scan
            .records
            .iter()
            .map(|r| r.payload.len() as u64 - 1)
            .sum(),
        state,
    }
}

/// The bytes of the segment, or none if it was released before they were all read: then the file
/// may have been overwritten meanwhile.
fn read_unless_released(segment: &SegmentFile) -> Result<Option<Vec<u8>>, WalError> {
    let path = &segment.path;
    let not_found = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if not_found(&error) => return Ok(None),
        Err(error) => return Err(WalError::io("open", path, error)),
    };
    let mut bytes = Vec::new();
    let read = file.read_to_end(&mut bytes).and_then(|_| file.metadata());
    let opened = read.map_err(|error| WalError::io("read", path, error))?;
    match std::fs::metadata(path) {
        Ok(named) if named.ino() == opened.ino() => Ok(Some(bytes)),
        Ok(_) => Ok(None),
        Err(error) if not_found(&error) => Ok(None),
        Err(error) => Err(WalError::io("read the size of", path, error)),
    }
}
