//! What rollups cost beside the rest of the way in: CPU time of the parts, in this process.

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use collector::decode_payload;
use query::RollUps;
use schemas::SpanBatch;
use storage::{DecodePayload, SpanStore, StorageSettings};
use tokio::runtime::Runtime;

use super::clock::{own_cpu_seconds, pause};
use super::roll_up::roll_up;
use super::traffic::Traffic;

/// The tag of OTLP in protobuf.
const ENCODING: u8 = 1;
const START_UNIX_NANO: u64 = 1_760_000_000_000_000_000;
/// Of which the quickest counts: what else runs on the machine only ever adds.
const ROUNDS: usize = 5;
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A table of the parts' costs.
pub(crate) fn measure(dir: &Path, spans: u64) -> anyhow::Result<String> {
    let traffic = Traffic::new(1, START_UNIX_NANO, 1_000);
    let requests: Vec<_> = (0..spans / 1_000)
        .map(|number| traffic.request(number))
        .collect();
    let spans: u64 = requests.iter().map(|request| request.spans).sum();
    let decode = || {
        let batches = requests.iter().map(|request| {
            let decoded = decode_payload(ENCODING, &request.body);
            decoded.expect("the traffic is OTLP").batch
        });
        batches.collect::<Vec<SpanBatch>>()
    };
    let batches = decode();
    let decoding = quickest(|| drop(black_box(decode())));
    let folding = quickest(|| {
        let rows = RollUps::default().fold(black_box(&batches), &[]);
        drop(black_box(rows.expect("rows can be written")));
    });
    let bodies = requests
        .iter()
        .map(|request| Bytes::from(request.body.clone()));
    let payloads: Vec<_> = bodies.zip(batches.iter().cloned()).collect();
    let runtime = Runtime::new()?;
    let mut storing = f64::INFINITY;
    let mut rolling_up = f64::INFINITY;
    for _ in 0..ROUNDS {
        let dir = tempfile::tempdir_in(dir)?;
        let costs = runtime.block_on(store(dir.path(), &payloads))?;
        storing = storing.min(costs.storing);
        rolling_up = rolling_up.min(costs.rolling_up);
    }
    let rows = RollUps::default().fold(&batches, &[])?;
    let mut table = "| part | CPU a span |\n|---|---:|\n".to_owned();
    let parts = [
        ("decode OTLP", decoding),
        ("append to log and memtable, flush to the table", storing),
        (
            "roll up: read, look for earlier spans, fold, store",
            rolling_up,
        ),
        ("of which fold", folding),
    ];
    for (name, seconds) in parts {
        writeln!(table, "| {name} | {:.2} µs |", seconds * 1e6 / spans as f64)?;
    }
    let share = 100.0 * rolling_up / (decoding + storing);
    writeln!(
        table,
        "\nRollups add {share:.0} % to decoding and storing (goal: 10 %); {spans} spans became {} rows \
         of `red` and {} of `edges`.",
        rows.red.num_rows(),
        rows.edges.num_rows(),
    )?;
    Ok(table)
}

fn quickest(mut part: impl FnMut()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let before = own_cpu_seconds();
        part();
        own_cpu_seconds() - before
    });
    rounds.fold(f64::INFINITY, f64::min)
}

/// CPU seconds of this process.
struct Costs {
    storing: f64,
    rolling_up: f64,
}

/// Stores all, and then rolls it up.
async fn store(dir: &Path, payloads: &[(Bytes, SpanBatch)]) -> anyhow::Result<Costs> {
    let settings = StorageSettings {
        memory_budget_bytes: 4 << 30,
        flush_bytes: 2 << 30,
        flush_age: Duration::from_secs(3_600),
        ..StorageSettings::new(dir)
    };
    let decode: DecodePayload = Arc::new(|encoding, body| {
        let decoded = decode_payload(encoding, body).map_err(|error| error.to_string())?;
        Ok(decoded.batch)
    });
    let roll_up = roll_up(&RollUps::default());
    let store = SpanStore::open_rolling_up(settings, decode, Arc::new(|_| ()), roll_up).await?;
    let start = own_cpu_seconds();
    for (payload, batch) in payloads {
        store
            .append(ENCODING, payload.clone(), batch.clone())
            .await?;
    }
    store.flush().await?;
    let flushed = own_cpu_seconds();
    while store.stats().unrolled_rows > 0 {
        pause(LOOK_EVERY);
    }
    let rolled_up = own_cpu_seconds();
    store.close().await?;
    Ok(Costs {
        storing: flushed - start,
        rolling_up: rolled_up - flushed,
    })
}
