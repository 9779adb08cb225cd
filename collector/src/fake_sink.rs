//! A sink for tests, and requests to fill it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use schemas::{SpanBatch, UnixNanos};
use tokio::sync::Semaphore;

use crate::Receiver;
use crate::{CollectorSettings, EncodedSpans, SinkError, SpanSink};

/// When everything arrives.
pub(crate) const ARRIVAL: UnixNanos = UnixNanos(1_700_000_001_000_000_000);

/// Keeps what it is given, or fails as it is told.
pub(crate) struct FakeSink {
    pub(crate) taken: Mutex<Vec<(EncodedSpans, SpanBatch)>>,
    failure: Mutex<Option<SinkError>>,
    readiness: Mutex<Option<SinkError>>,
    /// An append needs one of these.
    pub(crate) permits: Semaphore,
}

impl FakeSink {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            taken: Mutex::default(),
            failure: Mutex::default(),
            readiness: Mutex::default(),
            permits: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    pub(crate) fn fail_with(&self, error: SinkError) {
        *self.failure.lock().expect("no panic within") = Some(error);
    }

    pub(crate) fn not_ready(&self, error: SinkError) {
        *self.readiness.lock().expect("no panic within") = Some(error);
    }

    pub(crate) fn spans(&self) -> usize {
        self.taken
            .lock()
            .expect("no panic within")
            .iter()
            .map(|(_, batch)| batch.rows())
            .sum()
    }

    pub(crate) fn receiver(self: &Arc<Self>) -> Arc<Receiver> {
        self.receiver_with(CollectorSettings::default())
    }

    pub(crate) fn receiver_with(self: &Arc<Self>, settings: CollectorSettings) -> Arc<Receiver> {
        Arc::new(Receiver::new(
            Arc::clone(self) as Arc<dyn SpanSink>,
            || ARRIVAL,
            settings,
        ))
    }
}

#[async_trait]
impl SpanSink for FakeSink {
    async fn append(&self, payload: EncodedSpans, batch: SpanBatch) -> Result<(), SinkError> {
        let failure = self.failure.lock().expect("no panic within").clone();
        if let Some(error) = failure {
            return Err(error);
        }
        self.permits.acquire().await.expect("never closed").forget();
        self.taken
            .lock()
            .expect("no panic within")
            .push((payload, batch));
        Ok(())
    }

    fn ready(&self) -> Result<(), SinkError> {
        self.readiness
            .lock()
            .expect("no panic within")
            .clone()
            .map_or(Ok(()), Err)
    }
}

/// So many valid spans, then so many whose trace id is all zero.
pub(crate) fn request(valid: usize, invalid: usize) -> ExportTraceServiceRequest {
    let span = |index: usize, trace_id: [u8; 16]| Span {
        trace_id: trace_id.to_vec(),
        span_id: (index as u64 + 1).to_be_bytes().to_vec(),
        name: format!("span {index}"),
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: 1_700_000_000_000_000_500,
        ..Span::default()
    };
    let spans = (0..valid)
        .map(|index| span(index, [7; 16]))
        .chain((0..invalid).map(|index| span(index, [0; 16])));
    let scope_spans = vec![ScopeSpans {
        spans: spans.collect(),
        ..ScopeSpans::default()
    }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans,
            ..ResourceSpans::default()
        }],
    }
}

pub(crate) fn protobuf(valid: usize, invalid: usize) -> Vec<u8> {
    request(valid, invalid).encode_to_vec()
}

pub(crate) fn json(valid: usize, invalid: usize) -> Vec<u8> {
    serde_json::to_vec(&request(valid, invalid)).expect("JSON")
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
