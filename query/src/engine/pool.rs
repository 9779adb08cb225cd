//! The threads that answer questions, and how many questions they take.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use crate::{QueryError, QuerySettings};

/// Threads apart from those that serve sockets: scanning, assembling and writing answers take
/// long stretches of CPU time, which must not delay the receivers.
pub(super) struct Pool {
    /// Gone only while dropping.
    runtime: Option<Runtime>,
    /// Places for open questions, running and waiting.
    places: Semaphore,
    running: Arc<Semaphore>,
    timeout: Duration,
}

impl Pool {
    pub(super) fn start(settings: &QuerySettings) -> Result<Self, QueryError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(settings.threads.get())
            .thread_name("query")
            .enable_all()
            .build()
            .map_err(QueryError::Threads)?;
        Ok(Self {
            runtime: Some(runtime),
            places: Semaphore::new(
                settings
                    .running_limit
                    .saturating_add(settings.waiting_limit),
            ),
            running: Arc::new(Semaphore::new(settings.running_limit.max(1))),
            timeout: settings.timeout,
        })
    }

    /// Runs `answer` when its turn has come. Dropping the returned future cancels the answer.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        answer: impl Future<Output = Result<T, QueryError>> + Send + 'static,
    ) -> Result<T, QueryError> {
        let _place = self.places.try_acquire().map_err(|_| QueryError::Busy)?;
        let runtime = self
            .runtime
            .as_ref()
            .expect("the runtime is there until the drop");
        let turn = Arc::clone(&self.running).acquire_owned();
        let answered = async move {
            let turn = turn.await.expect("the semaphore is never closed");
            // The turn goes with the task, which may run on for a moment after it was cancelled.
            let task = runtime.spawn(async move {
                let _turn = turn;
                answer.await
            });
            AbortOnDropHandle::new(task).await?
        };
        let outcome = tokio::time::timeout(self.timeout, answered).await;
        outcome.map_err(|_| QueryError::Timeout(self.timeout))?
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // A runtime may not be dropped by waiting inside another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
