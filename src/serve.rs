//! `spanhouse serve`: wires receivers, storage and queries together and keeps them alive.
//!
//! ```text
//!  bind ─► announce ─► serve ───────────────────────────────────► stop ─► drain ─► flush, close
//!                        └ open the store (replay) ─► ready        ▲
//!                                                    signal, a panic, a part that ended
//! ```

mod alerts;
mod health;
mod house;
mod http;
mod lifetime;
mod listeners;
mod metrics;
mod openapi;
mod opening;
mod panics;
mod readiness;
mod receivers;
mod remote_write;
mod roll_up;
mod signals;
mod sink;
mod wiring;

pub(crate) use openapi::openapi_json;
use std::time::Duration;

use tokio::runtime;

use crate::error_chain::error_chain;
use crate::logging;
use crate::settings::{EffectiveSettings, SettingArguments};

/// How a server that had started ended. What failed is in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By a signal, with every span in the table.
    AsAsked,
    /// By a failure: an address that cannot be listened at, a store that cannot be opened, a part
    /// that failed or panicked, spans that could not be flushed at the end.
    Failed,
}

/// Threads for work that takes its time: files, encoding, decoding, folding. Few, as each keeps memory
/// of its last work; more than ever wait for each other.
const BLOCKING_THREADS: usize = 8;
/// An idle thread gives its memory back when it ends.
const IDLE_THREAD: Duration = Duration::from_secs(1);

/// Runs the server until it is told to stop or fails.
///
/// # Errors
/// What goes wrong before logging has begun, above all bad settings.
pub(crate) fn run(arguments: SettingArguments) -> anyhow::Result<Ended> {
    let EffectiveSettings {
        settings,
        alert_tables,
        ..
    } = arguments.resolve()?;
    logging::start(&settings)?;
    let panicked = panics::watch();
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_keep_alive(IDLE_THREAD)
        .build()?;
    let outcome = runtime.block_on(lifetime::live((settings, alert_tables), panicked));
    // An interrupted replay may still read the log; it has nothing that is not there already.
    runtime.shutdown_background();
    match outcome {
        Ok(ended) => Ok(ended),
        Err(error) => {
            tracing::error!(error = error_chain(&error), "failed");
            Ok(Ended::Failed)
        }
    }
}
