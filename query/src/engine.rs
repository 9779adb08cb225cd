//! The engine: answers questions about traces from one snapshot each.

mod measure;
mod pool;
mod question;
mod scan;
pub(crate) mod session;

use std::fmt;
use std::sync::Arc;

use datafusion::catalog::CatalogProvider;
use datafusion::execution::TaskContext;
use datafusion::execution::session_state::SessionState;
use schemas::TraceId;

use crate::counters::{Counters, Counting};
use crate::prometheus::Totals;
use crate::{
    Operation, QueryError, QuerySettings, RedAnswer, RedQuery, RollUps, Topology, TopologyQuery,
    Trace, TraceQuery,
};

use pool::Pool;
pub(crate) use question::Question;
pub(crate) use scan::Scan;

/// Answers questions about the spans in a catalog's tables.
///
/// Each question reads one snapshot from its first to its last byte, so the same question of the
/// same snapshot has the same answer, byte for byte. Questions run on threads of the engine's
/// own; how many run, how long, and with how much memory is bounded by [`QuerySettings`].
///
/// Cloning is cheap: clones share everything.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    rollups: RollUps,
}

/// What all questions share.
struct Shared {
    catalog: Arc<dyn CatalogProvider>,
    settings: QuerySettings,
    session: SessionState,
    task_context: Arc<TaskContext>,
    pool: Pool,
    counting: Counting,
    red_totals: Totals,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.shared.settings;
        f.debug_struct("Engine")
            .field("settings", settings)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine over the catalog whose schema `now` holds the tables `spans`, `operations`, `red`,
    /// `edges`, `unrolled_spans` and `rolled_spans`; each call of `schema("now")` must give tables
    /// that stay with one snapshot.
    ///
    /// # Errors
    /// [`QueryError::Threads`] when the query threads cannot be started.
    pub fn new(
        catalog: Arc<dyn CatalogProvider>,
        settings: QuerySettings,
    ) -> Result<Self, QueryError> {
        let session = session::build(&settings)?;
        let shared = Shared {
            catalog,
            task_context: session.task_ctx(),
            session,
            pool: Pool::start(&settings)?,
            counting: Counting::default(),
            red_totals: Totals::default(),
            settings,
        };
        Ok(Self {
            shared: Arc::new(shared),
            rollups: RollUps::default(),
        })
    }

    /// The engine with the rollups that fold the spans of its tables, so that spans which are not
    /// folded yet count as the same operations.
    pub fn with_rollups(mut self, rollups: RollUps) -> Self {
        self.rollups = rollups;
        self
    }

    /// The whole trace with this id; `None` when no span has it.
    ///
    /// # Errors
    /// [`QueryError`], as every question.
    pub async fn trace(&self, id: TraceId) -> Result<Option<Trace>, QueryError> {
        self.ask(move |question| async move { question.trace(id).await })
            .await
    }

    /// The whole traces with these ids, in the order asked; ids that no span has are left out.
    ///
    /// # Errors
    /// [`QueryError`], as every question.
    pub async fn traces(&self, ids: &[TraceId]) -> Result<Vec<Trace>, QueryError> {
        let ids = ids.to_vec();
        self.ask(move |question| async move { question.traces(&ids).await })
            .await
    }

    /// The whole traces that have a span which meets every condition of `query`, newest first: by
    /// the start of the newest such span, then by trace id.
    ///
    /// # Errors
    /// [`QueryError`], as every question.
    pub async fn search(&self, query: TraceQuery) -> Result<Vec<Trace>, QueryError> {
        self.ask(move |question| async move { question.search(&query).await })
            .await
    }

    /// The rate, errors and durations of the spans that `query` names.
    ///
    /// # Errors
    /// [`QueryError`], as every question.
    pub async fn red(&self, query: RedQuery) -> Result<RedAnswer, QueryError> {
        self.ask(move |question| async move { question.red(&query).await })
            .await
    }

    /// Who calls whom, through what, how often and how well.
    ///
    /// # Errors
    /// [`QueryError`], as every question.
    pub async fn topology(&self, query: TopologyQuery) -> Result<Topology, QueryError> {
        self.ask(move |question| async move { question.topology(&query).await })
            .await
    }

    /// The names of all services, sorted.
    ///
    /// # Errors
    /// [`QueryError`], as every question.
    pub async fn services(&self) -> Result<Vec<String>, QueryError> {
        let all = self
            .ask(|question| async move { question.operations().await })
            .await?;
        Ok(all.into_keys().collect())
    }

    /// The operations of a service, sorted by name and kind; none for an unknown service.
    ///
    /// # Errors
    /// [`QueryError`], as every question.
    pub async fn operations(&self, service: &str) -> Result<Vec<Operation>, QueryError> {
        let mut all = self
            .ask(|question| async move { question.operations().await })
            .await?;
        Ok(all
            .remove(service)
            .unwrap_or_default()
            .into_iter()
            .collect())
    }

    /// The engine's settings.
    pub fn settings(&self) -> &QuerySettings {
        &self.shared.settings
    }

    /// A reading of the engine's counters.
    pub fn counters(&self) -> Counters {
        let memory = self.shared.session.runtime_env().memory_pool.reserved();
        self.shared.counting.reading(memory)
    }

    /// What the metrics of spans and calls keep from one scrape to the next.
    pub(crate) fn red_totals(&self) -> &Totals {
        &self.shared.red_totals
    }

    /// Answers one question on the engine's threads, within its limits.
    pub(crate) async fn ask<T, F>(
        &self,
        answer: impl FnOnce(Question) -> F + Send + 'static,
    ) -> Result<T, QueryError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, QueryError>> + Send + 'static,
    {
        let _open = self.shared.counting.open();
        let shared = Arc::clone(&self.shared);
        let rollups = self.rollups.clone();
        // The closure itself runs on the pool too: nothing of an answer is made here.
        let outcome = self
            .shared
            .pool
            .run(async move { answer(Question::begin(shared, rollups)?).await })
            .await;
        outcome.inspect_err(|error| self.shared.counting.failed(error))
    }
}

#[cfg(test)]
mod tests;
