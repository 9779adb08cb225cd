//! Alerts: their figures are the engine's, their life is the server's.

mod figures;
mod mac;

use std::sync::Arc;

use ::alerts::{AlertSettings, Alerting, Components};
use anyhow::Context;
use query::Engine;
use reqwest::redirect::Policy;

use super::house::House;
use super::wiring;
use figures::EngineFigures;

/// Reads rules and state; nothing runs yet.
///
/// # Errors
/// A file that cannot be read.
pub(super) async fn open(house: &House, engine: Engine) -> anyhow::Result<Alerting> {
    let settings = AlertSettings {
        directory: house.settings.data_dir.join("alerts"),
        interval: house.settings.alert_interval,
        lag: house.settings.alert_lag,
        rules: house.alert_tables.rules.clone(),
        receivers: house.alert_tables.receivers.clone(),
    };
    let components = Components {
        figures: Arc::new(EngineFigures::new(engine)),
        clock: wiring::now,
        client,
        mac: mac::sha256,
        stop: house.stop.clone(),
    };
    let opening = tokio::task::spawn_blocking(move || Alerting::open(settings, components));
    opening.await?.context("cannot open the alerts")
}

/// Evaluates and notifies, from when the store is open until the server stops.
///
/// # Errors
/// Receivers that cannot be spoken to, for want of the system's certificates.
pub(super) async fn run(house: House) -> anyhow::Result<()> {
    let opened = house.alerting.wait();
    match house.stop.run_until_cancelled(opened).await {
        Some(alerting) => Ok(alerting.run().await?),
        None => Ok(()),
    }
}

/// What speaks to receivers: it follows no redirects, by which secrets could leave.
fn client() -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().redirect(Policy::none());
    builder.build()
}
