//! The seam between receivers and storage.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use collector::{EncodedSpans, SinkError, SpanSink};
use schemas::SpanBatch;
use storage::{SpanStore, StorageError};

/// How long a sender waits when storage cannot say.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The store, once it is open.
pub(super) type LateStore = Arc<OnceLock<SpanStore>>;

/// A sink that refuses until the store is open, and then appends to it.
#[derive(Debug, Clone)]
pub(super) struct StoreSink {
    store: LateStore,
    is_failing: Arc<AtomicBool>,
}

impl StoreSink {
    pub(super) fn new(store: LateStore) -> Self {
        Self {
            store,
            is_failing: Arc::default(),
        }
    }

    /// Logs the first failure of a row and its end, not each of thousands of requests.
    fn note(&self, outcome: Result<(), &StorageError>) {
        match outcome {
            Ok(()) if self.is_failing.load(Ordering::Relaxed) => {
                if self.is_failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("spans are stored again");
                }
            }
            Ok(()) | Err(StorageError::Busy { .. } | StorageError::Rejected { .. }) => {}
            Err(error) => {
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "spans cannot be stored; senders are told to retry");
                }
            }
        }
    }

    fn store(&self) -> Result<&SpanStore, SinkError> {
        self.store.get().ok_or_else(|| SinkError::Unavailable {
            reason: "the write-ahead log is being replayed".to_owned(),
            retry_after: RETRY_AFTER,
        })
    }
}

#[async_trait]
impl SpanSink for StoreSink {
    async fn append(&self, payload: EncodedSpans, batch: SpanBatch) -> Result<(), SinkError> {
        let store = self.store()?;
        let appended = store
            .append(payload.encoding.tag(), payload.body, batch)
            .await;
        self.note(appended.as_ref().map(|_position| ()));
        match appended {
            Ok(_position) => Ok(()),
            Err(error) => Err(sink_error(error)),
        }
    }

    fn ready(&self) -> Result<(), SinkError> {
        self.store().map(|_| ())
    }
}

/// Tells the sender what to do. What is wrong with the machine is for the log alone.
fn sink_error(error: StorageError) -> SinkError {
    match error {
        StorageError::Busy { retry_after, .. } => SinkError::Busy { retry_after },
        StorageError::Rejected { reason } => SinkError::Rejected { reason },
        StorageError::Unavailable { .. }
        | StorageError::Corrupt { .. }
        | StorageError::Incompatible { .. } => SinkError::Unavailable {
            reason: "spans cannot be stored now".to_owned(),
            retry_after: RETRY_AFTER,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rejected_spans_are_not_sent_again() {
        let busy = sink_error(StorageError::Busy {
            reason: "full".to_owned(),
            retry_after: Duration::from_secs(7),
        });
        assert!(matches!(
            busy,
            SinkError::Busy { retry_after } if retry_after == Duration::from_secs(7)
        ));
        let rejected = sink_error(StorageError::Rejected {
            reason: "too large".to_owned(),
        });
        assert!(matches!(rejected, SinkError::Rejected { reason } if reason == "too large"));
        let unavailable = sink_error(StorageError::Unavailable {
            reason: "/secret/path is full".to_owned(),
            source: None,
        });
        assert!(matches!(
            unavailable,
            SinkError::Unavailable { reason, .. } if !reason.contains("secret")
        ));
    }

    #[test]
    fn nothing_is_taken_before_the_store_is_open() {
        let sink = StoreSink::new(LateStore::default());
        assert!(matches!(sink.ready(), Err(SinkError::Unavailable { .. })));
    }
}
