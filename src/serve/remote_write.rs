//! Sends the metrics of `/metrics/red` by Prometheus' remote write, version 1.0.
//!
//! ```text
//!   each interval: figures ─► requests, one at a time ─► Snappy ─► POST ─► 2xx, or again, or never
//! ```
//!
//! Counters are totals, so a round that is not delivered is made good by the next one: nothing
//! waits in a queue, and nothing has to be kept.

mod answer;
mod delivery;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::Context;
use query::{Engine, Exemplars, HistogramForms};
use reqwest::Url;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::house::House;
use super::lifetime::Part;
use super::wiring;
use crate::error_chain::error_chain;
use delivery::{Delivery, Receiver};

/// The shortest interval: a round asks for the figures of all services.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

const NAME: &str = "remote write";

/// What remote write counts since the start.
#[derive(Debug, Default)]
pub(super) struct RemoteWriteCounters {
    /// Requests that were taken.
    pub(super) delivered: AtomicU64,
    /// Requests that the receiver will never take.
    pub(super) refused: AtomicU64,
    /// Requests that were not taken after all attempts.
    pub(super) given_up: AtomicU64,
    /// Further attempts.
    pub(super) retries: AtomicU64,
    /// Samples in the requests that were taken.
    pub(super) samples: AtomicU64,
    /// Rounds in which there were no figures.
    pub(super) rounds_failed: AtomicU64,
}

/// Starts to send, where a URL is set, until the server stops.
pub(super) fn start(house: &House, parts: &mut JoinSet<Part>) {
    let Some(url) = house.settings.remote_write_url.clone() else {
        return;
    };
    let house = house.clone();
    parts.spawn(async move {
        let stop = house.stop.clone();
        let ended = stop.run_until_cancelled(Box::pin(send(house, url))).await;
        (NAME, ended.unwrap_or(Ok(())))
    });
}

/// # Errors
/// A client that cannot be built, such as one without the system's certificates.
async fn send(house: House, url: Url) -> anyhow::Result<()> {
    let mut receiver = Receiver::new(url, Arc::clone(&house.remote_write))
        .context("the client cannot be set up")?;
    let interval = house.settings.remote_write_interval;
    let mut rounds = tokio::time::interval(interval.max(SHORTEST_INTERVAL));
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Some(engine) = house.engine.get() {
            round(&house, engine, &mut receiver).await;
        }
    }
}

/// Sends the figures as they are now.
async fn round(house: &House, engine: &Engine, receiver: &mut Receiver) {
    let now = wiring::now();
    let metrics = match engine.red_metrics(now, Exemplars::Slowest).await {
        Ok(metrics) => metrics,
        Err(error) => {
            house.remote_write.rounds_failed.fetch_add(1, Relaxed);
            tracing::warn!(error = error_chain(&error.into()), "no figures to send");
            return;
        }
    };
    let forms = match house.settings.remote_write_native_histograms {
        true => HistogramForms::Both,
        false => HistogramForms::Classic,
    };
    let labels = &house.settings.remote_write_labels.0;
    for request in metrics.into_write_requests(now, labels, forms) {
        // What is refused is refused alone; who does not answer will not answer the rest either.
        match receiver.deliver(&request).await {
            Delivery::Delivered | Delivery::Refused => {}
            Delivery::GivenUp => return,
        }
    }
}
