//! Calls between services over a long time, as OTLP requests in order of time.
//!
//! Each call is a client's span and the server's below it. A service calls three others, has ten
//! operations and three instances; durations are log-normal, and one call in a hundred fails.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use super::traffic::Request;
use super::traffic::random::Random;

const SPANS_A_REQUEST: u64 = 5_000;
/// How far on the three services are that a service calls.
const CALLEES: [u64; 3] = [1, 7, 331];
const OPERATIONS: u64 = 10;
const INSTANCES: u64 = 3;
const MILLISECOND: f64 = 1e6;

const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const ERROR: i32 = 2;

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    pub(crate) services: u64,
    /// Nanoseconds since 1970.
    pub(crate) from: u64,
    /// In nanoseconds.
    pub(crate) length: u64,
    pub(crate) spans: u64,
    /// At how much memory the server flushes spans: a history comes all at once, so that decides how
    /// much of it is in one file.
    pub(crate) flush_bytes: &'static str,
}

/// A service's number, and one of its instances.
type Process = (u64, u64);

impl History {
    /// How many requests tell of it.
    pub(crate) fn requests(&self) -> u64 {
        self.spans.div_ceil(SPANS_A_REQUEST)
    }

    /// The request of that number; each tells of the time after that of the one before.
    pub(crate) fn request(&self, number: u64) -> Request {
        let mut random = Random::new(number.wrapping_mul(0xd6e8_feb8_6659_fd93));
        let slice = self.length / self.requests();
        let mut spans = BTreeMap::<Process, Vec<Span>>::new();
        for _ in 0..SPANS_A_REQUEST / 2 {
            let start = self.from + number * slice + random.below(slice);
            self.call(&mut random, start, &mut spans);
        }
        let resource_spans = spans
            .into_iter()
            .map(|(process, spans)| ResourceSpans {
                resource: Some(resource(process)),
                scope_spans: vec![ScopeSpans {
                    spans,
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            })
            .collect();
        Request {
            body: ExportTraceServiceRequest { resource_spans }.encode_to_vec(),
            spans: SPANS_A_REQUEST / 2 * 2,
        }
    }

    fn call(&self, random: &mut Random, start: u64, spans: &mut BTreeMap<Process, Vec<Span>>) {
        let caller = random.below(self.services);
        let callee = (caller + random.pick(&CALLEES)) % self.services;
        let operation = random.below(OPERATIONS);
        let median = (5 + 10 * operation) as f64 * MILLISECOND;
        let taken = random.log_normal(median, 0.6) as u64;
        let code = if random.once_in(100) { ERROR } else { 0 };
        let (high, low) = (random.next_u64(), random.next_u64() | 1);
        let trace_id = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        let [client_id, server_id] =
            [(); 2].map(|()| (random.next_u64() | 1).to_be_bytes().to_vec());
        let client = Span {
            trace_id: trace_id.to_vec(),
            span_id: client_id.clone(),
            name: format!("call operation {operation}"),
            kind: CLIENT,
            start_time_unix_nano: start,
            end_time_unix_nano: start + taken + MILLISECOND as u64,
            status: Some(Status {
                code,
                ..Status::default()
            }),
            ..Span::default()
        };
        let server = Span {
            span_id: server_id,
            parent_span_id: client_id,
            name: format!("operation {operation}"),
            kind: SERVER,
            end_time_unix_nano: start + taken,
            ..client.clone()
        };
        for (service, span) in [(caller, client), (callee, server)] {
            let process = (service, random.below(INSTANCES));
            spans.entry(process).or_default().push(span);
        }
    }
}

/// The name of a service.
pub(crate) fn service(number: u64) -> String {
    format!("service-{number:04}")
}

fn resource((number, instance): Process) -> Resource {
    let attribute = |key: &str, value: String| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value)),
        }),
        ..KeyValue::default()
    };
    Resource {
        attributes: vec![
            attribute("service.name", service(number)),
            attribute("service.instance.id", format!("{number:04}-{instance}")),
            attribute("service.version", "1.4.0".to_owned()),
        ],
        ..Resource::default()
    }
}
