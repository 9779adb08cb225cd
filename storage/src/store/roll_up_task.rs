//! Rolls up what was flushed, beside the flusher: a failure delays figures, never spans.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::StorageError;

/// How long nothing happens before the tables are looked after anyway.
const IDLE: Duration = Duration::from_secs(30);
/// After so many steps the tables are looked after even if more is to do: each step leaves files.
const STEPS_AT_A_TIME: u32 = 64;
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);
/// How long closing waits for figures.
const LAST_STEPS: Duration = Duration::from_secs(10);

/// Rolls up until told to stop.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
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
            && let Err(error) = roller.lock().await.maintain().await
        {
            tracing::warn!(%error, "files of figures were not merged; the rest is rolled up first");
        }
    }
    roller.lock().await.maintain().await
}

/// Rolls up the oldest commits that wait; false when none does.
pub(super) async fn step(shared: &Shared) -> Result<bool, StorageError> {
    let Some(roller) = &shared.roller else {
        return Ok(false);
    };
    let started = Instant::now();
    let stepped = roller.lock().await.step().await;
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
pub(super) async fn finish(shared: &Shared) {
    let Some(roller) = &shared.roller else {
        return;
    };
    let rolling = async {
        while step(shared).await? {}
        Ok::<(), StorageError>(())
    };
    match tokio::time::timeout(LAST_STEPS, rolling).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(%error, "the latest spans are not rolled up; the next start does");
        }
        Err(_) => tracing::info!("the latest spans are not rolled up yet; the next start does"),
    }
    roller.lock().await.close().await;
}
