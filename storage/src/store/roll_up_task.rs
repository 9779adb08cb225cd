//! Rolls up what was flushed, beside the flusher: a failure delays figures, never spans.
//!
//! It computes much and waits little, so it has a thread of its own. That also keeps what it allocates in
//! one place: what several threads took turns at would leave free memory with each of them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::StorageError;
use crate::rollup::Roller;

/// How long nothing happens before the tables are looked after anyway.
const IDLE: Duration = Duration::from_secs(30);
/// After so many steps the tables are looked after even if more is to do: each step leaves files.
const STEPS_AT_A_TIME: u32 = 64;
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);
/// How long closing waits for figures.
const LAST_STEPS: Duration = Duration::from_secs(10);

/// Rolls up until told to stop.
pub(super) fn spawn(shared: &Arc<Shared>, stop: CancellationToken) -> JoinHandle<()> {
    on_own_thread(run(Arc::clone(shared), stop))
}

/// Rolls up what waits.
///
/// # Errors
/// As [`Roller::step`].
pub(super) async fn roll_up(shared: &Arc<Shared>) -> Result<(), StorageError> {
    ended(on_own_thread(all_steps(Arc::clone(shared)))).await?
}

async fn ended<T>(thread: JoinHandle<T>) -> Result<T, StorageError> {
    let ended = thread.await;
    ended.map_err(|error| StorageError::unavailable("roll up spans", error))
}

fn on_own_thread<W>(work: W) -> JoinHandle<W::Output>
where
    W: Future<Output: Send> + Send + 'static,
{
    let runtime = Handle::current();
    spawn_blocking(move || runtime.block_on(work))
}

async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut retry_in = FIRST_RETRY;
    loop {
        // A step that is cut off has changed nothing, or is taken up again.
        let worked = tokio::select! {
            () = stop.cancelled() => return,
            worked = work(&shared) => worked,
        };
        let pause = match worked {
            Ok(()) => {
                retry_in = FIRST_RETRY;
                IDLE
            }
            Err(error) => {
                tracing::warn!(%error, retry_seconds = retry_in.as_secs(), "figures are computed from spans: the latest could not be rolled up");
                let pause = retry_in;
                retry_in = (retry_in * 2).min(LAST_RETRY);
                pause
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = shared.live.unrolled_one.notified(), if pause == IDLE => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn work(shared: &Shared) -> Result<(), StorageError> {
    let Some(roller) = &shared.roller else {
        return Ok(());
    };
    let mut steps = 0;
    while step(shared).await? {
        steps += 1;
        if steps % STEPS_AT_A_TIME == 0
            && let Err(error) = maintain(roller).await
        {
            tracing::warn!(%error, "files of figures were not merged; the rest is rolled up first");
        }
    }
    maintain(roller).await
}

async fn maintain(roller: &Mutex<Roller>) -> Result<(), StorageError> {
    caught(async { roller.lock().await.maintain().await }).await
}

/// What panics has failed: the thread is still needed.
async fn caught<T>(work: impl Future<Output = Result<T, StorageError>>) -> Result<T, StorageError> {
    let worked = AssertUnwindSafe(work).catch_unwind().await;
    worked.unwrap_or_else(|_| {
        let reason = "rolling up panicked".to_owned();
        Err(StorageError::Unavailable {
            reason,
            source: None,
        })
    })
}

async fn all_steps(shared: Arc<Shared>) -> Result<(), StorageError> {
    while step(&shared).await? {}
    Ok(())
}

/// Rolls up the oldest commits that wait; false when none does.
async fn step(shared: &Shared) -> Result<bool, StorageError> {
    let Some(roller) = &shared.roller else {
        return Ok(false);
    };
    let started = Instant::now();
    let stepped = caught(async { roller.lock().await.step().await }).await;
    let counters = &shared.roll_up_counters;
    let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    if !matches!(stepped, Ok(false)) {
        counters.nanos.fetch_add(nanos, Ordering::Relaxed);
    }
    match &stepped {
        Ok(true) => {
            counters.roll_ups.fetch_add(1, Ordering::Relaxed);
            tracing::info!(milliseconds = nanos / 1_000_000, "rolled up spans");
        }
        Ok(false) => {}
        Err(_) => {
            counters.failures.fetch_add(1, Ordering::Relaxed);
        }
    }
    stepped
}

/// Rolls up what waits, unless that fails or takes long; the next start takes it up.
pub(super) async fn finish(shared: &Arc<Shared>) {
    let Some(roller) = &shared.roller else {
        return;
    };
    let rolling = tokio::time::timeout(LAST_STEPS, all_steps(Arc::clone(shared)));
    match ended(on_own_thread(rolling)).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) | Err(error) => {
            tracing::warn!(%error, "the latest spans are not rolled up; the next start does");
        }
        Ok(Err(_)) => tracing::info!("the latest spans are not rolled up yet; the next start does"),
    }
    roller.lock().await.close().await;
}
