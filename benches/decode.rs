//! Decoding OTLP requests into columns, beside what prost alone needs to read the same bytes into
//! its own structures (which would still have to become columns), and the same traffic as MTrace's
//! JSON, as Zipkin's, and as Jaeger's Thrift.
//!
//! `full` is the traffic as it is; `slim` has a few attributes a span, as small as the requests
//! that other span stores were measured with.

#[path = "decode/jaeger.rs"]
mod jaeger;
#[path = "decode/mtrace.rs"]
mod mtrace;
#[path = "stopwatch/stopwatch.rs"]
mod stopwatch;
#[path = "traffic/traffic.rs"]
mod traffic;
#[path = "decode/zipkin.rs"]
mod zipkin;

use collector::otlp::{decode_json, decode_protobuf};
use criterion::{Criterion, Throughput};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use schemas::UnixNanos;

use stopwatch::{CPU, Clock, WALL};
use traffic::Traffic;

const REQUESTS: u64 = 50;
const START_UNIX_NANO: u64 = 1_760_000_000_000_000_000;
/// What a slim span keeps of its attributes.
const SLIM_ATTRIBUTES: usize = 5;

fn main() {
    let full = Requests::new("full", |_| ());
    let slim = Requests::new("slim", |span| {
        span.attributes.truncate(SLIM_ATTRIBUTES);
        span.events.clear();
    });
    for clock in [WALL, CPU] {
        let base = Criterion::default().sample_size(20);
        let mut criterion = base.with_measurement(clock).configure_from_args();
        for requests in [&full, &slim] {
            decode(&mut criterion, clock, requests);
        }
        criterion.final_summary();
    }
}

/// The same requests in both encodings.
struct Requests {
    name: String,
    protobuf: Vec<Vec<u8>>,
    json: Vec<Vec<u8>>,
    mtrace: Vec<Vec<u8>>,
    jaeger: Vec<Vec<u8>>,
    zipkin: Vec<Vec<u8>>,
    spans: u64,
}

impl Requests {
    fn new(name: &str, trim: impl Fn(&mut Span)) -> Self {
        let traffic = Traffic::new(1, START_UNIX_NANO, 1_000);
        let (mut protobuf, mut json, mut mtrace) = (Vec::new(), Vec::new(), Vec::new());
        let (mut jaeger, mut zipkin, mut spans) = (Vec::new(), Vec::new(), 0);
        for number in 0..REQUESTS {
            let made = traffic.request(number);
            spans += made.spans;
            let mut request = ExportTraceServiceRequest::decode(made.body.as_slice())
                .expect("the traffic is OTLP");
            let resource_spans = request.resource_spans.iter_mut();
            let scope_spans =
                resource_spans.flat_map(|resource_spans| &mut resource_spans.scope_spans);
            scope_spans
                .flat_map(|scope_spans| &mut scope_spans.spans)
                .for_each(&trim);
            protobuf.push(request.encode_to_vec());
            json.push(serde_json::to_vec(&request).expect("OTLP has a JSON form"));
            mtrace.push(mtrace::body(&request));
            jaeger.extend(jaeger::bodies(&request));
            zipkin.push(zipkin::body(&request));
        }
        let bytes: usize = protobuf.iter().map(Vec::len).sum();
        let name = format!("{name}-{}B", bytes as u64 / spans);
        Self {
            name,
            protobuf,
            json,
            mtrace,
            jaeger,
            zipkin,
            spans,
        }
    }
}

fn decode(criterion: &mut Criterion<Clock>, clock: Clock, requests: &Requests) {
    let mut group = criterion.benchmark_group(format!("decode-{}/{}", requests.name, clock.name));
    group.throughput(Throughput::Elements(requests.spans));
    group.bench_function("protobuf", |bencher| {
        bencher.iter(|| {
            for body in &requests.protobuf {
                std::hint::black_box(decode_protobuf(body).expect("the traffic is OTLP"));
            }
        });
    });
    group.bench_function("prost-alone", |bencher| {
        bencher.iter(|| {
            for body in &requests.protobuf {
                let request = ExportTraceServiceRequest::decode(body.as_slice());
                std::hint::black_box(request.expect("the traffic is OTLP"));
            }
        });
    });
    group.bench_function("json", |bencher| {
        bencher.iter(|| {
            for body in &requests.json {
                std::hint::black_box(decode_json(body).expect("the traffic is OTLP"));
            }
        });
    });
    group.bench_function("mtrace-json", |bencher| {
        bencher.iter(|| {
            for body in &requests.mtrace {
                let decoded = collector::mtrace::decode(body).expect("an array of spans");
                assert_eq!(decoded.rejected, 0, "{:?}", decoded.details);
                std::hint::black_box(decoded);
            }
        });
    });
    group.bench_function("jaeger-thrift", |bencher| {
        bencher.iter(|| {
            for body in &requests.jaeger {
                let decoded = collector::jaeger::decode_thrift_binary(body).expect("a batch");
                assert_eq!(decoded.rejected, 0, "{}", decoded.reason);
                std::hint::black_box(decoded);
            }
        });
    });
    group.bench_function("zipkin-v2-json", |bencher| {
        let arrival = UnixNanos(0);
        bencher.iter(|| {
            for body in &requests.zipkin {
                let decoded = collector::zipkin::decode_v2_json(body, arrival).expect("a list");
                assert_eq!(decoded.rejected, 0, "{}", decoded.reason);
                std::hint::black_box(decoded);
            }
        });
    });
    group.finish();
}
