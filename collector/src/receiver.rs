//! What every transport does with a request: admit, read, inflate, decode, store.

mod body;
mod budget;
mod inflate;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use schemas::UnixNanos;
use tokio::sync::Semaphore;

use crate::assembler::MAX_DETAILS;
use crate::counters::Ending;
use crate::encoding;
use crate::{
    Clock, CollectorSettings, Counters, Decoded, EncodedSpans, Encoding, Protocol, SinkError,
    SpanSink,
};

use body::{BodyError, read_body};
use budget::ByteBudget;
use inflate::{InflateError, inflate};

pub(crate) use body::{declared_length, drain};
pub(crate) use budget::{BudgetExhausted, Reservation};
pub(crate) use inflate::Compression;

/// Bodies up to this size are decoded where they were read: it takes less than half a
/// millisecond, a hand-over to another thread would cost more.
const INLINE_BYTES: usize = 16 * 1024;
/// Takes exports of all transports and hands their spans to a sink.
pub struct Receiver {
    sink: Arc<dyn SpanSink>,
    clock: Clock,
    settings: CollectorSettings,
    counters: Arc<Counters>,
    budget: ByteBudget,
    decoders: Arc<Semaphore>,
}

/// How an export went well.
#[derive(Debug, Default)]
pub(crate) struct Receipt {
    /// How many spans became durable.
    pub(crate) accepted: u64,
    /// How many spans were refused.
    pub(crate) rejected: u64,
    /// Why, or a warning; empty when all is well.
    pub(crate) message: String,
    /// What was wrong with each of the first refused spans, for protocols that tell it.
    pub(crate) details: Vec<String>,
}

impl Receipt {
    /// Adds what came of a further message of the same call.
    pub(crate) fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        if self.message.is_empty() {
            self.message = other.message;
        }
        let room = MAX_DETAILS.saturating_sub(self.details.len());
        self.details.extend(other.details.into_iter().take(room));
    }
}

/// Why an export failed as a whole.
#[derive(Debug)]
pub(crate) enum ExportError {
    /// The request or its decompressed body is over the limit.
    TooLarge { limit: usize },
    /// The request can never be read.
    Invalid(String),
    /// The body is compressed in a way that we do not know; says which ones we do.
    UnsupportedCompression(String),
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
pub(crate) struct ReceivedBody {
    pub(crate) bytes: Bytes,
    pub(crate) reservation: Reservation,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Receiver {
    /// A receiver for `sink`. One receiver serves all transports, so that they share the byte
    /// budget and the decoders. `clock` tells when spans arrive that do not say when they began.
    pub fn new(sink: Arc<dyn SpanSink>, clock: Clock, settings: CollectorSettings) -> Self {
        let decoders = settings.decode_threads.get().min(Semaphore::MAX_PERMITS);
        Self {
            sink,
            clock,
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

    /// The limits that it keeps.
    pub fn settings(&self) -> &CollectorSettings {
        &self.settings
    }

    /// Whether the sink would take spans now.
    pub(crate) fn ready(&self) -> Result<(), ExportError> {
        self.sink.ready().map_err(|error| self.sink_error(error))
    }

    /// Reads a body of up to `overhead` bytes more than a request may have.
    pub(crate) async fn receive(
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

    /// A body that came whole and without compression, such as a datagram.
    pub(crate) fn admit(&self, bytes: &[u8]) -> Result<ReceivedBody, ExportError> {
        if bytes.len() > self.settings.max_request_bytes {
            return Err(self.too_large());
        }
        self.ready()?;
        let mut reservation = self.budget.reservation();
        reservation
            .grow_to(bytes.len())
            .map_err(|exhausted| self.busy(exhausted))?;
        let bytes = Bytes::copy_from_slice(bytes);
        Ok(ReceivedBody { bytes, reservation })
    }

    /// Decodes a body and stores its spans; returns once they are durable.
    pub(crate) async fn export(
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
            accepted: spans as u64,
            rejected: decoded.rejected,
            message: decoded.reason,
            details: decoded.details,
        })
    }

    /// Counts how an export ended.
    pub(crate) fn count<T>(&self, protocol: Protocol, result: &Result<T, ExportError>) {
        match result {
            Ok(_) => self.counters.count_ending(protocol, Ending::Accepted),
            Err(error) => self.count_failure(protocol, error),
        }
    }

    pub(crate) fn count_failure(&self, protocol: Protocol, error: &ExportError) {
        let ending = match error {
            ExportError::TooLarge { .. } => Ending::TooLarge,
            ExportError::Busy { .. } => Ending::Busy,
            ExportError::Unavailable { .. } => Ending::Unavailable,
            ExportError::Invalid(_)
            | ExportError::UnsupportedCompression(_)
            | ExportError::CompressionUnknown
            | ExportError::BodyTimeout(_)
            | ExportError::Rejected(_) => Ending::Invalid,
            ExportError::Internal => Ending::Failed,
        };
        self.counters.count_ending(protocol, ending);
    }

    /// A reservation of nothing yet, for a message that is read piece by piece.
    pub(crate) fn reservation(&self) -> Reservation {
        self.budget.reservation()
    }

    pub(crate) fn too_large(&self) -> ExportError {
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
            arrival: (self.clock)(),
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

    pub(crate) fn busy(&self, BudgetExhausted: BudgetExhausted) -> ExportError {
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
    arrival: UnixNanos,
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
            arrival,
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
        reservation
            .grow_to(held + encoding.expansion() * body.len())
            .map_err(DecodeFailure::Exhausted)?;
        let body = if encoding.is_stamped() {
            encoding::stamp(arrival, &body)
        } else {
            body
        };
        let decoded = encoding
            .decode(&body)
            .map_err(|error| DecodeFailure::Invalid(error.to_string()))?;
        Ok((body, decoded, reservation))
    }
}
