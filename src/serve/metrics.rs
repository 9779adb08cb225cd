//! `/metrics`: the counters of every part, in Prometheus' text format.

mod alerts;
mod exposition;
mod process;
mod queries;
mod receivers;
mod remote_write;
mod storing;

use std::sync::{Arc, OnceLock};

use ::alerts::Alerting;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use query::Engine;
use tokio::sync::SetOnce;

use super::readiness::{Phase, Readiness};
use super::remote_write::RemoteWriteCounters;
use super::sink::LateStore;
use exposition::{Exposition, Kind};

/// Where the figures come from; storage and queries have none until the replay is done.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) receivers: Arc<collector::Counters>,
    pub(super) store: LateStore,
    pub(super) engine: Arc<OnceLock<Engine>>,
    pub(super) alerting: Arc<SetOnce<Alerting>>,
    pub(super) remote_write: Arc<RemoteWriteCounters>,
    pub(super) readiness: Arc<Readiness>,
}

/// Answers with all figures as they are now.
pub(super) async fn answer(State(sources): State<Arc<Sources>>) -> Response {
    let content_type = [(header::CONTENT_TYPE, exposition::CONTENT_TYPE)];
    (content_type, text(&sources)).into_response()
}

fn text(sources: &Sources) -> String {
    let mut exposition = Exposition::default();
    exposition
        .family(
            "spanhouse_build_info",
            Kind::Gauge,
            "The version that runs.",
        )
        .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    exposition.gauge(
        "spanhouse_ready",
        "1 while spans are taken and questions answered, else 0.",
        u8::from(sources.readiness.phase() == Phase::Ready),
    );
    receivers::write(&mut exposition, &sources.receivers);
    if let Some(store) = sources.store.get() {
        storing::write(&mut exposition, &store.stats());
    }
    if let Some(engine) = sources.engine.get() {
        queries::write(&mut exposition, &engine.counters());
    }
    if let Some(alerting) = sources.alerting.get() {
        alerts::write(&mut exposition, &alerting.counters());
    }
    remote_write::write(&mut exposition, &sources.remote_write);
    process::write(&mut exposition);
    exposition.into_text()
}

/// Nanoseconds as the seconds that Prometheus' conventions ask for.
fn seconds(nanos: u64) -> f64 {
    std::time::Duration::from_nanos(nanos).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_its_help_and_type_and_every_sample_its_family() {
        let text = text(&Sources {
            receivers: Arc::default(),
            store: LateStore::default(),
            engine: Arc::default(),
            alerting: Arc::default(),
            remote_write: Arc::default(),
            readiness: Arc::new(Readiness::new()),
        });
        let mut family = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                family = rest.split(' ').next().unwrap_or_default().to_owned();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                assert_eq!(rest.split(' ').next(), Some(family.as_str()));
            } else {
                assert!(line.starts_with(&family), "{line} is not of {family}");
            }
        }
        assert!(text.contains("spanhouse_ready 0\n"));
    }
}
