//! A store in this process: CPU time of what it does.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use bytes::Bytes;
use collector::decode_payload;
use schemas::SpanBatch;
use storage::{DecodePayload, OnReplay, RollUp, SpanStore, StorageError, StorageSettings};
use tokio::runtime::Runtime;

use super::clock::{own_cpu_seconds, pause};

/// The tag of OTLP in protobuf.
const ENCODING: u8 = 1;
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// So long nothing must happen before files of figures count as merged.
const QUIET: Duration = Duration::from_millis(500);
const QUIET_CPU_SECONDS: f64 = 0.01;
const MERGED_WITHIN: Duration = Duration::from_secs(120);

pub(crate) fn decode(body: &[u8]) -> SpanBatch {
    let decoded = decode_payload(ENCODING, body);
    decoded.expect("the traffic is OTLP").batch
}

/// How often a sender whose spans found no room tries again.
const RETRY_EVERY: Duration = Duration::from_millis(5);

/// Settings of a store that flushes when it is told to.
pub(crate) fn flushing_when_told(dir: &Path) -> StorageSettings {
    StorageSettings {
        memory_budget_bytes: 4 << 30,
        flush_bytes: 2 << 30,
        flush_age: Duration::from_secs(3_600),
        ..StorageSettings::new(dir)
    }
}

/// A store. Where it rolls up, it does, and merges files of figures, whenever there is something to do.
pub(crate) struct Store {
    runtime: Runtime,
    store: SpanStore,
}

impl Store {
    pub(crate) fn open(settings: StorageSettings, roll_up: Option<RollUp>) -> anyhow::Result<Self> {
        let decode: DecodePayload = Arc::new(|encoding, body| {
            let decoded = decode_payload(encoding, body).map_err(|error| error.to_string())?;
            Ok(decoded.batch)
        });
        let runtime = Runtime::new()?;
        let on_replay: OnReplay = Arc::new(|_| ());
        let store = runtime.block_on(async {
            match roll_up {
                Some(roll_up) => {
                    SpanStore::open_rolling_up(settings, decode, on_replay, roll_up).await
                }
                None => SpanStore::open(settings, decode, on_replay).await,
            }
        })?;
        Ok(Self { runtime, store })
    }

    /// Decodes and stores requests as fast as it goes, some at once, until all are in the table: CPU
    /// seconds.
    pub(crate) fn take_in(&self, requests: &[Bytes], at_once: usize) -> anyhow::Result<f64> {
        let start = own_cpu_seconds();
        let next = AtomicUsize::new(0);
        let take_some = || {
            while let Some(body) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.take_one(body)?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let senders: Vec<_> = (0..at_once).map(|_| scope.spawn(take_some)).collect();
            let mut ended = senders.into_iter().map(thread::ScopedJoinHandle::join);
            ended.try_for_each(|ended| ended.unwrap_or_else(|_| bail!("a sender panicked")))
        })?;
        self.runtime.block_on(self.store.flush())?;
        Ok(own_cpu_seconds() - start)
    }

    fn take_one(&self, body: &Bytes) -> anyhow::Result<()> {
        let batch = decode(body);
        loop {
            let append = self.store.append(ENCODING, body.clone(), batch.clone());
            match self.runtime.block_on(append) {
                Err(StorageError::Busy { .. }) => pause(RETRY_EVERY),
                appended => return Ok(appended.map(drop)?),
            }
        }
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
