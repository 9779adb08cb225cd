//! The write-ahead log alone: appending requests until they are durable.
//!
//! `senders-4` is how exporters behave: each waits for its acknowledgement, so a group holds at
//! most four requests. `senders-64` shows what group commit gives beyond that.

#[path = "stopwatch/stopwatch.rs"]
mod stopwatch;
#[path = "traffic/traffic.rs"]
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::measurement::Measurement;
use criterion::{BenchmarkId, Criterion, Throughput};
use storage::wal::{Salvage, Wal, WalSettings};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use stopwatch::{CPU, Clock, WALL};
use traffic::Traffic;

/// Requests in one measured round: about 40 MB.
const REQUESTS: usize = 128;
/// The tag of OTLP in protobuf; the log does not look at it.
const ENCODING: u8 = 1;
const START_UNIX_NANO: u64 = 1_760_000_000_000_000_000;

fn main() -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    for clock in [WALL, CPU] {
        let base = Criterion::default().sample_size(20);
        let mut criterion = base.with_measurement(clock).configure_from_args();
        append(&mut criterion, clock, &runtime)?;
        criterion.final_summary();
    }
    Ok(())
}

fn append(criterion: &mut Criterion<Clock>, clock: Clock, runtime: &Runtime) -> anyhow::Result<()> {
    let traffic = Traffic::new(1, START_UNIX_NANO, 1_000);
    let requests: Vec<_> = (0..REQUESTS as u64).map(|n| traffic.request(n)).collect();
    let bytes: usize = requests.iter().map(|request| request.body.len()).sum();
    let spans: u64 = requests.iter().map(|request| request.spans).sum();
    let bodies: Arc<[Bytes]> = requests
        .into_iter()
        .map(|request| request.body.into())
        .collect();

    for (unit, throughput) in [
        ("bytes", Throughput::Bytes(bytes as u64)),
        ("spans", Throughput::Elements(spans)),
    ] {
        let mut group = criterion.benchmark_group(format!("wal-append/{}/{unit}", clock.name));
        group.throughput(throughput);
        for senders in [4, 64] {
            let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
            let (wal, _) = Wal::open(&WalSettings::new(dir.path()), Salvage::Refuse, |_| ())?;
            let wal = Arc::new(wal);
            group.bench_function(BenchmarkId::new("senders", senders), |bencher| {
                bencher.iter_custom(|rounds| {
                    let mut elapsed = Duration::ZERO;
                    for _ in 0..rounds {
                        let begun = clock.start();
                        runtime.block_on(append_all(&wal, &bodies, senders));
                        elapsed += clock.end(begun);
                        // As after a flush: the segments are used again.
                        wal.trim(wal.last_position())
                            .expect("the directory is there");
                    }
                    elapsed
                });
            });
        }
        group.finish();
    }
    Ok(())
}

/// Appends every body once; each sender waits for one to be durable before it takes the next.
async fn append_all(wal: &Arc<Wal<()>>, bodies: &Arc<[Bytes]>, senders: usize) {
    let mut running = JoinSet::new();
    for sender in 0..senders {
        let (wal, bodies) = (Arc::clone(wal), Arc::clone(bodies));
        running.spawn(async move {
            for body in bodies.iter().skip(sender).step_by(senders) {
                let pending = wal.append(ENCODING, body.clone(), ());
                let pending = pending.expect("the queue holds what the senders send");
                pending.await.expect("the disk takes it");
            }
        });
    }
    running.join_all().await;
}
