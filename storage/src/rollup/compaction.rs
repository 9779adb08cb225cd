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

/// The positions of files that are to become one; none when all is well. A row is written again
/// about once for each size class, not once for each commit.
pub(super) fn plan(files: &[&AddedFile]) -> Option<Vec<usize>> {
    let mut alike: BTreeMap<(Option<PartitionDate>, u32), Vec<usize>> = BTreeMap::new();
    for (position, file) in files.iter().enumerate() {
        // Without a date the rows may be of several, which one file cannot hold.
        if file.date.is_some() && file.size <= MAX_MERGED_BYTES / 2 {
            let class = size_class(file.size);
            alike.entry((file.date, class)).or_default().push(position);
        }
    }
    let mut full = alike
        .into_values()
        .filter(|positions| positions.len() >= MERGE_WIDTH);
    let positions = full.next()?;
    let mut bytes = 0;
    let fitting = positions.into_iter().take_while(|position| {
        bytes += files[*position].size;
        bytes <= MAX_MERGED_BYTES
    });
    Some(fitting.collect())
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

    fn check(files: &[AddedFile], expect: Option<std::ops::Range<usize>>) {
        let files: Vec<&AddedFile> = files.iter().collect();
        assert_eq!(plan(&files), expect.map(Iterator::collect));
    }

    #[test]
    fn files_of_one_date_and_size_become_one() {
        let small: Vec<AddedFile> = (0..16).map(|number| file(1, 1000 + number)).collect();
        check(&small, Some(0..16));
        check(&small[1..], None);
        let other_date: Vec<_> = small[1..].iter().cloned().chain([file(2, 1000)]).collect();
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
