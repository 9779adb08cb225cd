//! Reads the bytes of one segment: which records it holds, what is damaged, and where it ends.

use std::ops::{Range, RangeInclusive};

use super::format::{self, FRAME_ALIGNMENT, FRAME_HEADER_BYTES, Frame, SegmentHeader};
use super::position::WalId;

/// What is known from outside about where a segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// All records before this position were durable: the next segment begins with it.
    Before(u64),
    /// It is the last segment: it ends where its last group ends, or is torn.
    Unknown,
}

/// What a segment holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SegmentScan {
    /// Absent if both copies are damaged; then nothing of the segment can be read.
    pub header: Option<SegmentHeader>,
    pub records: Vec<RecordSpan>,
    pub damage: Vec<Damage>,
    /// The position after the last record.
    pub next: u64,
    /// Byte offset after the last record.
    pub end: usize,
    /// Byte offset of the first record of the last group.
    pub last_group_at: usize,
    /// Whether a seal at `end` says that the last group was durable.
    pub is_sealed: bool,
    /// Bytes after `end` of a group that was not written whole.
    pub torn_bytes: u64,
}

/// An intact record in a segment's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordSpan {
    pub position: u64,
    /// The encoding tag and the body.
    pub payload: Range<usize>,
}

/// Records that were durable and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    pub offset: usize,
    pub lost: RangeInclusive<u64>,
    pub reason: &'static str,
}

/// Scans the segment file `bytes` of log `wal_id` whose name says that it begins with `first`.
pub(super) fn scan_segment(bytes: &[u8], wal_id: WalId, first: u64, bound: Bound) -> SegmentScan {
    let mut scan = SegmentScan {
        header: None,
        records: Vec::new(),
        damage: Vec::new(),
        next: first,
        end: 0,
        last_group_at: 0,
        is_sealed: false,
        torn_bytes: 0,
    };
    match SegmentHeader::decode(bytes) {
        None => scan.lose_all(bytes, bound, "the segment's header is damaged"),
        Some(header) if header.wal_id != wal_id => {
            scan.lose_all(bytes, bound, "the segment belongs to another log");
        }
        Some(header) if header.first != first => {
            scan.lose_all(bytes, bound, "the segment's name does not match its header");
        }
        Some(header) => {
            scan.header = Some(header);
            scan.end = format::HEADER_BYTES as usize;
            scan.last_group_at = scan.end;
            scan.walk(bytes, header.salt, bound);
        }
    }
    scan
}

impl SegmentScan {
    /// Accounts for a segment of which nothing can be read.
    fn lose_all(&mut self, bytes: &[u8], bound: Bound, reason: &'static str) {
        let first = self.next;
        self.next = match bound {
            Bound::Before(next) => next,
            // Positions must never be given out twice, so assume as many as can have fitted.
            Bound::Unknown => first + (bytes.len() / FRAME_HEADER_BYTES).max(1) as u64,
        };
        if self.next > first {
            self.damage.push(Damage {
                offset: 0,
                lost: first..=self.next - 1,
                reason,
            });
        }
    }

    fn walk(&mut self, bytes: &[u8], salt: u64, bound: Bound) {
        let mut group = None;
        loop {
            if let Bound::Before(next) = bound
                && self.next >= next
            {
                return;
            }
            let frame = Frame::decode(bytes, self.end)
                .filter(|f| f.position == self.next && f.is_intact(bytes, salt));
            if let Some(record) = frame.as_ref().filter(|f| !f.is_seal()) {
                if group.replace(record.group) != Some(record.group) {
                    self.last_group_at = self.end;
                }
                self.records.push(RecordSpan {
                    position: self.next,
                    payload: record.payload.clone(),
                });
                self.next += 1;
                self.end = record.end().min(bytes.len());
                continue;
            }
            let resumed = match bound {
                Bound::Before(next) => self.skip_damage_before(bytes, salt, next),
                Bound::Unknown => self.skip_proven_damage(bytes, salt, frame.is_some()),
            };
            if !resumed {
                return;
            }
        }
    }

    /// Goes on behind damage below `next`; false if nothing readable follows.
    fn skip_damage_before(&mut self, bytes: &[u8], salt: u64, next: u64) -> bool {
        let wanted = self.next + 1..=next - 1;
        match find_frame(bytes, salt, self.end, wanted) {
            Some((offset, frame)) => {
                self.lose_through(frame.position - 1);
                self.end = offset;
                true
            }
            None => {
                self.lose_through(next - 1);
                false
            }
        }
    }

    /// In the last segment, goes on behind damage if a later frame proves that what is damaged was
    /// durable; otherwise ends the segment here.
    fn skip_proven_damage(&mut self, bytes: &[u8], salt: u64, at_seal: bool) -> bool {
        let most_frames = ((bytes.len() - self.end) / FRAME_HEADER_BYTES) as u64;
        let wanted = self.next + 1..=self.next + 1 + most_frames;
        let mut first_later = None;
        let mut later_end = self.end;
        while let Some((offset, frame)) = find_frame(bytes, salt, later_end, wanted.clone()) {
            later_end = frame.end();
            let proves = frame.group > self.next;
            let (resume_at, resumed) = first_later.get_or_insert((offset, frame.position));
            if proves {
                let (resume_at, resumed) = (*resume_at, *resumed);
                self.lose_through(resumed - 1);
                self.end = resume_at;
                return true;
            }
        }
        self.is_sealed = at_seal;
        let torn_record_end = match Frame::decode(bytes, self.end) {
            Some(frame) if frame.position == self.next && !at_seal => frame.end(),
            None if Frame::position_at(bytes, self.end) == Some(self.next) => bytes.len(),
            Some(_) | None => self.end,
        };
        let torn_end = later_end.max(torn_record_end).min(bytes.len());
        self.torn_bytes = (torn_end.saturating_sub(self.end)) as u64;
        false
    }

    fn lose_through(&mut self, last: u64) {
        self.damage.push(Damage {
            offset: self.end,
            lost: self.next..=last,
            reason: "no intact record where one must be",
        });
        self.next = last + 1;
    }
}

/// The first intact frame at or after `from` with a position in `wanted`.
fn find_frame(
    bytes: &[u8],
    salt: u64,
    from: usize,
    wanted: RangeInclusive<u64>,
) -> Option<(usize, Frame)> {
    let from = from.next_multiple_of(FRAME_ALIGNMENT as usize);
    (from..bytes.len())
        .step_by(FRAME_ALIGNMENT as usize)
        .filter(|&offset| {
            // Nearly every offset fails here, so the search costs little.
            Frame::position_at(bytes, offset).is_some_and(|position| wanted.contains(&position))
        })
        .find_map(|offset| {
            let frame = Frame::decode(bytes, offset).filter(|f| f.is_intact(bytes, salt))?;
            Some((offset, frame))
        })
}

#[cfg(test)]
mod tests;
