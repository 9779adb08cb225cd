//! A table directory that becomes read-only, and writable again.

use super::full_disk::{more_acks, more_refusals, starts_or_says_why};
use super::mounts::Tmpfs;
use super::restless;
use crate::ledger::{Ledger, Traffic};
use crate::server::eventually;

/// What the system calls it.
const READ_ONLY: &str = "Read-only file system";

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_table_fills_memory_then_refuses_and_loses_nothing_acked() {
    let directory = tempfile::tempdir().unwrap();
    // The log lies on a disk that stays writable.
    let Some(table) = Tmpfs::mount(&directory.path().join("spans"), "256m") else {
        return;
    };
    let launch = restless(directory.path()).set("memory-budget", "512KiB");
    let ledger = Ledger::new(1);
    let server = launch.start().await;
    let traffic = Traffic::start(&ledger, &server);
    more_acks(&ledger, 50).await;

    table.remount("ro").await;
    eventually("a flush fails", async || {
        (server.metric("spanhouse_flush_failures_total").await > 0.0).then_some(())
    })
    .await;
    more_refusals(&ledger, 50).await;
    ledger.check(&server, 0).await;
    let log = server.log();
    assert!(log.contains(READ_ONLY), "the log does not say why:\n{log}");

    table.remount("rw").await;
    more_acks(&ledger, 50).await;
    traffic.stop().await;
    let server = ledger.check_all(server, &launch).await;

    server.kill();
    table.remount("ro").await;
    starts_or_says_why(&launch, READ_ONLY).await;
    table.remount("rw").await;
    let server = launch.start().await;
    drop(ledger.check_all(server, &launch).await);
}
