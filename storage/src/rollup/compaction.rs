//! Which files of a rollup table become one.

use std::collections::BTreeMap;

use crate::table::{AddedFile, PartitionDate};

/// So many files of one date and about one size become one.
const MERGE_WIDTH: usize = 16;
/// Files of a size class are at most this many times larger than those of the class below.
const CLASS_WIDTH: u64 = 8;
/// The smallest class: files up to this many bytes.
const SMALL_FILE_BYTES: u64 = 64 * 1024;
/// Files are not merged into ones larger than this, nor are those of more than half of it merged.
const MAX_MERGED_BYTES: u64 = 48 << 20;
/// Files with fresh rows are merged up to so many bytes at a time: all their rows are in memory at
/// once, and become rows of all families there.
const FRESH_BYTES: u64 = 4 << 20;
/// When no file came for so long, none is expected.
const QUIET_MS: i64 = 3_600_000;

/// A file that may become part of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) added: &'a AddedFile,
    /// Whether it may hold fresh rows: they lack those of longer steps, and are merged by
    /// themselves.
    pub(super) is_fresh: bool,
}

/// The candidates of a date, by their positions.
#[derive(Debug, Default)]
struct OfDate {
    all: Vec<usize>,
    fresh: Vec<usize>,
    /// Those that are not fresh, by size class.
    alike: BTreeMap<u32, Vec<usize>>,
    merged: Vec<usize>,
}

/// The positions of files that are to become one; none when all is well. A row is written again
/// once when it is not fresh any more, then about once for each size class, not once for each
/// commit, and once more when its date is over.
pub(super) fn plan(files: &[Candidate<'_>], now_ms: i64) -> Option<Vec<usize>> {
    let newest = files.iter().filter_map(|file| file.added.date).max();
    let dates = by_date(files);
    let is_over = |date: &PartitionDate| newest.is_some_and(|newest| *date < newest);
    let is_due = |date: &PartitionDate, positions: &[usize]| {
        is_over(date) && is_worth_it(files, positions, now_ms)
    };
    let mut fresh = dates.iter().filter(|(date, of_date)| {
        let fresh = &of_date.fresh;
        fresh.len() >= MERGE_WIDTH
            || (!fresh.is_empty() && (is_quiet(files, fresh, now_ms) || is_due(date, &of_date.all)))
    });
    if let Some((_, of_date)) = fresh.next() {
        return Some(fitting(files, &of_date.fresh, FRESH_BYTES));
    }
    let mut full = dates
        .values()
        .flat_map(|of_date| of_date.alike.values())
        .filter(|positions| positions.len() >= MERGE_WIDTH);
    let mut over = dates
        .iter()
        .filter(|(date, of_date)| is_due(date, &of_date.merged))
        .map(|(_, of_date)| &of_date.merged);
    let positions = full.next().or_else(|| over.next())?;
    Some(fitting(files, positions, MAX_MERGED_BYTES))
}

fn by_date(files: &[Candidate<'_>]) -> BTreeMap<PartitionDate, OfDate> {
    let mut dates: BTreeMap<PartitionDate, OfDate> = BTreeMap::new();
    for (position, file) in files.iter().enumerate() {
        // Without a date the rows may be of several, which one file cannot hold.
        if let Some(date) = file.added.date
            && file.added.size <= MAX_MERGED_BYTES / 2
        {
            let of_date = dates.entry(date).or_default();
            of_date.all.push(position);
            if file.is_fresh {
                of_date.fresh.push(position);
            } else {
                let class = size_class(file.added.size);
                of_date.alike.entry(class).or_default().push(position);
                of_date.merged.push(position);
            }
        }
    }
    dates
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

/// Whether the files of a date that is over become one: a reader of a month opens them all. Late
/// spans may still come, and the largest file is not written again for each of them.
fn is_worth_it(files: &[Candidate<'_>], positions: &[usize], now_ms: i64) -> bool {
    let sizes = || positions.iter().map(|position| files[*position].added.size);
    let all: u64 = sizes().sum();
    let largest = sizes().max().unwrap_or_default();
    positions.len() > 1
        && (is_quiet(files, positions, now_ms) || (all - largest) * CLASS_WIDTH >= largest)
}

fn is_quiet(files: &[Candidate<'_>], positions: &[usize], now_ms: i64) -> bool {
    let times = positions.iter();
    let times = times.map(|position| files[*position].added.modification_time_ms);
    let latest = times.max();
    latest.is_some_and(|latest| now_ms.saturating_sub(latest) >= QUIET_MS)
}

fn size_class(bytes: u64) -> u32 {
    (bytes / SMALL_FILE_BYTES)
        .checked_ilog(CLASS_WIDTH)
        .map_or(0, |class| class + 1)
}

#[cfg(test)]
mod tests;
