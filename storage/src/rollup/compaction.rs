//! Which files of a rollup table become one.

use std::collections::BTreeMap;

use super::family::Family;
use crate::table::{AddedFile, PartitionDate};

/// So many files of one date and about one size become one.
const MERGE_WIDTH: usize = 16;
/// Files of a size class are at most this many times larger than those of the class below.
const CLASS_WIDTH: u64 = 8;
/// The smallest class: files up to this many bytes.
const SMALL_FILE_BYTES: u64 = 64 * 1024;
/// Rows of this step and of longer ones, in seconds, are summed up when they are merged: many are
/// equal. Those of shorter steps are copied.
const SHORTEST_SUMMED_STEP: i64 = 3_600;
/// Files are not merged into ones larger than this, nor are those of more than half of it merged.
const MAX_MERGED_BYTES: u64 = 48 << 20;
/// The same of files that are copied: a copy is in memory whole until it is stored. Where fresh ones
/// have so many bytes, they are merged: every question for longer steps reads them.
const MAX_COPIED_BYTES: u64 = 16 << 20;
/// When no file came for so long, none is expected.
const QUIET_MS: i64 = 3_600_000;
/// The same of files with fresh rows: longer than memtables get old, so that a trickle of spans is
/// not merged flush by flush.
const FRESH_QUIET_MS: i64 = 120_000;

/// A file that may become part of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) added: &'a AddedFile,
    pub(super) family: Family,
}

/// Files that are to be merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Their positions.
    pub(super) positions: Vec<usize>,
    pub(super) work: Work,
}

/// What is done with files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Rows of each step, fresh or not, go to files of their own.
    TellApart,
    /// They become one.
    Join {
        /// Whether it is enough to copy their rows.
        copies: bool,
        /// Whether rows of the next longer step are made of them, so that they are fresh no more.
        counts_longer: bool,
    },
}

/// The files of a date, by their positions.
#[derive(Debug, Default)]
struct OfDate {
    all: Vec<usize>,
    mixed: Vec<usize>,
    /// By step.
    fresh: BTreeMap<i64, Vec<usize>>,
    settled: BTreeMap<i64, Vec<usize>>,
}

/// The files that are to be merged next; none when all is well. Rows of a minute become those of an
/// hour some files at a time, and rows of an hour those of eight when their date is over. A row of a
/// long step is written again about once for each size class, and once more when its date is over; as
/// often, those of short steps are copied.
pub(super) fn plan(files: &[Candidate<'_>], now_ms: i64) -> Option<Plan> {
    let newest = files.iter().filter_map(|file| file.added.date).max();
    by_date(files).iter().find_map(|(date, of_date)| {
        let on_date = OnDate {
            files,
            of_date,
            is_over: newest.is_some_and(|newest| *date < newest),
            now_ms,
        };
        on_date.plan()
    })
}

/// A date on which files are to be merged.
struct OnDate<'a> {
    files: &'a [Candidate<'a>],
    of_date: &'a OfDate,
    /// Whether there are files of a later one.
    is_over: bool,
    now_ms: i64,
}

impl OnDate<'_> {
    fn plan(&self) -> Option<Plan> {
        let mixed = self.of_date.mixed.first().map(|position| Plan {
            positions: vec![*position],
            work: Work::TellApart,
        });
        let fresh = self.of_date.fresh.iter();
        let mut fresh = fresh.filter_map(|(step, positions)| self.of_fresh(*step, positions));
        let settled = self.of_date.settled.iter();
        let mut settled = settled.filter_map(|(step, positions)| {
            let due = || self.is_due(positions).then(|| positions.clone());
            let positions = self.alike(positions).or_else(due)?;
            Some(self.join(*step, &positions, false))
        });
        mixed.or_else(|| fresh.next()).or_else(|| settled.next())
    }

    fn of_fresh(&self, step: i64, positions: &[usize]) -> Option<Plan> {
        if step < SHORTEST_SUMMED_STEP {
            let is_time = positions.len() >= MERGE_WIDTH
                || bytes_of(self.files, positions) >= MAX_COPIED_BYTES
                || self.is_quiet(positions, FRESH_QUIET_MS)
                || self.is_due(&self.of_date.all);
            return is_time.then(|| self.join(step, positions, true));
        }
        let has_shorter = self.of_date.fresh.keys().any(|other| *other < step);
        if self.is_over && !has_shorter {
            return Some(self.join(step, positions, true));
        }
        let is_small = |position: &usize| self.files[*position].added.size <= most_bytes(step) / 2;
        let small: Vec<usize> = positions.iter().copied().filter(is_small).collect();
        Some(self.join(step, &self.alike(&small)?, false))
    }

    fn join(&self, step: i64, positions: &[usize], counts_longer: bool) -> Plan {
        Plan {
            positions: fitting(self.files, positions, most_bytes(step)),
            work: Work::Join {
                copies: step < SHORTEST_SUMMED_STEP,
                counts_longer,
            },
        }
    }

    /// The files of a size class that has many.
    fn alike(&self, positions: &[usize]) -> Option<Vec<usize>> {
        let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for position in positions {
            let class = size_class(self.files[*position].added.size);
            classes.entry(class).or_default().push(*position);
        }
        let mut classes = classes.into_values();
        classes.find(|positions| positions.len() >= MERGE_WIDTH)
    }

    /// Whether files become one as their date is over: a reader of a month opens them all. Late spans
    /// may still come, and the largest file is not written again for each of them.
    fn is_due(&self, positions: &[usize]) -> bool {
        let sizes = positions.iter();
        let sizes = sizes.map(|position| self.files[*position].added.size);
        let all = bytes_of(self.files, positions);
        let largest = sizes.max().unwrap_or_default();
        self.is_over
            && positions.len() > 1
            && (self.is_quiet(positions, QUIET_MS) || (all - largest) * CLASS_WIDTH >= largest)
    }

    fn is_quiet(&self, positions: &[usize], quiet_ms: i64) -> bool {
        let times = positions.iter();
        let times = times.map(|position| self.files[*position].added.modification_time_ms);
        let latest = times.max();
        latest.is_some_and(|latest| latest <= self.now_ms - quiet_ms)
    }
}

fn by_date(files: &[Candidate<'_>]) -> BTreeMap<PartitionDate, OfDate> {
    let mut dates: BTreeMap<PartitionDate, OfDate> = BTreeMap::new();
    for (position, file) in files.iter().enumerate() {
        // Without a date the rows may be of several, which one file cannot hold.
        let Some(date) = file.added.date else {
            continue;
        };
        let most = match file.family {
            Family::Mixed => MAX_MERGED_BYTES,
            // However large it is, it becomes rows of longer steps.
            Family::Fresh(_) => u64::MAX,
            Family::Settled(step) => most_bytes(step),
        };
        if file.added.size > most / 2 {
            continue;
        }
        let of_date = dates.entry(date).or_default();
        of_date.all.push(position);
        let alike = match file.family {
            Family::Mixed => &mut of_date.mixed,
            Family::Fresh(step) => of_date.fresh.entry(step).or_default(),
            Family::Settled(step) => of_date.settled.entry(step).or_default(),
        };
        alike.push(position);
    }
    dates
}

/// Files with rows of a step do not become larger than this.
fn most_bytes(step: i64) -> u64 {
    match step < SHORTEST_SUMMED_STEP {
        true => MAX_COPIED_BYTES,
        false => MAX_MERGED_BYTES,
    }
}

fn bytes_of(files: &[Candidate<'_>], positions: &[usize]) -> u64 {
    let sizes = positions.iter().map(|position| files[*position].added.size);
    sizes.sum()
}

/// The first of some files that are no larger than `most` bytes together; one at least.
fn fitting(files: &[Candidate<'_>], positions: &[usize], most: u64) -> Vec<usize> {
    let mut bytes = 0;
    let fitting = positions.iter().take_while(|position| {
        let is_first = bytes == 0;
        bytes += files[**position].added.size;
        is_first || bytes <= most
    });
    fitting.copied().collect()
}

fn size_class(bytes: u64) -> u32 {
    (bytes / SMALL_FILE_BYTES)
        .checked_ilog(CLASS_WIDTH)
        .map_or(0, |class| class + 1)
}

#[cfg(test)]
mod tests;
