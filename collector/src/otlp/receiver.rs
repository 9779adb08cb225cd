//! What both transports do with a request: admit, read, inflate, decode, store.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use tokio::sync::Semaphore;

use super::body::{BodyError, read_body};
use super::budget::{BudgetExhausted, ByteBudget, Reservation};
use super::inflate::{Compression, InflateError, inflate};
use crate::counters::Ending;
use crate::{
    CollectorSettings, Counters, Decoded, EncodedSpans, Encoding, Protocol, SinkError, SpanSink,
};

/// Bodies up to this size are decoded where they were read: it takes less than half a
/// millisecond, a hand-over to another thread would cost more.
const INLINE_BYTES: usize = 16 * 1024;
/// The memory of decoded spans, as multiples of the body: columns, and for JSON its tree too.
const PROTOBUF_EXPANSION: usize = 1;
const JSON_EXPANSION: usize = 4;

/// Takes exports of both transports and hands their spans to a sink.
pub struct Receiver {
    sink: Arc<dyn SpanSink>,
    settings: CollectorSettings,
    counters: Arc<Counters>,
    budget: ByteBudget,
    decoders: Arc<Semaphore>,
}

/// How an export went well.
#[derive(Debug, Default)]
pub(super) struct Receipt {
    /// How many spans were refused.
    pub(super) rejected: u64,
    /// Why, or a warning; empty when all is well.
    pub(super) message: String,
}

/// Why an export failed as a whole.
#[derive(Debug)]
pub(super) enum ExportError {
    /// The request or its decompressed body is over the limit.
    TooLarge { limit: usize },
    /// The request can never be read.
    Invalid(String),
    /// A gRPC message is compressed, but its call does not say how.
    CompressionUnknown,
    /// The sender did not finish its body in time.
    BodyTimeout(Duration),
    /// Too much is in flight.
    Busy { retry_after: Duration },
    /// The sink cannot store now.
    Unavailable {
        reason: String,
        retry_after: Duration,
    },
    /// The sink will never take it.
    Rejected(String),
    /// A fault of ours.
    Internal,
}

/// A body that was read and admitted.
pub(super) struct ReceivedBody {
    pub(super) bytes: Bytes,
    pub(super) reservation: Reservation,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Receiver {
    /// A receiver for `sink`. One receiver serves both transports, so that they share the byte
    /// budget and the decoders.
    pub fn new(sink: Arc<dyn SpanSink>, settings: CollectorSettings) -> Self {
        let decoders = settings.decode_threads.get().min(Semaphore::MAX_PERMITS);
        Self {
            sink,
            counters: Arc::default(),
            budget: ByteBudget::new(settings.in_flight_bytes),
            decoders: Arc::new(Semaphore::new(decoders)),
            settings,
        }
    }

    /// What it has done since the start.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    pub(super) fn settings(&self) -> &CollectorSettings {
        &self.settings
    }

    /// Whether the sink would take spans now.
    pub(super) fn ready(&self) -> Result<(), ExportError> {
        self.sink.ready().map_err(|error| self.sink_error(error))
    }

    /// Reads a body of up to `overhead` bytes more than a request may have.
    pub(super) async fn receive(
        &self,
        body: &mut Body,
        declared: Option<usize>,
        overhead: usize,
    ) -> Result<ReceivedBody, ExportError> {
        let limit = self.settings.max_request_bytes.saturating_add(overhead);
        let mut reservation = self.budget.reservation();
        let reading = read_body(body, declared, limit, &mut reservation);
        let timeout = self.settings.body_timeout;
        let read = tokio::time::timeout(timeout, reading)
            .await
            .map_err(|_| ExportError::BodyTimeout(timeout))?;
        let bytes = read.map_err(|error| match error {
            BodyError::TooLarge => self.too_large(),
            BodyError::Exhausted(exhausted) => self.busy(exhausted),
            BodyError::Aborted(error) => {
                ExportError::Invalid(format!("the body was cut off: {error}"))
            }
        })?;
        Ok(ReceivedBody { bytes, reservation })
    }

    /// Decodes a body and stores its spans; returns once they are durable.
    pub(super) async fn export(
        &self,
        (protocol, encoding): (Protocol, Encoding),
        compression: Compression,
        received: ReceivedBody,
    ) -> Result<Receipt, ExportError> {
        let received_bytes = received.bytes.len();
        let (body, decoded, reservation) = self.decode(encoding, compression, received).await?;
        self.counters
            .count_bytes(protocol, received_bytes, body.len());
        let spans = decoded.batch.rows();
        if spans > 0 {
            let payload = EncodedSpans { encoding, body };
            self.sink
                .append(payload, decoded.batch)
                .await
                .map_err(|error| self.sink_error(error))?;
        }
        // The request's bytes are in memory until here: they are the sink's payload.
        drop(reservation);
        self.counters.count_spans(protocol, spans, &decoded.refused);
        Ok(Receipt {
            rejected: decoded.rejected,
            message: decoded.reason,
        })
    }

    /// Counts how an export ended.
    pub(super) fn count<T>(&self, protocol: Protocol, result: &Result<T, ExportError>) {
        let ending = match result {
            Ok(_) => Ending::Accepted,
            Err(ExportError::TooLarge { .. }) => Ending::TooLarge,
            Err(ExportError::Busy { .. }) => Ending::Busy,
            Err(ExportError::Unavailable { .. }) => Ending::Unavailable,
            Err(
                ExportError::Invalid(_)
                | ExportError::CompressionUnknown
                | ExportError::BodyTimeout(_)
                | ExportError::Rejected(_),
            ) => Ending::Invalid,
            Err(ExportError::Internal) => Ending::Failed,
        };
        self.counters.count_ending(protocol, ending);
    }

    pub(super) fn too_large(&self) -> ExportError {
        ExportError::TooLarge {
            limit: self.settings.max_request_bytes,
        }
    }

    async fn decode(
        &self,
        encoding: Encoding,
        compression: Compression,
        received: ReceivedBody,
    ) -> Result<(Bytes, Decoded, Reservation), ExportError> {
        let job = DecodeJob {
            encoding,
            compression,
            received,
            limit: self.settings.max_request_bytes,
        };
        let is_small =
            compression == Compression::Identity && job.received.bytes.len() <= INLINE_BYTES;
        let result = if is_small {
            job.run()
        } else {
            // Requests that wait here are bounded by the byte budget that each of them holds.
            let decoders = Arc::clone(&self.decoders);
            let place = decoders
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            // The job keeps its place to its end, also when the sender goes away meanwhile.
            let decoding = tokio::task::spawn_blocking(move || {
                let result = job.run();
                drop(place);
                result
            });
            let result = decoding.await.map_err(|error| {
                tracing::error!(%error, "decoding a request failed");
                ExportError::Internal
            });
            result?
        };
        result.map_err(|error| match error {
            DecodeFailure::TooLarge => self.too_large(),
            DecodeFailure::Exhausted(exhausted) => self.busy(exhausted),
            DecodeFailure::Invalid(reason) => ExportError::Invalid(reason),
        })
    }

    fn busy(&self, BudgetExhausted: BudgetExhausted) -> ExportError {
        ExportError::Busy {
            retry_after: self.settings.retry_after,
        }
    }

    fn sink_error(&self, error: SinkError) -> ExportError {
        match error {
            SinkError::Busy { retry_after } => ExportError::Busy { retry_after },
            SinkError::Unavailable {
                reason,
                retry_after,
            } => ExportError::Unavailable {
                reason,
                retry_after,
            },
            SinkError::Rejected { reason } => ExportError::Rejected(reason),
        }
    }
}

struct DecodeJob {
    encoding: Encoding,
    compression: Compression,
    received: ReceivedBody,
    limit: usize,
}

enum DecodeFailure {
    TooLarge,
    Exhausted(BudgetExhausted),
    Invalid(String),
}

impl DecodeJob {
    /// Work for the CPU; may take long.
    fn run(self) -> Result<(Bytes, Decoded, Reservation), DecodeFailure> {
        let Self {
            encoding,
            compression,
            received:
                ReceivedBody {
                    bytes,
                    mut reservation,
                },
            limit,
        } = self;
        let mut held = bytes.len();
        let body =
            if compression == Compression::Identity {
                bytes
            } else {
                let inflated = inflate(compression, &bytes, limit, (&mut reservation, held))
                    .map_err(|error| match error {
                        InflateError::TooLarge => DecodeFailure::TooLarge,
                        InflateError::Exhausted(exhausted) => DecodeFailure::Exhausted(exhausted),
                        InflateError::Corrupt(error) => DecodeFailure::Invalid(format!(
                            "the body cannot be decompressed as its encoding says: {error}"
                        )),
                    })?;
                held += inflated.len();
                Bytes::from(inflated)
            };
        let expansion = match encoding {
            Encoding::OtlpProtobuf => PROTOBUF_EXPANSION,
            Encoding::OtlpJson => JSON_EXPANSION,
        };
        reservation
            .grow_to(held + expansion * body.len())
            .map_err(DecodeFailure::Exhausted)?;
        let decoded = encoding
            .decode(&body)
            .map_err(|error| DecodeFailure::Invalid(error.to_string()))?;
        Ok((body, decoded, reservation))
    }
}
