//! SIGKILL at random moments.

use std::sync::Arc;
use std::time::Duration;

use super::restless;
use crate::ledger::{Ledger, Traffic};
use crate::random::Random;
use crate::server::{Launch, eventually};

/// Kills in `make test`.
const KILLS: u64 = 50;

/// Kills of one data directory: a table that is never compacted gets slow to check.
const KILLS_A_DIRECTORY: u64 = 50;

#[tokio::test(flavor = "multi_thread")]
async fn every_acked_span_survives_kills_exactly_once() {
    let kills = from_environment("SPANHOUSE_CRASH_KILLS", KILLS);
    let seed = from_environment("SPANHOUSE_CRASH_SEED", 20_261_123);
    let (mut acked, mut sent) = (0, 0);
    let mut begun = 0;
    while begun < kills {
        let run = seed + begun;
        let ledger = kill_again_and_again(run, KILLS_A_DIRECTORY.min(kills - begun)).await;
        acked += ledger.acked();
        sent += ledger.next();
        begun += KILLS_A_DIRECTORY;
        eprintln!(
            "{} of {kills} kills (seed {seed}): {acked} of {sent} batches acked",
            begun.min(kills)
        );
    }
    assert!(acked > kills, "too little was sent to prove anything");
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Kills servers of one data directory so many times, and checks everything in the end.
async fn kill_again_and_again(run: u64, kills: u64) -> Arc<Ledger> {
    let directory = tempfile::tempdir().unwrap();
    let launch = restless(directory.path());
    let ledger = Ledger::new(run);
    let mut random = Random::seeded(run);
    let mut checked = 0;
    for kill in 0..kills {
        if random.below(6) == 0 {
            kill_while_starting(&launch, random.below(60)).await;
            continue;
        }
        let server = launch.start().await;
        ledger.check(&server, checked).await;
        checked = ledger.next();
        let traffic = Traffic::start(&ledger, &server);
        let wanted = ledger.acked() + random.below(150);
        eventually(&format!("acks before kill {kill}"), async || {
            (ledger.acked() >= wanted).then_some(())
        })
        .await;
        // Acks mark a moment of the log; a little time moves the kill to anywhere between them.
        tokio::time::sleep(Duration::from_micros(random.below(30_000))).await;
        server.kill();
        traffic.stop().await;
    }
    let server = launch.start().await;
    drop(ledger.check_all(server, &launch).await);
    ledger
}

/// Kills a server that replays, or has just finished to.
async fn kill_while_starting(launch: &Launch, after_millis: u64) {
    let server = launch.spawn().await;
    tokio::time::sleep(Duration::from_millis(after_millis)).await;
    server.kill();
}
