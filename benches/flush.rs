//! The span store without sockets and decoding: appending decoded requests, and moving them into
//! the table (sort, gather, Parquet, Delta commit).

#[path = "../src/allocator.rs"]
mod allocator;
#[path = "stopwatch/stopwatch.rs"]
mod stopwatch;
#[path = "traffic/traffic.rs"]
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use collector::decode_payload;
use criterion::measurement::Measurement;
use criterion::{Criterion, Throughput};
use schemas::SpanBatch;
use storage::{DecodePayload, SpanStore, StorageSettings};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use stopwatch::{CPU, Clock, WALL};
use traffic::Traffic;

/// The tag of OTLP in protobuf.
const ENCODING: u8 = 1;
/// Requests of a thousand spans in one memtable: about as many as the default settings gather.
const REQUESTS: u64 = 240;
const START_UNIX_NANO: u64 = 1_760_000_000_000_000_000;

fn main() -> anyhow::Result<()> {
    // As the server: flushing is mostly allocating and filling buffers.
    allocator::use_small_pages();
    let runtime = Runtime::new()?;
    let requests = Requests::decode()?;
    for clock in [WALL, CPU] {
        let base = Criterion::default().sample_size(10);
        let mut criterion = base.with_measurement(clock).configure_from_args();
        append(&mut criterion, clock, &runtime, &requests)?;
        flush(&mut criterion, clock, &runtime, &requests)?;
        criterion.final_summary();
    }
    Ok(())
}

/// What is appended: payloads and what they decode to.
struct Requests {
    decoded: Vec<(Bytes, SpanBatch)>,
    spans: u64,
}

impl Requests {
    fn decode() -> anyhow::Result<Self> {
        let traffic = Traffic::new(1, START_UNIX_NANO, 1_000);
        let mut requests = Self {
            decoded: Vec::new(),
            spans: 0,
        };
        for number in 0..REQUESTS {
            let request = traffic.request(number);
            let batch = decode_payload(ENCODING, &request.body)?.batch;
            requests.decoded.push((request.body.into(), batch));
            requests.spans += request.spans;
        }
        Ok(requests)
    }

    async fn append_to(&self, store: &SpanStore) {
        for (payload, batch) in &self.decoded {
            let appended = store.append(ENCODING, payload.clone(), batch.clone());
            appended.await.expect("the budget holds all of them");
        }
    }
}

/// A store that flushes only when told to.
async fn open() -> anyhow::Result<(TempDir, SpanStore)> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let settings = StorageSettings {
        memory_budget_bytes: 4 << 30,
        flush_bytes: 2 << 30,
        flush_age: Duration::from_secs(3_600),
        ..StorageSettings::new(dir.path())
    };
    let decode: DecodePayload = Arc::new(|encoding, body| {
        let decoded = decode_payload(encoding, body).map_err(|error| error.to_string())?;
        Ok(decoded.batch)
    });
    let store = SpanStore::open(settings, decode, Arc::new(|_| ())).await?;
    Ok((dir, store))
}

/// One sender, who waits for each request to be durable.
fn append(
    criterion: &mut Criterion<Clock>,
    clock: Clock,
    runtime: &Runtime,
    requests: &Requests,
) -> anyhow::Result<()> {
    let (_dir, store) = runtime.block_on(open())?;
    let mut group = criterion.benchmark_group(format!("store-append/{}", clock.name));
    group.throughput(Throughput::Elements(requests.spans));
    group.bench_function("spans", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut elapsed = Duration::ZERO;
            for _ in 0..rounds {
                let begun = clock.start();
                runtime.block_on(requests.append_to(&store));
                elapsed += clock.end(begun);
                runtime.block_on(store.flush()).expect("the disk takes it");
            }
            elapsed
        });
    });
    group.finish();
    Ok(runtime.block_on(store.close())?)
}

fn flush(
    criterion: &mut Criterion<Clock>,
    clock: Clock,
    runtime: &Runtime,
    requests: &Requests,
) -> anyhow::Result<()> {
    let (_dir, store) = runtime.block_on(open())?;
    let mut group = criterion.benchmark_group(format!("store-flush/{}", clock.name));
    group.throughput(Throughput::Elements(requests.spans));
    group.bench_function("spans", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut elapsed = Duration::ZERO;
            for _ in 0..rounds {
                runtime.block_on(requests.append_to(&store));
                let begun = clock.start();
                runtime.block_on(store.flush()).expect("the disk takes it");
                elapsed += clock.end(begun);
            }
            elapsed
        });
    });
    group.finish();
    Ok(runtime.block_on(store.close())?)
}
