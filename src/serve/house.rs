//! What the parts of a running server share.

use std::sync::{Arc, OnceLock};

use ::alerts::Alerting;
use axum::Router;
use collector::{Receiver, mtrace, zipkin};
use query::Engine;
use tokio::sync::SetOnce;
use tokio_util::sync::CancellationToken;

use super::http::{self, LateRoutes};
use super::metrics::Sources;
use super::readiness::Readiness;
use super::remote_write::RemoteWriteCounters;
use super::sink::{LateStore, StoreSink};
use super::wiring;
use crate::settings::{AlertTables, Settings};

/// Handles to everything that lives as long as the server; clones share it.
///
/// What needs the store is empty until it is open.
#[derive(Debug, Clone)]
pub(super) struct House {
    pub(super) settings: Arc<Settings>,
    pub(super) alert_tables: Arc<AlertTables>,
    pub(super) readiness: Arc<Readiness>,
    /// What the transports of all protocols hand their requests to.
    pub(super) receiver: Arc<Receiver>,
    pub(super) store: LateStore,
    pub(super) engine: Arc<OnceLock<Engine>>,
    pub(super) alerting: Arc<SetOnce<Alerting>>,
    pub(super) routes: LateRoutes,
    pub(super) remote_write: Arc<RemoteWriteCounters>,
    /// Cancelled when nothing new is to be begun.
    pub(super) stop: CancellationToken,
}

impl House {
    pub(super) fn new(settings: Settings, alert_tables: AlertTables) -> Self {
        let store = LateStore::default();
        let sink = Arc::new(StoreSink::new(Arc::clone(&store)));
        let receiver = Receiver::new(sink, wiring::now, wiring::collector_settings(&settings));
        Self {
            settings: Arc::new(settings),
            alert_tables: Arc::new(alert_tables),
            readiness: Arc::new(Readiness::new()),
            receiver: Arc::new(receiver),
            store,
            engine: Arc::default(),
            alerting: Arc::default(),
            routes: LateRoutes::default(),
            remote_write: Arc::default(),
            stop: CancellationToken::new(),
        }
    }

    pub(super) fn http_router(&self) -> Router {
        let sources = Sources {
            receivers: Arc::clone(self.receiver.counters()),
            store: Arc::clone(&self.store),
            engine: Arc::clone(&self.engine),
            alerting: Arc::clone(&self.alerting),
            remote_write: Arc::clone(&self.remote_write),
            readiness: Arc::clone(&self.readiness),
        };
        let readiness = Arc::clone(&self.readiness);
        http::router(readiness, Arc::new(sources), Arc::clone(&self.routes))
            .merge(mtrace::router(Arc::clone(&self.receiver)))
    }

    /// What Zipkin's port answers: it takes spans, and questions of Zipkin's API.
    pub(super) fn zipkin_router(&self) -> Router {
        zipkin::router(Arc::clone(&self.receiver))
            .merge(http::zipkin_questions(Arc::clone(&self.routes)))
    }
}
