//! Where decoded spans go.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas::SpanBatch;

use crate::Encoding;

/// The spans of a request as they came, after decompression.
#[derive(Clone, Debug)]
pub struct EncodedSpans {
    /// How they are written.
    pub encoding: Encoding,
    /// The request's bytes.
    pub body: Bytes,
}

/// Takes spans for good.
#[async_trait]
pub trait SpanSink: Send + Sync + 'static {
    /// Stores `batch` and returns once it is durable: the sender then forgets it.
    ///
    /// `payload` holds the same spans as received (and those that were refused);
    /// [`decode_payload`](crate::decode_payload) makes the same batch from it again.
    ///
    /// The future is dropped when the sender goes away: an append that has begun must then either
    /// end on its own or leave no trace.
    ///
    /// # Errors
    /// [`SinkError`] tells the sender whether to send again.
    async fn append(&self, payload: EncodedSpans, batch: SpanBatch) -> Result<(), SinkError>;

    /// Whether an append has a chance now. Receivers ask before they read a request's body, so
    /// that a sink that is not ready costs no decoding.
    ///
    /// # Errors
    /// The error that [`Self::append`] would give.
    fn ready(&self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Why spans were not stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SinkError {
    /// Too much is in flight: the sender should wait and send the same again.
    #[error("too many spans in flight; send again in {retry_after:?}")]
    Busy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The sink cannot store now, such as before recovery ended: send the same again.
    #[error("{reason}; send again in {retry_after:?}")]
    Unavailable {
        /// Why, for the sender's eyes.
        reason: String,
        /// How long to wait.
        retry_after: Duration,
    },
    /// The sink will never take this: the sender should not send it again.
    #[error("{reason}")]
    Rejected {
        /// Why, for the sender's eyes.
        reason: String,
    },
}
