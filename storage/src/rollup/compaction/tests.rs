//! Which files become one, case by case.

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

/// Files with fresh rows.
fn fresh(date: i32, size: u64, count: usize) -> Vec<(AddedFile, bool)> {
    vec![(file(date, size), true); count]
}

fn candidates(files: &[(AddedFile, bool)]) -> Vec<Candidate<'_>> {
    let candidates = files.iter().map(|(added, is_fresh)| Candidate {
        added,
        is_fresh: *is_fresh,
    });
    candidates.collect()
}

#[track_caller]
fn check_fresh(now_ms: i64, files: &[(AddedFile, bool)], expect: Option<std::ops::Range<usize>>) {
    let found = plan(&candidates(files), now_ms);
    assert_eq!(found, expect.map(Iterator::collect));
}

#[track_caller]
fn check(files: &[AddedFile], expect: Option<std::ops::Range<usize>>) {
    check_at(0, files, expect);
}

#[track_caller]
fn check_at(now_ms: i64, files: &[AddedFile], expect: Option<std::ops::Range<usize>>) {
    let files: Vec<_> = files.iter().map(|added| (added.clone(), false)).collect();
    check_fresh(now_ms, &files, expect);
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

#[test]
fn fresh_files_of_one_date_become_one_whatever_their_sizes() {
    let mixed = [fresh(1, 1000, 8), fresh(1, 200_000, 7)].concat();
    check_fresh(0, &mixed, None);
    check_fresh(0, &[mixed.clone(), fresh(1, 1, 1)].concat(), Some(0..16));
    check_fresh(0, &[mixed.clone(), fresh(2, 1, 1)].concat(), Some(0..15));
    check_fresh(0, &[fresh(2, 1000, 15), fresh(1, 1, 1)].concat(), None);
    let merged = vec![(file(1, 1000), false); 15];
    check_fresh(0, &[merged.clone(), fresh(1, 1000, 1)].concat(), None);
    let full = [merged, vec![(file(1, 1000), false)], fresh(1, 1, 16)].concat();
    check_fresh(0, &full, Some(16..32));
}

#[test]
fn fresh_files_are_merged_at_last_and_first_where_a_date_is_over() {
    for count in [1, 3] {
        check_fresh(QUIET_MS - 1, &fresh(1, 1000, count), None);
        check_fresh(QUIET_MS, &fresh(1, 1000, count), Some(0..count));
    }
    let newest = (file(2, 1), false);
    let merged = vec![(file(1, 5000), false); 3];
    let over = [merged.clone(), fresh(1, 1000, 2), vec![newest.clone()]].concat();
    check_fresh(0, &over, Some(3..5));
    check_fresh(0, &[merged, vec![newest.clone()]].concat(), Some(0..3));
    // Few late spans have to wait.
    let late = [
        vec![(file(1, 500_000), false)],
        fresh(1, 1, 2),
        vec![newest],
    ]
    .concat();
    check_fresh(QUIET_MS - 1, &late, None);
    check_fresh(QUIET_MS, &late, Some(1..3));
}

#[test]
fn fresh_rows_that_are_merged_fit_in_memory() {
    check_fresh(0, &fresh(1, 1 << 20, 20), Some(0..4));
    check_fresh(0, &fresh(1, FRESH_BYTES + 1, 20), Some(0..1));
    check_fresh(0, &fresh(1, MAX_MERGED_BYTES / 2 + 1, 20), None);
    let undated = AddedFile {
        date: None,
        ..file(1, 1)
    };
    check_fresh(QUIET_MS, &vec![(undated, true); 20], None);
}

#[test]
fn merging_ends_and_no_fresh_file_is_left() {
    let sizes = |count: u64| (1..=count).map(|number| number * number * 37_000 % (8 << 20));
    for growth in [1, 3] {
        let dates = (0..4).flat_map(|date| sizes(40).map(move |size| (file(date, size), date > 0)));
        let mut files: Vec<(AddedFile, bool)> = dates.collect();
        for round in 0.. {
            let Some(positions) = plan(&candidates(&files), QUIET_MS) else {
                break;
            };
            assert!(round < 400, "no end");
            let taken = || positions.iter().map(|position| &files[*position]);
            let date = taken().next().expect("one file at least").0.date;
            assert!(taken().all(|(added, _)| added.date == date));
            let was_fresh = taken().any(|(_, is_fresh)| *is_fresh);
            assert!(was_fresh || positions.len() > 1);
            assert!(taken().all(|(_, is_fresh)| *is_fresh == was_fresh));
            let bytes: u64 = taken().map(|(added, _)| added.size).sum();
            let (most, becomes) = match was_fresh {
                true => (FRESH_BYTES, bytes * growth),
                false => (MAX_MERGED_BYTES, bytes),
            };
            assert!(bytes <= most || positions.len() == 1);
            let merged = AddedFile {
                date,
                ..file(0, becomes)
            };
            let rest = (0..files.len()).filter(|position| !positions.contains(position));
            files = rest.map(|position| files[position].clone()).collect();
            files.push((merged, false));
        }
        assert!(files.iter().all(|(_, is_fresh)| !is_fresh));
    }
}
