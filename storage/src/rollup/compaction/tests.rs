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
        figures: None,
    }
}

/// Files of a family.
fn of_family(family: Family, date: i32, size: u64, count: usize) -> Vec<(AddedFile, Family)> {
    vec![(file(date, size), family); count]
}

fn fresh(date: i32, size: u64, count: usize) -> Vec<(AddedFile, Family)> {
    of_family(Family::FreshToCopy, date, size, count)
}

fn candidates(files: &[(AddedFile, Family)]) -> Vec<Candidate<'_>> {
    let candidates = files.iter().map(|(added, family)| Candidate {
        added,
        family: *family,
    });
    candidates.collect()
}

#[track_caller]
fn check_families(
    now_ms: i64,
    files: &[(AddedFile, Family)],
    expect: Option<std::ops::Range<usize>>,
) {
    let found = plan(&candidates(files), now_ms);
    assert_eq!(found, expect.map(Iterator::collect));
}

#[track_caller]
fn check(files: &[AddedFile], expect: Option<std::ops::Range<usize>>) {
    check_at(0, files, expect);
}

#[track_caller]
fn check_at(now_ms: i64, files: &[AddedFile], expect: Option<std::ops::Range<usize>>) {
    let files = files.iter().map(|added| (added.clone(), Family::ToSum));
    check_families(now_ms, &files.collect::<Vec<_>>(), expect);
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
    check_families(0, &mixed, None);
    check_families(0, &[mixed.clone(), fresh(1, 1, 1)].concat(), Some(0..16));
    check_families(0, &[mixed.clone(), fresh(2, 1, 1)].concat(), Some(0..15));
    check_families(0, &[fresh(2, 1000, 15), fresh(1, 1, 1)].concat(), None);
    let merged = of_family(Family::ToSum, 1, 1000, 15);
    check_families(0, &[merged.clone(), fresh(1, 1000, 1)].concat(), None);
    let full = [
        merged,
        of_family(Family::ToSum, 1, 1000, 1),
        fresh(1, 1, 16),
    ]
    .concat();
    check_families(0, &full, Some(16..32));
    // As soon as they are as many bytes as are merged at a time.
    check_families(0, &fresh(1, FRESH_BYTES / 4 - 1, 4), None);
    check_families(0, &fresh(1, FRESH_BYTES / 4, 6), Some(0..4));
}

#[test]
fn files_that_are_copied_stand_apart_from_those_that_are_summed_up() {
    let copied = |size, count| of_family(Family::ToCopy, 1, size, count);
    let summed = of_family(Family::ToSum, 1, 1000, 15);
    check_families(0, &[summed.clone(), copied(1000, 15)].concat(), None);
    check_families(
        0,
        &[summed.clone(), copied(1000, 16)].concat(),
        Some(15..31),
    );
    check_families(0, &copied(4 << 20, 16), Some(0..4));
    check_families(0, &copied(MAX_COPIED_BYTES / 2 + 1, 40), None);
    let newest = of_family(Family::ToSum, 2, 1, 1);
    let over = |date: Vec<_>| [date, newest.clone()].concat();
    check_families(
        0,
        &over([summed[..1].to_vec(), copied(1000, 1)].concat()),
        None,
    );
    check_families(
        0,
        &over([summed[..1].to_vec(), copied(1000, 2)].concat()),
        Some(1..3),
    );
}

#[test]
fn fresh_files_are_merged_at_last_and_first_where_a_date_is_over() {
    for count in [1, 3] {
        check_families(FRESH_QUIET_MS - 1, &fresh(1, 1000, count), None);
        check_families(FRESH_QUIET_MS, &fresh(1, 1000, count), Some(0..count));
    }
    let newest = (file(2, 1), Family::ToSum);
    let merged = of_family(Family::ToSum, 1, 5000, 3);
    let over = [merged.clone(), fresh(1, 1000, 2), vec![newest.clone()]].concat();
    check_families(0, &over, Some(3..5));
    check_families(0, &[merged, vec![newest.clone()]].concat(), Some(0..3));
    // Few late spans have to wait.
    let late = [
        of_family(Family::ToSum, 1, 500_000, 1),
        fresh(1, 1, 2),
        vec![newest],
    ]
    .concat();
    check_families(FRESH_QUIET_MS - 1, &late, None);
    check_families(FRESH_QUIET_MS, &late, Some(1..3));
}

#[test]
fn fresh_rows_that_are_merged_fit_in_memory() {
    check_families(0, &fresh(1, 1 << 20, 20), Some(0..4));
    check_families(0, &fresh(1, FRESH_BYTES + 1, 20), Some(0..1));
    check_families(0, &fresh(1, MAX_MERGED_BYTES / 2 + 1, 20), None);
    let undated = AddedFile {
        date: None,
        ..file(1, 1)
    };
    check_families(QUIET_MS, &vec![(undated, Family::Fresh); 20], None);
}

#[test]
fn merging_ends_and_no_fresh_file_is_left() {
    let sizes = |count: u64| (1..=count).map(|number| number * number * 37_000 % (8 << 20));
    let family = |date: i32| {
        [
            Family::ToSum,
            Family::FreshToCopy,
            Family::Fresh,
            Family::ToCopy,
        ][date as usize]
    };
    for growth in [1, 3] {
        let dates =
            (0..4).flat_map(|date| sizes(40).map(move |size| (file(date, size), family(date))));
        let mut files: Vec<(AddedFile, Family)> = dates.collect();
        for round in 0.. {
            let Some(positions) = plan(&candidates(&files), QUIET_MS) else {
                break;
            };
            assert!(round < 400, "no end");
            let taken = || positions.iter().map(|position| &files[*position]);
            let (AddedFile { date, .. }, family) =
                taken().next().expect("one file at least").clone();
            assert!(taken().all(|(added, of_file)| added.date == date && *of_file == family));
            let bytes: u64 = taken().map(|(added, _)| added.size).sum();
            let (most, become_files) = match family {
                Family::Fresh => (FRESH_BYTES, vec![(bytes * growth, Family::ToSum)]),
                Family::FreshToCopy => {
                    let both = vec![(bytes, Family::ToCopy), (bytes / 2 * growth, Family::ToSum)];
                    (FRESH_BYTES, both)
                }
                Family::ToCopy => (MAX_COPIED_BYTES, vec![(bytes, family)]),
                Family::ToSum => (MAX_MERGED_BYTES, vec![(bytes, family)]),
            };
            assert!(become_files != [(bytes, family)] || positions.len() > 1);
            assert!(bytes <= most || positions.len() == 1);
            let rest = (0..files.len()).filter(|position| !positions.contains(position));
            let merged = become_files.into_iter().map(|(size, family)| {
                let merged = AddedFile {
                    date,
                    ..file(0, size)
                };
                (merged, family)
            });
            files = rest
                .map(|position| files[position].clone())
                .chain(merged)
                .collect();
        }
        let are_fresh = |family| matches!(family, Family::Fresh | Family::FreshToCopy);
        assert!(files.iter().all(|(_, family)| !are_fresh(*family)));
    }
}
