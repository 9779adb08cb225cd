//! Damage to the files of the write-ahead log between two starts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::batches::{Reply, Sender, hex, trace_id};
use crate::ledger::Ledger;
use crate::random::Random;
use crate::server::{Launch, Server, command};

/// The segment's header takes this many bytes; the first record's frame follows.
const FIRST_FRAME: usize = 4096;
/// Frames start at multiples of this.
const ALIGNMENT: usize = 8;

/// Settings with which everything stays in the log.
fn patient(data_dir: &Path) -> Launch {
    Launch::in_directory(data_dir)
        .set("max-request-bytes", "64KiB")
        .set("wal-segment-bytes", "1MiB")
        .set("flush-age", "1h")
}

/// What a crash, or a disk, can leave behind the last record.
#[derive(Debug, Clone, Copy)]
enum Tail {
    CutOff,
    Garbage(usize),
    HalfOfARecord,
    GarbageAtTheEndOfTheFile,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_behind_the_last_record_costs_no_acked_span() {
    let directory = tempfile::tempdir().unwrap();
    let launch = patient(directory.path());
    let ledger = Ledger::new(1);
    let mut random = Random::seeded(1);
    for tail in [
        Tail::CutOff,
        Tail::Garbage(1),
        Tail::HalfOfARecord,
        Tail::Garbage(5_000),
        Tail::GarbageAtTheEndOfTheFile,
        Tail::Garbage(300),
    ] {
        let server = launch.start().await;
        ledger.check(&server, 0).await;
        send(&server, &ledger, 25).await;
        server.kill();
        damage_tail(&last_segment(directory.path()), tail, &mut random);
    }
    let server = launch.start().await;
    drop(ledger.check_all(server, &launch).await);
}

/// A record that was being written when the machine lost power, of which only a part got to disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_torn_record_is_cut_off_reported_and_nothing_else_lost() {
    let directory = tempfile::tempdir().unwrap();
    let launch = patient(directory.path());
    let ledger = Ledger::new(3);
    for missing_bytes in [40, 100, 200, 500] {
        let server = launch.start().await;
        send(&server, &ledger, 25).await;
        server.kill();
        // The disk is made to forget the end of the last record: as if it had never been acked.
        let torn = ledger.next() - 1;
        ledger.forget(torn);
        let segment = last_segment(directory.path());
        let mut bytes = fs::read(&segment).unwrap();
        let end = 1 + bytes.iter().rposition(|byte| *byte != 0).unwrap();
        bytes[end - missing_bytes..end].fill(0);
        fs::write(&segment, bytes).unwrap();

        let inspected = inspect(directory.path());
        assert!(inspected.status.success());
        assert!(String::from_utf8_lossy(&inspected.stdout).contains("torn tail"));
        let server = launch.start().await;
        assert!(server.log().contains("torn tail"), "{}", server.log());
        ledger.check(&server, 0).await;
        let id = hex(&trace_id(3, torn));
        assert_eq!(
            server.get(&format!("/api/v1/traces/{id}")).await.status,
            404
        );
        server.kill();
    }
    let server = launch.start().await;
    drop(ledger.check_all(server, &launch).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_record_is_refused_until_told_to_salvage() {
    let directory = tempfile::tempdir().unwrap();
    let launch = patient(directory.path());
    let ledger = Ledger::new(2);
    let server = launch.start().await;
    send(&server, &ledger, 25).await;
    server.kill();

    let segment = last_segment(directory.path());
    let mut bytes = fs::read(&segment).unwrap();
    bytes[FIRST_FRAME + 200] ^= 0x10;
    fs::write(&segment, bytes).unwrap();

    let refused = launch.refused().await;
    assert_eq!(refused.status.code(), Some(1), "{}", refused.log);
    let name = segment.file_name().unwrap().to_str().unwrap();
    for word in ["corrupt", name, "record", "salvage"] {
        assert!(
            refused.log.contains(word),
            "no {word:?} in:\n{}",
            refused.log
        );
    }
    let inspected = inspect(directory.path());
    assert_eq!(inspected.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&inspected.stdout).contains("DAMAGED"));
    assert!(String::from_utf8_lossy(&inspected.stderr).contains("--salvage-wal"));

    let server = launch.clone().set("salvage-wal", "true").start().await;
    ledger.forget(0);
    ledger.check(&server, 0).await;
    assert!(
        server.log().contains("corrupt"),
        "what is skipped is named:\n{}",
        server.log()
    );
    // Once is enough, even if that start is killed.
    server.kill();
    let server = launch.start().await;
    ledger.check(&server, 0).await;
    send(&server, &ledger, 5).await;
    drop(ledger.check_all(server, &launch).await);
}

async fn send(server: &Server, ledger: &Ledger, batches: u64) {
    let mut sender = Sender::http(server);
    for _ in 0..batches {
        assert_eq!(ledger.send(&mut sender).await, Reply::Acked);
    }
}

fn inspect(data_dir: &Path) -> Output {
    command()
        .args(["wal", "inspect", "--data-dir"])
        .arg(data_dir)
        .output()
        .unwrap()
}

/// The segment that was written to last.
fn last_segment(data_dir: &Path) -> PathBuf {
    let entries = fs::read_dir(data_dir.join("wal")).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "wal");
    files.filter(is_segment).max().unwrap()
}

fn damage_tail(segment: &Path, tail: Tail, random: &mut Random) {
    let mut bytes = fs::read(segment).unwrap();
    // The files were preallocated as zeros and hold no earlier life; a payload may end in a zero.
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let end = (last + 1).next_multiple_of(ALIGNMENT) + ALIGNMENT;
    let mut put = |at: usize, garbage: Vec<u8>| {
        let length = bytes.len().max(at + garbage.len());
        bytes.resize(length, 0);
        bytes[at..at + garbage.len()].copy_from_slice(&garbage);
    };
    match tail {
        Tail::CutOff => bytes.truncate(end),
        Tail::Garbage(count) => put(end, random.bytes(count)),
        Tail::HalfOfARecord => {
            let half = fs::read(segment).unwrap()[FIRST_FRAME..FIRST_FRAME + 100].to_vec();
            put(end, half);
        }
        Tail::GarbageAtTheEndOfTheFile => {
            let at = fs::metadata(segment).unwrap().len();
            put(usize::try_from(at).unwrap(), random.bytes(77));
        }
    }
    fs::write(segment, bytes).unwrap();
}
