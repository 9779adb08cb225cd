//! The life of a server: starts its parts, waits for a reason to stop, stops them in order.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Ended;
use super::house::House;
use super::listeners::Listeners;
use super::signals::StopSignals;
use super::{alerts, opening, receivers, remote_write};
use crate::error_chain::error_chain;
use crate::settings::{AlertTables, Settings};

/// Time that closing gets after a panic, when a part that it needs may be gone.
const CLOSE_AFTER_PANIC: Duration = Duration::from_secs(10);

/// Time that the receivers, which keep the drain timeout themselves, have beyond it.
const AFTER_DRAIN: Duration = Duration::from_secs(1);

/// A part of the server, by the name that logs use.
pub(super) type Part = (&'static str, anyhow::Result<()>);

/// The part that is meant to end.
const OPENING: &str = "opening the store";

/// Serves until a signal, or until something fails, which is logged when it happens.
///
/// # Errors
/// What kept it from starting.
pub(super) async fn live(
    (settings, alert_tables): (Settings, AlertTables),
    panicked: CancellationToken,
) -> anyhow::Result<Ended> {
    let mut signals = StopSignals::listen()?;
    let listeners = Listeners::bind(&settings).await?;
    announce(&listeners.addresses()?.announcement());

    let house = House::new(settings, alert_tables);
    let mut parts = start(&house, listeners);
    let mut ended = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, "stopping; a second signal ends the process at once");
            Ended::AsAsked
        }
        () = panicked.cancelled() => Ended::Failed,
        failure = first_failure(&mut parts) => {
            tracing::error!(error = error_chain(&failure), "stopping");
            Ended::Failed
        }
    };
    tokio::spawn(end_at_second_signal(signals));
    if let Err(error) = stop(&house, parts, &panicked).await {
        tracing::error!(error = error_chain(&error), "did not stop well");
        ended = Ended::Failed;
    }
    // Also when the panic came while stopping.
    if panicked.is_cancelled() {
        ended = Ended::Failed;
    }
    tracing::info!("stopped");
    Ok(ended)
}

/// Prints where the listeners are, for people and programs.
/// A closed stdout is no reason not to serve.
fn announce(announcement: &str) {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(announcement.as_bytes());
    if let Err(error) = written.and_then(|()| stdout.flush()) {
        tracing::warn!(%error, announcement, "nobody reads standard output");
    }
}

fn start(house: &House, listeners: Listeners) -> JoinSet<Part> {
    let mut parts = JoinSet::new();
    parts.spawn(named(OPENING, opening::open(house.clone())));
    receivers::start(house, listeners, &mut parts);
    remote_write::start(house, &mut parts);
    parts.spawn(named("the alerts", alerts::run(house.clone())));
    parts
}

async fn named(name: &'static str, part: impl Future<Output = anyhow::Result<()>>) -> Part {
    (name, part.await)
}

/// Waits until a part fails, or ends although it should not.
async fn first_failure(parts: &mut JoinSet<Part>) -> anyhow::Error {
    loop {
        match parts.join_next().await {
            Some(Ok((OPENING, Ok(())))) => {}
            Some(Ok((name, Ok(())))) => return anyhow!("{name} ended by itself"),
            Some(Ok((name, Err(error)))) => return error.context(name),
            Some(Err(error)) => return ended_badly(&error),
            None => return anyhow!("every part ended"),
        }
    }
}

fn ended_badly(error: &JoinError) -> anyhow::Error {
    anyhow!("a part of the server did not end well: {error}")
}

/// Lets what is in flight finish, then moves what is in memory into the table.
async fn stop(
    house: &House,
    mut parts: JoinSet<Part>,
    panicked: &CancellationToken,
) -> anyhow::Result<()> {
    house.readiness.begin_stopping();
    house.stop.cancel();
    let drain = async { while parts.join_next().await.is_some() {} };
    let patience = house.settings.drain_timeout + AFTER_DRAIN;
    if timeout(patience, drain).await.is_err() {
        tracing::warn!("requests in flight did not finish in time and are cut off");
        parts.abort_all();
    }
    let Some(store) = house.store.get() else {
        return Ok(());
    };
    let closing = async {
        tokio::select! {
            closed = store.close() => closed.map_err(anyhow::Error::from),
            () = give_up_after_panic(panicked) => Err(anyhow!("closing hangs after a panic")),
        }
    };
    closing
        .await
        .context("not all spans were flushed; the write-ahead log has them for the next start")
}

async fn give_up_after_panic(panicked: &CancellationToken) {
    panicked.cancelled().await;
    tokio::time::sleep(CLOSE_AFTER_PANIC).await;
}

#[expect(
    clippy::exit,
    reason = "whoever signals twice wants the end now; what is acknowledged is in the log"
)]
async fn end_at_second_signal(mut signals: StopSignals) {
    let signal = signals.next().await;
    tracing::warn!(
        signal,
        "ended at once; the next start replays the write-ahead log"
    );
    std::process::exit(1);
}
