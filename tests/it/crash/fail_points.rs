//! Kills at each named point of the storage: between two steps that must not be torn apart.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;

use super::restless;
use crate::batches::Sender;
use crate::figures::ROLL_UP_POINTS;
use crate::ledger::{Ledger, Traffic};
use crate::server::{Launch, Server, eventually};

/// Every fail point, and how often it is passed before the server is killed there, beside at once.
const POINTS: [(&str, u64); 15] = [
    ("wal::segment-header", 2),
    ("wal::segment-switch", 2),
    ("wal::before-write", 40),
    ("wal::after-write-before-fsync", 40),
    ("wal::after-fsync-before-ack", 40),
    ("wal::trim", 1),
    ("wal::recovery", 0),
    ("flush::after-files", 4),
    ("flush::after-commit", 4),
    ("table::before-commit", 4),
    ("table::after-commit", 4),
    ("table::after-log-entry-before-fsync", 4),
    ("rollup::after-files", 2),
    ("rollup::between-tables", 2),
    ("rollup::after-commit", 2),
];

/// What an abort ends a process with.
const SIGABRT: i32 = 6;

/// Passed only once in a hundred commits.
const CHECKPOINT: &str = "table::checkpoint";

#[test]
fn every_fail_point_is_tried() {
    let storage = Path::new(env!("CARGO_MANIFEST_DIR")).join("storage/src");
    let mut found = BTreeSet::new();
    let mut folders = vec![storage];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let calls = text.split("fail_point(\"").skip(1);
            found.extend(calls.map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
    }
    // Those of the roll-up are tried where figures are compared.
    let tried = POINTS.iter().chain(&ROLL_UP_POINTS);
    let tried = tried.map(|(name, _)| *name).chain([CHECKPOINT]);
    assert_eq!(found, tried.map(str::to_owned).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_a_fail_point_loses_and_doubles_nothing() {
    for (run, (point, passes)) in POINTS.into_iter().enumerate() {
        let directory = tempfile::tempdir().unwrap();
        let launch = restless(directory.path());
        let ledger = Ledger::new(1 + run as u64);
        // A directory that already holds what the first steps of a start make, and a log to replay.
        send_and_kill(&launch, &ledger, 30).await;
        die_at(&launch, &ledger, &format!("{point}=return")).await;
        if passes > 0 {
            die_at(&launch, &ledger, &format!("{point}={passes}*off->return")).await;
        }
        let server = launch.start().await;
        drop(ledger.check_all(server, &launch).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_the_first_start_makes_the_directory_leaves_a_usable_one() {
    for point in [
        "wal::segment-header",
        "wal::segment-switch",
        "table::before-commit",
        "table::after-commit",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let launch = restless(directory.path());
        let ledger = Ledger::new(7);
        die_at(&launch, &ledger, &format!("{point}=return")).await;
        send_and_kill(&launch, &ledger, 10).await;
        let server = launch.start().await;
        drop(ledger.check_all(server, &launch).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_a_checkpoint_loses_and_doubles_nothing() {
    let directory = tempfile::tempdir().unwrap();
    // A commit for every batch or two.
    let launch = restless(directory.path()).set("flush-bytes", "4KiB");
    let ledger = Ledger::new(1);
    die_at(&launch, &ledger, &format!("{CHECKPOINT}=return")).await;
    let server = launch.start().await;
    drop(ledger.check_all(server, &launch).await);
}

/// Sends so many batches and kills the server.
async fn send_and_kill(launch: &Launch, ledger: &Arc<Ledger>, batches: u64) {
    let server = launch.start().await;
    let mut sender = Sender::http(&server);
    for _ in 0..batches {
        ledger.send(&mut sender).await;
    }
    server.kill();
}

/// Sends until the server dies at a fail point; it may die while it starts.
async fn die_at(launch: &Launch, ledger: &Arc<Ledger>, points: &str) {
    let server = launch.clone().fail_points(points).spawn().await;
    let traffic = Traffic::start(ledger, &server);
    let status = died(server, points).await;
    assert_eq!(status.signal(), Some(SIGABRT), "{points}: {status}");
    traffic.stop().await;
}

async fn died(mut server: Server, points: &str) -> ExitStatus {
    eventually(&format!("the server dies at {points}"), async || {
        server.ended()
    })
    .await
}
