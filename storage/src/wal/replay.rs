//! Reads the log's records back.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::directory::SegmentFile;
use super::error::{Corruption, WalError};
use super::position::{WalId, WalPosition};
use super::recovery::{LogEnd, TornTail, corruption};
use super::scan::{self, Bound};
use super::settings::Salvage;

/// The records that the log held when it was opened.
#[derive(Debug)]
pub struct Replay {
    dir: PathBuf,
    wal_id: WalId,
    segments: Vec<SegmentFile>,
    next: u64,
    torn_tail: Option<TornTail>,
    salvage: Salvage,
}

/// A record read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedRecord {
    /// Its place in the log.
    pub position: WalPosition,
    /// The tag that was appended with it.
    pub encoding: u8,
    /// Its body; keeps the whole segment in memory while it lives.
    pub body: Bytes,
}

/// How far a replay is. The records still to come are known; their bytes are taken from file sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplayProgress {
    /// Records given out.
    pub records: u64,
    /// Records to give out in all, if none is lost.
    pub records_total: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Bytes of all the segment files to read.
    pub bytes_total: u64,
}

/// What a replay did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplayReport {
    /// Records given out.
    pub records: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// What was skipped; empty without salvage.
    pub skipped: Vec<Corruption>,
}

impl Replay {
    pub(super) fn new(
        dir: &Path,
        wal_id: WalId,
        segments: Vec<SegmentFile>,
        end: LogEnd,
        salvage: Salvage,
    ) -> Self {
        Self {
            dir: dir.to_owned(),
            wal_id,
            segments,
            next: end.next,
            torn_tail: end.torn_tail,
            salvage,
        }
    }

    /// The last position that the log held when it was opened.
    pub fn last(&self) -> WalPosition {
        WalPosition::new(self.next - 1)
    }

    /// The torn tail that opening the log cut off, if there was one.
    pub fn torn_tail(&self) -> Option<&TornTail> {
        self.torn_tail.as_ref()
    }

    /// Gives the records after `after` to `on_record`, in order, reading one segment at a time.
    ///
    /// With salvage, damage is skipped, logged and listed in the report.
    ///
    /// # Errors
    /// What `on_record` returns; `BehindTable` if the log ends before `after`; `Io`; and without
    /// salvage `Corrupt` when the first damage or gap is reached.
    pub fn run<E: From<WalError>>(
        &self,
        after: WalPosition,
        mut on_record: impl FnMut(ReplayedRecord, ReplayProgress) -> Result<(), E>,
    ) -> Result<ReplayReport, E> {
        self.check_not_behind(after)?;
        let needed = self.segments_after(after);
        let mut report = ReplayReport::default();
        if let Some((first, _)) = needed.first()
            && first.first > after.get() + 1
        {
            self.lose(&mut report, missing_before(first, after))?;
        }
        let mut progress = ReplayProgress {
            records_total: self.next - 1 - after.get(),
            bytes_total: needed.iter().map(|(file, _)| file_bytes(file)).sum(),
            ..ReplayProgress::default()
        };
        for (file, next) in needed {
            let bytes = file.read()?;
            let scan = scan::scan_segment(&bytes, self.wal_id, file.first, Bound::Before(next));
            for damage in scan
                .damage
                .iter()
                .filter(|damage| *damage.lost.end() > after.get())
            {
                self.lose(&mut report, corruption(file, damage))?;
            }
            for record in scan.records.iter().filter(|r| r.position > after.get()) {
                let body = bytes.slice(record.payload.start + 1..record.payload.end);
                progress.records += 1;
                progress.bytes += body.len() as u64;
                let record = ReplayedRecord {
                    position: WalPosition::new(record.position),
                    encoding: bytes[record.payload.start],
                    body,
                };
                on_record(record, progress)?;
            }
        }
        report.records = progress.records;
        report.bytes = progress.bytes;
        Ok(report)
    }

    fn check_not_behind(&self, after: WalPosition) -> Result<(), WalError> {
        if after <= self.last() {
            return Ok(());
        }
        Err(WalError::BehindTable {
            dir: self.dir.clone(),
            wal_id: self.wal_id,
            after,
            last: self.last(),
        })
    }

    /// The segments that hold records after `after`, each with the first position of the next.
    fn segments_after(&self, after: WalPosition) -> Vec<(&SegmentFile, u64)> {
        let later_firsts = self.segments.iter().skip(1).map(|file| file.first);
        self.segments
            .iter()
            .zip(later_firsts.chain([self.next]))
            .filter(|(file, next)| file.first < *next && *next > after.get() + 1)
            .collect()
    }

    fn lose(&self, report: &mut ReplayReport, corruption: Corruption) -> Result<(), WalError> {
        if self.salvage == Salvage::Refuse {
            return Err(WalError::Corrupt(Box::new(corruption)));
        }
        tracing::error!(records = corruption.records(), %corruption, "skipping damage");
        report.skipped.push(corruption);
        Ok(())
    }
}

/// The records that no segment holds although the table lacks them.
fn missing_before(first: &SegmentFile, after: WalPosition) -> Corruption {
    Corruption {
        file: first.path.clone(),
        offset: 0,
        first: WalPosition::new(after.get() + 1),
        last: WalPosition::new(first.first - 1),
        reason: "the segments before this one are missing",
    }
}

/// The size of the file, or 0 if it cannot be asked: reading it will tell why.
fn file_bytes(file: &SegmentFile) -> u64 {
    std::fs::metadata(&file.path).map_or(0, |m| m.len())
}
