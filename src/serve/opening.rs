//! Opening the store behind the listeners, and becoming ready.

use std::sync::Arc;

use anyhow::{Context, ensure};
use query::{Engine, RollUps};
use storage::{OnReplay, SpanStore};

use super::house::House;
use super::{alerts, roll_up, wiring};

/// Opens the store, replaying its log, then lets spans and questions in.
///
/// Returns early, with nothing opened, when the server is stopped meanwhile.
///
/// # Errors
/// A store or alerts that cannot be opened; query threads that cannot be started.
pub(super) async fn open(house: House) -> anyhow::Result<()> {
    let readiness = Arc::clone(&house.readiness);
    let on_replay: OnReplay = Arc::new(move |progress| readiness.replayed(progress));
    let settings = wiring::storage_settings(&house.settings);
    let rollups = RollUps::default();
    let decode = wiring::decode_as_received();
    let opening =
        SpanStore::open_rolling_up(settings, decode, on_replay, roll_up::roll_up(&rollups));
    let store = tokio::select! {
        opened = opening => opened.with_context(|| {
            format!("cannot open the store in {}", house.settings.data_dir.display())
        })?,
        () = house.stop.cancelled() => return Ok(()),
    };
    let engine = Engine::new(store.catalog(), wiring::query_settings(&house.settings))?
        .with_rollups(rollups);
    let alerting = alerts::open(&house, engine.clone()).await?;
    let routes = query::router(engine.clone(), wiring::now).merge(alerting.router());

    // Only here are they set, and only once.
    let is_first = house.engine.set(engine).is_ok()
        && house.alerting.set(alerting).is_ok()
        && house.routes.set(routes).is_ok()
        && house.store.set(store).is_ok();
    ensure!(is_first, "the store was opened twice");
    house.readiness.become_ready();
    tracing::info!("ready");
    Ok(())
}
