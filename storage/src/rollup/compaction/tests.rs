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

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;

const COPY: Work = Work::Join {
    copies: true,
    counts_longer: false,
};
const COPY_AND_COUNT: Work = Work::Join {
    copies: true,
    counts_longer: true,
};
const SUM: Work = Work::Join {
    copies: false,
    counts_longer: false,
};
const SUM_AND_COUNT: Work = Work::Join {
    copies: false,
    counts_longer: true,
};

type File = (AddedFile, Family);

/// Files of a family.
fn of_family(family: Family, date: i32, size: u64, count: usize) -> Vec<File> {
    vec![(file(date, size), family); count]
}

fn minutes(date: i32, size: u64, count: usize) -> Vec<File> {
    of_family(Family::Fresh(MINUTE), date, size, count)
}

fn hours(date: i32, size: u64, count: usize) -> Vec<File> {
    of_family(Family::Fresh(HOUR), date, size, count)
}

fn settled(step: i64, date: i32, size: u64, count: usize) -> Vec<File> {
    of_family(Family::Settled(step), date, size, count)
}

fn candidates(files: &[File]) -> Vec<Candidate<'_>> {
    let candidates = files.iter().map(|(added, family)| Candidate {
        added,
        family: *family,
    });
    candidates.collect()
}

#[track_caller]
fn check_families(
    now_ms: i64,
    files: &[Vec<File>],
    expect: Option<(std::ops::Range<usize>, Work)>,
) {
    let files = files.concat();
    let found = plan(&candidates(&files), now_ms);
    let expect = expect.map(|(positions, work)| Plan {
        positions: positions.collect(),
        work,
    });
    assert_eq!(found, expect);
}

#[track_caller]
fn check(files: &[AddedFile], expect: Option<std::ops::Range<usize>>) {
    check_at(0, files, expect);
}

/// Files with rows of an hour that are not fresh.
#[track_caller]
fn check_at(now_ms: i64, files: &[AddedFile], expect: Option<std::ops::Range<usize>>) {
    let files = files.iter();
    let files = files.map(|added| (added.clone(), Family::Settled(HOUR)));
    check_families(now_ms, &[files.collect()], expect.map(|files| (files, SUM)));
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
fn minutes_of_one_date_become_hours_whatever_their_files_sizes() {
    let mixed = [minutes(1, 1000, 8), minutes(1, 200_000, 7)].concat();
    let merged = |files| Some((files, COPY_AND_COUNT));
    check_families(0, std::slice::from_ref(&mixed), None);
    check_families(0, &[mixed.clone(), minutes(1, 1, 1)], merged(0..16));
    check_families(0, &[mixed.clone(), minutes(2, 1, 1)], merged(0..15));
    check_families(0, &[minutes(2, 1000, 15), minutes(1, 1, 1)], None);
    check_families(
        0,
        &[settled(MINUTE, 1, 1000, 15), minutes(1, 1000, 1)],
        None,
    );
    // First they, then others.
    let full = [settled(MINUTE, 1, 1000, 16), minutes(1, 1, 16)];
    check_families(0, &full, merged(16..32));
    // As soon as they are as many bytes as are copied at a time.
    let quarter = MAX_COPIED_BYTES / 4;
    check_families(0, &[minutes(1, quarter - 1, 4)], None);
    check_families(0, &[minutes(1, quarter, 6)], merged(0..4));
    // One that is larger than that is still merged.
    check_families(0, &[minutes(1, 5 * MAX_MERGED_BYTES, 2)], merged(0..1));
}

#[test]
fn minutes_become_hours_at_last_and_first_where_a_date_is_over() {
    let merged = |files| Some((files, COPY_AND_COUNT));
    for count in [1, 3] {
        let files = [minutes(1, 1000, count)];
        check_families(FRESH_QUIET_MS - 1, &files, None);
        check_families(FRESH_QUIET_MS, &files, merged(0..count));
    }
    let newest = || hours(2, 1, 1);
    let over = [settled(HOUR, 1, 5000, 3), minutes(1, 1000, 2), newest()];
    check_families(0, &over, merged(3..5));
    // Few late spans have to wait.
    let late = [settled(HOUR, 1, 500_000, 1), minutes(1, 1, 2), newest()];
    check_families(FRESH_QUIET_MS - 1, &late, None);
    check_families(FRESH_QUIET_MS, &late, merged(1..3));
}

#[test]
fn hours_become_days_once_their_date_is_over_and_no_minutes_wait() {
    check_families(QUIET_MS, &[hours(1, 1000, 15)], None);
    check_families(0, &[hours(1, 1000, 16)], Some((0..16, SUM)));
    check_families(0, &[hours(1, MAX_MERGED_BYTES / 2 + 1, 40)], None);
    let newest = || hours(2, 1, 1);
    let became = |files| Some((files, SUM_AND_COUNT));
    check_families(0, &[hours(1, 1000, 1), newest()], became(0..1));
    check_families(0, &[hours(1, 1000, 40), newest()], became(0..40));
    check_families(0, &[hours(1, 30 << 20, 4), newest()], became(0..1));
    let late = [
        settled(HOUR, 1, 500_000, 1),
        minutes(1, 1, 1),
        hours(1, 1, 1),
        newest(),
    ];
    check_families(0, &late, None);
    // Those of the longest step are summed up as those of an hour are.
    check_families(0, &[settled(28_800, 1, 1000, 16)], Some((0..16, SUM)));
}

#[test]
fn files_of_each_step_stand_apart() {
    let copied = |size, count| settled(MINUTE, 1, size, count);
    let summed = |count| settled(HOUR, 1, 1000, count);
    check_families(0, &[summed(15), copied(1000, 15)], None);
    check_families(0, &[copied(1000, 15), settled(10, 1, 1000, 15)], None);
    check_families(0, &[summed(15), copied(1000, 16)], Some((15..31, COPY)));
    check_families(0, &[copied(4 << 20, 16)], Some((0..4, COPY)));
    check_families(0, &[copied(MAX_COPIED_BYTES / 2 + 1, 40)], None);
    let newest = || settled(HOUR, 2, 1, 1);
    check_families(0, &[summed(1), copied(1000, 1), newest()], None);
    check_families(
        0,
        &[summed(1), copied(1000, 2), newest()],
        Some((1..3, COPY)),
    );
}

#[test]
fn files_that_mix_rows_are_told_apart_one_by_one() {
    let mixed = |size, count| of_family(Family::Mixed, 1, size, count);
    let files = [minutes(1, 1000, 16), mixed(1000, 2)];
    check_families(0, &files, Some((16..17, Work::TellApart)));
    check_families(0, &[mixed(MAX_MERGED_BYTES / 2 + 1, 1)], None);
    let undated = AddedFile {
        date: None,
        ..file(1, 1)
    };
    check_families(QUIET_MS, &[vec![(undated, Family::Mixed); 20]], None);
}

#[test]
fn merging_ends_and_all_is_counted_in_the_longest_step_where_dates_are_over() {
    let sizes = |count: u64| (1..=count).map(|number| number * number * 37_000 % (8 << 20));
    let families = [
        Family::Fresh(MINUTE),
        Family::Fresh(HOUR),
        Family::Settled(10),
        Family::Settled(28_800),
    ];
    let newest = 9;
    for growth in [1, 3] {
        let of_date = |date: i32| {
            let of_family = move |family| sizes(40).map(move |size| (file(date, size), family));
            families.into_iter().flat_map(of_family)
        };
        let mut files: Vec<File> = (0..3).chain([newest]).flat_map(of_date).collect();
        for round in 0.. {
            let Some(Plan { positions, work }) = plan(&candidates(&files), QUIET_MS) else {
                break;
            };
            assert!(round < 600, "no end");
            let taken = || positions.iter().map(|position| &files[*position]);
            let (AddedFile { date, .. }, family) =
                taken().next().expect("one file at least").clone();
            assert!(taken().all(|(added, of_file)| added.date == date && *of_file == family));
            let bytes: u64 = taken().map(|(added, _)| added.size).sum();
            let Work::Join { counts_longer, .. } = work else {
                panic!("nothing is mixed");
            };
            let (step, is_fresh) = match family {
                Family::Fresh(step) => (step, true),
                Family::Settled(step) => (step, false),
                Family::Mixed => panic!("nothing is mixed"),
            };
            let become_files = match (counts_longer, step) {
                (false, _) => vec![(bytes, family)],
                (true, MINUTE) => vec![
                    (bytes, Family::Settled(MINUTE)),
                    (bytes / 2 * growth, Family::Fresh(HOUR)),
                ],
                (true, _) => vec![
                    (bytes, Family::Settled(HOUR)),
                    (bytes / 2, Family::Settled(28_800)),
                ],
            };
            assert!(is_fresh || !counts_longer);
            assert!(counts_longer || positions.len() > 1);
            assert!(bytes <= most_bytes(step) || positions.len() == 1);
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
        assert!(files.iter().all(|(added, family)| match family {
            Family::Fresh(step) => *step == HOUR && added.date == Some(PartitionDate(newest)),
            _ => true,
        }));
    }
}
