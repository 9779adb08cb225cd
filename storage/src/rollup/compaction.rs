//! Which files of a rollup table become one.

use std::collections::BTreeMap;

use crate::table::{AddedFile, PartitionDate};

/// So many files of one date and about one size become one.
const MERGE_WIDTH: usize = 16;
/// Files of a size class are at most this many times larger than those of the class below.
const CLASS_WIDTH: u64 = 8;
/// The smallest class: files up to this many bytes.
const SMALL_FILE_BYTES: u64 = 64 * 1024;
/// Files are not merged into ones much larger than this: all their rows are in memory at once.
const MAX_MERGED_BYTES: u64 = 48 << 20;
/// When no file came for so long, none is expected.
const QUIET_MS: i64 = 3_600_000;

/// The positions of files that are to become one; none when all is well. A row is written again
/// about once for each size class, not once for each commit, and once more when its date is over.
pub(super) fn plan(files: &[&AddedFile], now_ms: i64) -> Option<Vec<usize>> {
    let mut alike: BTreeMap<(PartitionDate, u32), Vec<usize>> = BTreeMap::new();
    let mut dates: BTreeMap<PartitionDate, Vec<usize>> = BTreeMap::new();
    let newest = files.iter().filter_map(|file| file.date).max();
    for (position, file) in files.iter().enumerate() {
        // Without a date the rows may be of several, which one file cannot hold.
        if let Some(date) = file.date
            && file.size <= MAX_MERGED_BYTES / 2
        {
            let class = size_class(file.size);
            alike.entry((date, class)).or_default().push(position);
            dates.entry(date).or_default().push(position);
        }
    }
    let is_over = |date: &PartitionDate| newest.is_some_and(|newest| *date < newest);
    let mut full = alike
        .into_values()
        .filter(|positions| positions.len() >= MERGE_WIDTH);
    let mut over = dates
        .into_iter()
        .filter(|(date, positions)| is_over(date) && is_worth_it(files, positions, now_ms))
        .map(|(_, positions)| positions);
    let positions = full.next().or_else(|| over.next())?;
    let mut bytes = 0;
    let fitting = positions.into_iter().take_while(|position| {
        bytes += files[*position].size;
        bytes <= MAX_MERGED_BYTES
    });
    Some(fitting.collect())
}

/// Whether the files of a date that is over become one: a reader of a month opens them all. Late
/// spans may still come, and the largest file is not written again for each of them.
fn is_worth_it(files: &[&AddedFile], positions: &[usize], now_ms: i64) -> bool {
    let of_date = || positions.iter().map(|position| files[*position]);
    let all: u64 = of_date().map(|file| file.size).sum();
    let largest = of_date().map(|file| file.size).max().unwrap_or_default();
    let latest = of_date().map(|file| file.modification_time_ms).max();
    let is_quiet = latest.is_some_and(|latest| now_ms.saturating_sub(latest) >= QUIET_MS);
    positions.len() > 1 && (is_quiet || (all - largest) * CLASS_WIDTH >= largest)
}

fn size_class(bytes: u64) -> u32 {
    (bytes / SMALL_FILE_BYTES)
        .checked_ilog(CLASS_WIDTH)
        .map_or(0, |class| class + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(date: i32, size: u64) -> AddedFile {
        AddedFile {
            path: String::new(),
            size,
            modification_time_ms: 0,
            date: Some(PartitionDate(date)),
            rows: None,
            min_start_nanos: 0,
            max_start_nanos: 0,
        }
    }

    #[track_caller]
    fn check(files: &[AddedFile], expect: Option<std::ops::Range<usize>>) {
        check_at(0, files, expect);
    }

    #[track_caller]
    fn check_at(now_ms: i64, files: &[AddedFile], expect: Option<std::ops::Range<usize>>) {
        let files: Vec<&AddedFile> = files.iter().collect();
        assert_eq!(plan(&files, now_ms), expect.map(Iterator::collect));
    }

    #[test]
    fn a_date_that_is_over_ends_in_one_file() {
        let large = || file(1, 4 << 20);
        check(&[large(), file(1, 1 << 20)], None);
        check(&[large(), file(1, 1 << 20), file(2, 1000)], Some(0..2));
        // Few late spans have to wait.
        let late = [large(), file(1, 1000), file(2, 1000)];
        check(&late, None);
        check_at(QUIET_MS - 1, &late, None);
        check_at(QUIET_MS, &late, Some(0..2));
        check_at(QUIET_MS, &[large(), file(2, 1000)], None);
        check_at(
            QUIET_MS,
            &[file(1, 30 << 20), file(1, 1000), file(2, 1)],
            None,
        );
    }

    #[test]
    fn files_of_one_date_and_size_become_one() {
        let small: Vec<AddedFile> = (0..16).map(|number| file(1, 1000 + number)).collect();
        check(&small, Some(0..16));
        check(&small[1..], None);
        let other_date: Vec<_> = small[1..].iter().cloned().chain([file(0, 1000)]).collect();
        check(&other_date, None);
        let other_size: Vec<_> = small[1..]
            .iter()
            .cloned()
            .chain([file(1, 1 << 20)])
            .collect();
        check(&other_size, None);
    }

    #[test]
    fn what_is_merged_fits_in_memory() {
        let large: Vec<AddedFile> = (0..20).map(|_| file(1, 5 << 20)).collect();
        check(&large, Some(0..9));
        let full: Vec<AddedFile> = (0..40).map(|_| file(1, 30 << 20)).collect();
        check(&full, None);
        let undated = AddedFile {
            date: None,
            ..file(1, 1)
        };
        check(&vec![undated; 40], None);
    }
}
