//! Crashes, torn tails, corruption, salvage, a full disk.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;

use proptest::prelude::*;

use super::*;

/// Flips one bit of the file.
fn flip(path: &Path, offset: u64) {
    let file = fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .expect("opens");
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).expect("reads");
    file.write_all_at(&[byte[0] ^ 0x10], offset)
        .expect("writes");
}

/// A copy of the log as a kill at this moment would leave it.
fn killed_copy(dir: &Path) -> TempDir {
    let copy = temp_dir();
    for entry in fs::read_dir(dir).expect("lists") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        fs::copy(&path, copy.path().join(name)).expect("copies");
    }
    copy
}

#[test]
fn a_kill_loses_nothing_acknowledged() {
    let dir = temp_dir();
    let (wal, _) = open(&small(dir.path()));
    for last in 1..=40 {
        append(&wal, [last]);
        let copy = killed_copy(dir.path());
        let (_wal, replay) = open(&small(copy.path()));
        let (numbers, _) = replayed(&replay, 0).expect("replays");
        assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
    }
}

#[test]
fn damage_in_the_middle_is_refused_by_name_and_skipped_by_salvage() {
    let dir = temp_dir();
    let settings = small(dir.path());
    let (wal, _) = open(&settings);
    append(&wal, 1..=100);
    drop(wal);
    let report = inspect(dir.path()).expect("inspects");
    let damaged = &report.segments[1];
    let (first, last) = damaged.positions.expect("records");
    flip(&damaged.file, 4096 + 24);

    // A whole segment is read, and its damage found, when it is replayed.
    let (wal, replay) = open(&settings);
    let error = replayed(&replay, 0).expect_err("refused").to_string();
    let name = damaged
        .file
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    for expect in [name.as_str(), "at byte 4096", "salvage"] {
        assert!(error.contains(expect), "{error}");
    }
    assert_eq!(
        replayed(&replay, last.get())
            .expect("not needed any more")
            .1
            .skipped,
        []
    );
    drop(wal);

    let (_wal, replay) = Wal::<()>::open(&settings, Salvage::Skip, drop).expect("opens");
    let (numbers, report) = replayed(&replay, 0).expect("replays");
    let expect: Vec<u64> = (1..=100).filter(|n| *n != first.get()).collect();
    assert_eq!(numbers, expect);
    assert_eq!(report.skipped.len(), 1);
    assert_eq!(
        (report.skipped[0].first, report.skipped[0].records()),
        (first, 1)
    );
}

#[test]
fn damage_in_the_last_segment_is_refused_at_opening() {
    let dir = temp_dir();
    let settings = small(dir.path());
    let (wal, _) = open(&settings);
    append(&wal, 1..=4);
    drop(wal);
    let file = segment_files(dir.path()).remove(0);
    // The last record of a closed log: only the seal behind it shows that it was durable.
    let offset = fs::metadata(&file).expect("a file").len() - 24 - 16;
    flip(&file, offset);
    let error = Wal::<()>::open(&settings, Salvage::Refuse, drop).expect_err("refused");
    let WalError::Corrupt(corruption) = &error else {
        panic!("{error}");
    };
    assert_eq!((corruption.first.get(), corruption.last.get()), (4, 4));

    let (wal, replay) = Wal::<()>::open(&settings, Salvage::Skip, drop).expect("opens");
    assert_eq!(replayed(&replay, 0).expect("replays").0, [1, 2, 3]);
    assert_eq!(
        append(&wal, [5]),
        [5],
        "the lost position is not used again"
    );
}

#[test]
fn damage_to_what_is_kept_elsewhere_is_no_loss() {
    let dir = temp_dir();
    let mut settings = small(dir.path());
    let (wal, _) = open(&settings);
    append(&wal, 1..=4);
    drop(wal);
    flip(&segment_files(dir.path()).remove(0), 4096 + 24);
    settings.covered = WalPosition::new(1);
    let (_wal, replay) = open(&settings);
    assert_eq!(replayed(&replay, 1).expect("replays").0, [2, 3, 4]);
}

#[test]
fn a_missing_segment_in_the_middle_is_refused() {
    let dir = temp_dir();
    let settings = small(dir.path());
    let (wal, _) = open(&settings);
    append(&wal, 1..=100);
    drop(wal);
    fs::remove_file(&segment_files(dir.path())[1]).expect("removes");
    let (_wal, replay) = open(&settings);
    let error = replayed(&replay, 0).expect_err("refused");
    assert!(matches!(error, WalError::Corrupt(_)), "{error}");
}

#[test]
fn a_torn_tail_is_cut_off_reported_and_written_over() {
    let dir = temp_dir();
    let (wal, _) = open(&small(dir.path()));
    append(&wal, 1..=3);
    let copy = killed_copy(dir.path());
    let settings = small(copy.path());
    let file = segment_files(copy.path()).remove(0);
    // The third record as a crash before its sync could leave it: half of it, and no seal.
    let report = inspect(copy.path()).expect("inspects");
    assert_eq!(report.segments[0].state, SegmentState::Clean);
    let third = 4096
        + format::frame_bytes(body(1).len() as u64)
        + format::frame_bytes(body(2).len() as u64);
    let zeros = vec![0; 24 << 10];
    let handle = fs::File::options().write(true).open(&file).expect("opens");
    handle.write_all_at(&zeros, third + 40).expect("writes");

    let state = &inspect(copy.path()).expect("inspects").segments[0].state;
    assert!(
        matches!(state, SegmentState::TornTail { offset, .. } if *offset == third),
        "{state:?}"
    );
    let (wal, replay) = open(&settings);
    let torn = replay.torn_tail().expect("a torn tail");
    assert_eq!((&torn.file, torn.offset), (&file, third));
    assert_eq!(torn.bytes, format::frame_bytes(body(3).len() as u64));
    assert_eq!(replayed(&replay, 0).expect("replays").0, [1, 2]);
    assert_eq!(append(&wal, [7]), [3]);
    drop(wal);
    let (_wal, replay) = open(&settings);
    assert_eq!(replay.torn_tail(), None);
    assert_eq!(replayed(&replay, 0).expect("replays").0, [1, 2, 7]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_cut_of_the_last_segment_leaves_a_prefix_and_a_usable_log(cut in any::<prop::sample::Index>()) {
        let dir = temp_dir();
        let settings = small(dir.path());
        let (wal, _) = open(&settings);
        append(&wal, 1..=40);
        drop(wal);
        let file = segment_files(dir.path()).pop().expect("a segment");
        let bytes = fs::metadata(&file).expect("a file").len();
        let cut = 4096 + cut.index((bytes - 4096) as usize) as u64;
        fs::File::options().write(true).open(&file).and_then(|f| f.set_len(cut)).expect("cuts");
        let (wal, replay) = open(&settings);
        let last = replay.last().get();
        let (numbers, _) = replayed(&replay, 0).expect("replays");
        prop_assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
        prop_assert_eq!(append(&wal, [last + 1]), [last + 1]);
        drop(wal);
        let (_wal, replay) = open(&settings);
        let (numbers, _) = replayed(&replay, 0).expect("replays");
        prop_assert_eq!(numbers, (1..=last + 1).collect::<Vec<_>>());
    }
}

/// A file system of its own, so small that it fills.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this user may not mount.
    fn mount(dir: &Path, bytes: u64) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(dir)
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then(|| Self(dir.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

#[test]
fn a_full_disk_fails_appends_by_name_until_there_is_room() {
    let dir = temp_dir();
    let Some(disk) = SmallDisk::mount(dir.path(), 256 << 10) else {
        eprintln!("skipped: mounting a tmpfs needs root");
        return;
    };
    let settings = small(&disk.0.join("wal"));
    let (wal, _) = open(&settings);
    let mut acknowledged = Vec::new();
    let mut number = 1;
    let error = loop {
        match block_on(wal.append(1, body(number), ()).expect("room")) {
            Ok(_) => acknowledged.push(number),
            Err(error) => break error,
        }
        number += 1;
    };
    assert!(
        error.to_string().contains("No space left on device"),
        "{error}"
    );
    let again = block_on(wal.append(1, body(number), ()).expect("room"));
    assert!(again.is_err());
    assert!(acknowledged.len() > 50 && wal.stats().failed_groups == 2);

    // A restart on the full disk works and loses nothing.
    drop(wal);
    let (wal, replay) = open(&settings);
    assert_eq!(replayed(&replay, 0).expect("replays").0, acknowledged);

    let last = *acknowledged.last().expect("some");
    wal.trim(WalPosition::new(last)).expect("trims");
    assert_eq!(append(&wal, [1000]), [last + 1], "usable again");
    drop(wal);
    let (_wal, replay) = open(&settings);
    assert_eq!(replayed(&replay, last).expect("replays").0, [1000]);
}
