//! A store in this process, whose work is done step by step: CPU time of each.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use collector::decode_payload;
use schemas::SpanBatch;
use storage::{DecodePayload, RollUp, SpanStore, StorageSettings};
use tokio::runtime::Runtime;

use super::clock::{own_cpu_seconds, pause};
use super::traffic::Request;

/// The tag of OTLP in protobuf.
const ENCODING: u8 = 1;
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// So long nothing must happen before files of figures count as merged.
const QUIET: Duration = Duration::from_millis(500);
const QUIET_CPU_SECONDS: f64 = 0.01;
const MERGED_WITHIN: Duration = Duration::from_secs(120);

pub(crate) fn decode(request: &Request) -> SpanBatch {
    let decoded = decode_payload(ENCODING, &request.body);
    decoded.expect("the traffic is OTLP").batch
}

/// A store that flushes when it is told to. Its files are rolled up, and files of figures merged,
/// whenever there is something to do.
pub(crate) struct Store {
    runtime: Runtime,
    store: SpanStore,
}

impl Store {
    pub(crate) fn open(dir: &Path, roll_up: RollUp) -> anyhow::Result<Self> {
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
        let runtime = Runtime::new()?;
        let open = SpanStore::open_rolling_up(settings, decode, Arc::new(|_| ()), roll_up);
        let store = runtime.block_on(open)?;
        Ok(Self { runtime, store })
    }

    /// Stores decoded requests as one file: CPU seconds.
    pub(crate) fn append_and_flush(
        &self,
        requests: Vec<(Bytes, SpanBatch)>,
    ) -> anyhow::Result<f64> {
        let start = own_cpu_seconds();
        self.runtime.block_on(async {
            for (payload, batch) in requests {
                self.store.append(ENCODING, payload, batch).await?;
            }
            self.store.flush().await
        })?;
        Ok(own_cpu_seconds() - start)
    }

    /// Waits until all is rolled up: CPU seconds.
    pub(crate) fn await_rolled_up(&self) -> f64 {
        let start = own_cpu_seconds();
        while self.store.stats().unrolled_rows > 0 {
            pause(LOOK_EVERY);
        }
        own_cpu_seconds() - start
    }

    /// Waits until no files of figures are being merged: CPU seconds.
    pub(crate) fn await_merged(&self) -> anyhow::Result<f64> {
        let (start, started) = (own_cpu_seconds(), Instant::now());
        loop {
            let (cpu, files) = (own_cpu_seconds(), self.store.stats().figure_files);
            pause(QUIET);
            let is_quiet = own_cpu_seconds() - cpu < QUIET_CPU_SECONDS;
            if is_quiet && self.store.stats().figure_files == files {
                return Ok(cpu - start);
            }
            ensure!(
                started.elapsed() < MERGED_WITHIN,
                "files of figures are not merged after {MERGED_WITHIN:?}"
            );
        }
    }

    /// Files of figures, of both tables, and their bytes.
    pub(crate) fn figure_files(&self) -> (usize, u64) {
        let stats = self.store.stats();
        (stats.figure_files, stats.figure_bytes)
    }

    pub(crate) fn close(self) -> anyhow::Result<()> {
        Ok(self.runtime.block_on(self.store.close())?)
    }
}
