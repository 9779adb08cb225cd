//! A disk that runs full, and gets room again.

use std::sync::Arc;

use super::mounts::Tmpfs;
use super::restless;
use crate::ledger::{Ledger, Traffic};
use crate::server::{Launch, eventually};

/// What the system calls it.
const NO_SPACE: &str = "No space left on device";

/// Waits until so many more batches are acknowledged.
pub(super) async fn more_acks(ledger: &Arc<Ledger>, more: u64) {
    let wanted = ledger.acked() + more;
    eventually("batches are acknowledged", async || {
        (ledger.acked() >= wanted).then_some(())
    })
    .await;
}

/// Waits until so many more batches are refused for now.
pub(super) async fn more_refusals(ledger: &Arc<Ledger>, more: u64) {
    let wanted = ledger.refused() + more;
    eventually("batches are refused", async || {
        (ledger.refused() >= wanted).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_loses_nothing_acked() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let Some(disk) = Tmpfs::mount(&data_dir, "16m") else {
        return;
    };
    let launch = restless(&data_dir);
    let ledger = Ledger::new(1);
    let server = launch.start().await;
    let traffic = Traffic::start(&ledger, &server);
    more_acks(&ledger, 50).await;

    let ballast = disk.fill();
    more_refusals(&ledger, 50).await;
    assert_eq!(server.get("/healthz").await.status, 200);
    ledger.check(&server, 0).await;
    let log = server.log();
    assert!(log.contains(NO_SPACE), "the log does not say why:\n{log}");

    std::fs::remove_file(ballast).unwrap();
    more_acks(&ledger, 50).await;
    traffic.stop().await;
    drop(ledger.check_all(server, &launch).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_on_a_full_disk_loses_nothing_acked() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let Some(disk) = Tmpfs::mount(&data_dir, "16m") else {
        return;
    };
    let launch = restless(&data_dir);
    let ledger = Ledger::new(2);
    let server = launch.start().await;
    let traffic = Traffic::start(&ledger, &server);
    more_acks(&ledger, 50).await;
    let ballast = disk.fill();
    more_refusals(&ledger, 10).await;
    server.kill();
    traffic.stop().await;

    starts_or_says_why(&launch, NO_SPACE).await;
    std::fs::remove_file(ballast).unwrap();
    let server = launch.start().await;
    drop(ledger.check_all(server, &launch).await);
}

/// Starts a server that cannot write: it either serves what it has, or ends and tells the reason.
pub(super) async fn starts_or_says_why(launch: &Launch, reason: &str) {
    let mut server = launch.spawn().await;
    let is_up = eventually("the server is ready or ends", async || {
        if server.ended().is_some() {
            return Some(false);
        }
        match server.try_get("/readyz", "").await {
            Ok(answer) if answer.status == 200 => Some(true),
            _ => None,
        }
    });
    if !is_up.await {
        let ended = server.end().await;
        assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
        assert!(
            ended.log.contains(reason),
            "the log does not say why:\n{}",
            ended.log
        );
    }
}
