//! Kills a process at each fail point and checks what it had acknowledged.
//!
//! The process killed is this test binary again, running [`child`] alone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::process::Command;

use super::*;

const DIR: &str = "SPANHOUSE_WAL_CRASH_DIR";
/// Lines `number position` of acknowledged appends; outlives the process as the page cache does.
const ACKNOWLEDGED: &str = "acknowledged";
/// How far the log may have been trimmed.
const TRIMMED: &str = "trimmed";

const POINTS: [&str; 8] = [
    "wal::before-write",
    "wal::after-write-before-fsync",
    "wal::after-fsync-before-ack",
    "wal::segment-header",
    "wal::segment-switch",
    "wal::trim",
    "wal::recovery",
    "wal::none",
];

#[test]
fn a_process_killed_at_any_fail_point_loses_nothing_acknowledged() {
    let dir = temp_dir();
    let mut killed_at = BTreeMap::new();
    for round in 0..6 {
        for point in POINTS {
            let status = run_child(dir.path(), &format!("{point}={}*off->return", 3 * round));
            *killed_at.entry(point).or_insert(0) += u32::from(!status.success());
            check(dir.path());
        }
    }
    assert_eq!(killed_at.remove("wal::none"), Some(0));
    assert!(killed_at.values().all(|&kills| kills > 0), "{killed_at:?}");
}

fn run_child(dir: &Path, fail_points: &str) -> std::process::ExitStatus {
    let module = module_path!()
        .split_once("::")
        .map(|(_crate, module)| module);
    let test = format!("{}::child", module.expect("a module in a crate"));
    let binary = std::env::current_exe().expect("this binary");
    let output = Command::new(binary)
        .args([&test, "--exact"])
        .env(DIR, dir)
        .env("FAILPOINTS", fail_points)
        .output();
    output.expect("runs").status
}

/// The numbers and positions acknowledged so far.
fn acknowledged(dir: &Path) -> BTreeMap<u64, u64> {
    let text = std::fs::read_to_string(dir.join(ACKNOWLEDGED)).unwrap_or_default();
    let line = |line: &str| {
        let (number, position) = line.split_once(' ')?;
        Some((number.parse().ok()?, position.parse().ok()?))
    };
    text.lines()
        .map(|l| line(l).expect("two numbers"))
        .collect()
}

fn trimmed(dir: &Path) -> u64 {
    std::fs::read_to_string(dir.join(TRIMMED)).map_or(0, |text| text.parse().expect("a number"))
}

/// Each acknowledged record is there once, at its position.
fn check(dir: &Path) {
    let copy = temp_dir();
    for entry in std::fs::read_dir(dir.join("wal")).expect("lists") {
        let path = entry.expect("an entry").path();
        std::fs::copy(&path, copy.path().join(path.file_name().expect("a name"))).expect("copies");
    }
    let (_wal, replay) = open(&small(copy.path()));
    let mut found = BTreeMap::new();
    let trimmed = trimmed(dir);
    let on_record = |record: ReplayedRecord, _| {
        let number = u64::from_le_bytes(record.body[..8].try_into().expect("eight bytes"));
        assert_eq!(record.body, body(number));
        let before = found.insert(record.position.get(), number);
        assert_eq!(before, None, "once");
        Ok::<_, WalError>(())
    };
    replay
        .run(WalPosition::new(trimmed), on_record)
        .expect("replays");
    for (number, position) in acknowledged(dir) {
        if position > trimmed {
            assert_eq!(
                found.get(&position),
                Some(&number),
                "acknowledged at {position}"
            );
        }
    }
}

/// The process to be killed; does nothing when it runs among the other tests.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR).map(std::path::PathBuf::from) else {
        return;
    };
    let _scenario = fail::FailScenario::setup();
    let mut log = File::options()
        .create(true)
        .append(true)
        .open(dir.join(ACKNOWLEDGED))
        .expect("opens");
    let (wal, _) = open(&small(&dir.join("wal")));
    let first = acknowledged(&dir)
        .keys()
        .next_back()
        .map_or(1, |last| last + 1);
    for numbers in (first..first + 120).collect::<Vec<_>>().chunks(3) {
        let append = |&number: &u64| (number, wal.append(1, body(number), ()).expect("room"));
        for (number, pending) in numbers.iter().map(append).collect::<Vec<_>>() {
            let position = block_on(pending).expect("durable").get();
            log.write_all(format!("{number} {position}\n").as_bytes())
                .expect("writes");
        }
        if numbers[0] % 5 == 0 {
            let through = wal.last_position().get().saturating_sub(40);
            std::fs::write(dir.join("trimmed.tmp"), through.to_string()).expect("writes");
            std::fs::rename(dir.join("trimmed.tmp"), dir.join(TRIMMED)).expect("renames");
            wal.trim(WalPosition::new(through)).expect("trims");
        }
    }
}
