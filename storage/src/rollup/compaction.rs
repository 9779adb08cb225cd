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
/// Files are not merged into ones larger than this, nor are those of more than half of it merged.
const MAX_MERGED_BYTES: u64 = 48 << 20;
/// Files with fresh rows are merged where they have so many bytes, and up to as many at a time: all
/// their rows are in memory at once.
const FRESH_BYTES: u64 = 4 << 20;
/// Files that are copied do not become larger than this, nor are those of more than half of it copied
/// again: a copy is in memory whole until it is stored.
const MAX_COPIED_BYTES: u64 = 16 << 20;
/// When no file came for so long, none is expected.
const QUIET_MS: i64 = 3_600_000;
/// The same of files with fresh rows, of which every question reads all: longer than memtables get
/// old, so that a trickle of spans is not merged flush by flush.
const FRESH_QUIET_MS: i64 = 120_000;

/// A file that may become part of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) added: &'a AddedFile,
    pub(super) family: Family,
}

/// Files of a date that are not fresh, by their positions.
#[derive(Debug, Default)]
struct Settled {
    all: Vec<usize>,
    /// By size class.
    alike: BTreeMap<u32, Vec<usize>>,
}

/// The candidates of a date, by their positions.
#[derive(Debug, Default)]
struct OfDate {
    all: Vec<usize>,
    fresh: Vec<usize>,
    to_copy: Settled,
    to_sum: Settled,
}

/// The positions of files that are to be merged; none when all is well. A row is read once when it
/// is fresh. Those of the longest step are written again about once for each size class, and once
/// more when their date is over; as often, those of shorter steps are copied.
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
            || bytes_of(files, fresh) >= FRESH_BYTES
            || (!fresh.is_empty()
                && (is_quiet_since(files, fresh, now_ms - FRESH_QUIET_MS)
                    || is_due(date, &of_date.all)))
    });
    if let Some((_, of_date)) = fresh.next() {
        return Some(fitting(files, &of_date.fresh, FRESH_BYTES));
    }
    let mut settled = dates.iter().flat_map(|(date, of_date)| {
        let both = [
            (&of_date.to_copy, MAX_COPIED_BYTES),
            (&of_date.to_sum, MAX_MERGED_BYTES),
        ];
        both.map(|(settled, most)| (date, settled, most))
    });
    settled.find_map(|(date, settled, most)| {
        let mut full = settled.alike.values();
        let full = full.find(|positions| positions.len() >= MERGE_WIDTH);
        let over = || is_due(date, &settled.all).then_some(&settled.all);
        Some(fitting(files, full.or_else(over)?, most))
    })
}

fn by_date(files: &[Candidate<'_>]) -> BTreeMap<PartitionDate, OfDate> {
    let mut dates: BTreeMap<PartitionDate, OfDate> = BTreeMap::new();
    for (position, file) in files.iter().enumerate() {
        // Without a date the rows may be of several, which one file cannot hold.
        let Some(date) = file.added.date else {
            continue;
        };
        let most = match file.family {
            Family::ToCopy => MAX_COPIED_BYTES,
            Family::Fresh | Family::FreshToCopy | Family::ToSum => MAX_MERGED_BYTES,
        };
        if file.added.size > most / 2 {
            continue;
        }
        let of_date = dates.entry(date).or_default();
        of_date.all.push(position);
        let settled = match file.family {
            Family::Fresh | Family::FreshToCopy => {
                of_date.fresh.push(position);
                continue;
            }
            Family::ToCopy => &mut of_date.to_copy,
            Family::ToSum => &mut of_date.to_sum,
        };
        settled.all.push(position);
        let class = size_class(file.added.size);
        settled.alike.entry(class).or_default().push(position);
    }
    dates
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

/// Whether the files of a date that is over become one: a reader of a month opens them all. Late
/// spans may still come, and the largest file is not written again for each of them.
fn is_worth_it(files: &[Candidate<'_>], positions: &[usize], now_ms: i64) -> bool {
    let sizes = || positions.iter().map(|position| files[*position].added.size);
    let all = bytes_of(files, positions);
    let largest = sizes().max().unwrap_or_default();
    positions.len() > 1
        && (is_quiet_since(files, positions, now_ms - QUIET_MS)
            || (all - largest) * CLASS_WIDTH >= largest)
}

fn is_quiet_since(files: &[Candidate<'_>], positions: &[usize], since_ms: i64) -> bool {
    let times = positions.iter();
    let times = times.map(|position| files[*position].added.modification_time_ms);
    let latest = times.max();
    latest.is_some_and(|latest| latest <= since_ms)
}

fn size_class(bytes: u64) -> u32 {
    (bytes / SMALL_FILE_BYTES)
        .checked_ilog(CLASS_WIDTH)
        .map_or(0, |class| class + 1)
}

#[cfg(test)]
mod tests;
