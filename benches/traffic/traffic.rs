//! What a shop of forty services sends, for benches: OTLP requests in protobuf.
//!
//! ```text
//!  request ─ ~1000 spans, as a gateway collector batches them
//!    └ whole traces of ~10 spans, 1000 traces a second
//!        └ grouped by process (120 of them), then by instrumentation scope
//! ```
//!
//! A service calls the same few others, and has few endpoints. Keys and values are those of OpenTelemetry's semantic conventions. Nothing repeats that would
//! not repeat in life: ids, times, users, sessions, paths and message ids are drawn anew for each
//! trace, because a table of repeated requests would be smaller, and its searches faster, than a
//! real one. A request depends on the seed and its number alone, so they can be made in parallel.

mod attributes;
mod fleet;
mod operations;
pub(crate) mod random;
mod trace;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use prost::Message;

use fleet::Fleet;
use random::Random;
use trace::Draft;

/// The time between the first spans of two requests, unless said otherwise: 100 traces of 10 spans make 1000
/// spans.
pub(crate) const REQUEST_INTERVAL_NANO: u64 = 100_000_000;

/// A stream of requests.
#[derive(Debug)]
pub(crate) struct Traffic {
    seed: u64,
    start_unix_nano: u64,
    spans_per_request: usize,
    /// The time between the first spans of two requests.
    pub(crate) interval_nano: u64,
    fleet: Fleet,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `ExportTraceServiceRequest` in protobuf.
    pub(crate) body: Vec<u8>,
    /// The number of its spans.
    pub(crate) spans: u64,
}

impl Traffic {
    /// Traffic whose first trace starts at `start_unix_nano`. Traces are not cut, so a request has
    /// a few spans more than `spans_per_request`.
    pub(crate) fn new(seed: u64, start_unix_nano: u64, spans_per_request: usize) -> Self {
        Self {
            seed,
            start_unix_nano,
            spans_per_request,
            interval_nano: REQUEST_INTERVAL_NANO,
            fleet: Fleet::new(),
        }
    }

    /// The request of that number, from 0.
    pub(crate) fn request(&self, number: u64) -> Request {
        // A stream of its own for each request: the product spreads neighbouring numbers.
        let mut random = Random::new(self.seed ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93));
        let begin = self.start_unix_nano + number * self.interval_nano;
        let mut drafts = Vec::with_capacity(self.spans_per_request + 256);
        while drafts.len() < self.spans_per_request {
            let start = begin + random.below(self.interval_nano);
            trace::draw(&mut random, start, &mut drafts);
        }
        let spans = drafts.len() as u64;
        let body = self.grouped(drafts).encode_to_vec();
        Request { body, spans }
    }

    fn grouped(&self, mut drafts: Vec<Draft>) -> ExportTraceServiceRequest {
        drafts.sort_by_key(|draft| (draft.process, draft.operation));
        let mut resource_spans: Vec<ResourceSpans> = Vec::new();
        let mut last = None;
        for draft in drafts {
            let (process, operation) = (draft.process, draft.operation);
            if last.is_none_or(|(last, _)| last != process) {
                resource_spans.push(ResourceSpans {
                    resource: Some(self.fleet.resource(process)),
                    ..ResourceSpans::default()
                });
                last = None;
            }
            let group = resource_spans
                .last_mut()
                .expect("one was pushed for this process");
            if last != Some((process, operation)) {
                group.scope_spans.push(ScopeSpans {
                    scope: Some(operation.scope()),
                    ..ScopeSpans::default()
                });
                last = Some((process, operation));
            }
            let scope = group
                .scope_spans
                .last_mut()
                .expect("one was pushed for this operation");
            scope.spans.push(draft.span);
        }
        ExportTraceServiceRequest { resource_spans }
    }
}
