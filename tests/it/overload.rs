//! Twice the rate that the server can take: memory stays bounded, refusals say when to retry, and
//! nothing acknowledged is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tokio::task::JoinSet;

use crate::batches::{Reply, Sender, batch, hex, trace_id};
use crate::server::{Launch, Server};

/// How long it goes on.
const SECONDS: u64 = 60;
/// Spans of one request, about 60 kB.
const SPANS: u64 = 250;
/// Requests that wait for an answer at once; the offered rate is not throttled by answers below it.
const MOST_OUTSTANDING: usize = 256;
/// Every so many requests go over gRPC.
const GRPC_SHARE: u64 = 4;
const RUN: u64 = 0x0bad_cafe;

const MIB: u64 = 1 << 20;
const MEMORY_BUDGET: u64 = 32 * MIB;
const RECEIVE_MEMORY: u64 = 8 * MIB;
/// Memory for what the two settings do not count: the program itself, its threads, connections'
/// buffers, the Parquet file being written and what the allocator keeps for later.
const ALLOWANCE: u64 = 240 * MIB;

#[tokio::test(flavor = "multi_thread")]
async fn twice_the_possible_rate_is_refused_politely_in_bounded_memory() {
    let directory = tempfile::tempdir().unwrap();
    let mib = |bytes: u64| format!("{}MiB", bytes / MIB);
    let launch = Launch::in_directory(directory.path())
        .set("memory-budget", &mib(MEMORY_BUDGET))
        .set("receive-memory", &mib(RECEIVE_MEMORY))
        .set("flush-bytes", "8MiB")
        .set("max-request-bytes", "1MiB")
        .set("wal-segment-bytes", "16MiB")
        .set("log-level", "warn");
    let server = launch.start().await;
    let seconds =
        std::env::var("SPANHOUSE_OVERLOAD_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());

    let outcome = offer_twice_of_what_is_taken(&server, Duration::from_secs(seconds)).await;
    let peak = peak_memory(&server);
    eprintln!(
        "overload: {} spans offered, {} acked in {seconds} s; refusals {:?}; peak memory {} MiB",
        outcome.offered * SPANS,
        outcome.acked.len() as u64 * SPANS,
        outcome.refusals,
        peak / MIB
    );

    assert_eq!(outcome.lost, 0, "connections broke");
    assert!(!outcome.acked.is_empty());
    for protocol in ["http 429", "grpc ResourceExhausted"] {
        assert!(
            outcome.refusals.contains_key(protocol),
            "never refused with {protocol}"
        );
    }
    let bound = MEMORY_BUDGET + RECEIVE_MEMORY + ALLOWANCE;
    assert!(
        peak <= bound,
        "{} MiB of memory, {} MiB are allowed",
        peak / MIB,
        bound / MIB
    );
    check_stored(server, &launch, &outcome).await;
}

#[derive(Debug, Default)]
struct Outcome {
    offered: u64,
    acked: BTreeSet<u64>,
    /// By protocol and code.
    refusals: BTreeMap<String, u64>,
    lost: u64,
}

impl Outcome {
    fn note(&mut self, number: u64, reply: Reply) {
        let protocol = if number.is_multiple_of(GRPC_SHARE) {
            "grpc"
        } else {
            "http"
        };
        match reply {
            Reply::Acked => {
                self.acked.insert(number);
            }
            Reply::Retry { code, after } => {
                assert!(
                    after.is_some(),
                    "{protocol} {code} does not say when to retry"
                );
                *self
                    .refusals
                    .entry(format!("{protocol} {code}"))
                    .or_default() += 1;
            }
            Reply::Refused { code, message } => panic!("{protocol}: {code}: {message}"),
            Reply::Lost => self.lost += 1,
        }
    }
}

/// One request, of which each batch differs in its trace id only, so that sending costs little.
#[derive(Debug)]
struct Template {
    request: ExportTraceServiceRequest,
    encoded: Vec<u8>,
    ids_at: Vec<usize>,
}

impl Template {
    fn new() -> Self {
        let request = batch(RUN, 1, SPANS);
        let encoded = request.encode_to_vec();
        let id = trace_id(RUN, 1);
        let starts = encoded.windows(id.len()).enumerate();
        let ids_at: Vec<usize> = starts
            .filter(|(_, window)| *window == id)
            .map(|(at, _)| at)
            .collect();
        assert_eq!(ids_at.len() as u64, SPANS);
        Self {
            request,
            encoded,
            ids_at,
        }
    }

    fn encoded(&self, number: u64) -> Vec<u8> {
        let mut body = self.encoded.clone();
        for at in &self.ids_at {
            body[*at..at + 16].copy_from_slice(&trace_id(RUN, number));
        }
        body
    }

    fn request(&self, number: u64) -> ExportTraceServiceRequest {
        let mut request = self.request.clone();
        for span in &mut request.resource_spans[0].scope_spans[0].spans {
            span.trace_id = trace_id(RUN, number).to_vec();
        }
        request
    }
}

/// Offers batches at twice the rate at which they are taken: as long as all are, that doubles.
async fn offer_twice_of_what_is_taken(server: &Server, how_long: Duration) -> Outcome {
    let template = Template::new();
    let (http, grpc) = (Sender::http(server), Sender::grpc(server));
    let mut outcome = Outcome::default();
    let mut underway: JoinSet<(u64, Reply)> = JoinSet::new();
    let (start, mut second_began) = (Instant::now(), Instant::now());
    let (mut rate, mut credit, mut acked_before) = (50.0_f64, 0.0, 0);
    let mut last_tick = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    while start.elapsed() < how_long {
        ticks.tick().await;
        while let Some(done) = underway.try_join_next() {
            let (number, reply) = done.unwrap();
            outcome.note(number, reply);
        }
        if second_began.elapsed() >= Duration::from_secs(1) {
            let acked = outcome.acked.len() - acked_before;
            rate = (2.0 * acked as f64 / second_began.elapsed().as_secs_f64()).max(50.0);
            (second_began, acked_before) = (Instant::now(), outcome.acked.len());
        }
        // What could not be sent in time is not made up for.
        credit = (credit + rate * last_tick.elapsed().as_secs_f64()).min(rate);
        last_tick = Instant::now();
        while credit >= 1.0 && underway.len() < MOST_OUTSTANDING {
            credit -= 1.0;
            let number = outcome.offered;
            outcome.offered += 1;
            if number.is_multiple_of(GRPC_SHARE) {
                let (mut sender, request) = (grpc.clone(), template.request(number));
                underway.spawn(async move { (number, sender.send(request).await) });
            } else {
                let (mut sender, body) = (http.clone(), template.encoded(number));
                underway.spawn(async move { (number, sender.send_encoded(body).await) });
            }
        }
    }
    for (number, reply) in underway.join_all().await {
        outcome.note(number, reply);
    }
    outcome
}

/// The most memory that the process has had in RAM, in bytes.
fn peak_memory(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Every acknowledged span is stored once, and no refused one is: counted before and after a
/// restart, and looked up by id for some.
async fn check_stored(server: Server, launch: &Launch, outcome: &Outcome) {
    let expected = outcome.acked.len() as u64 * SPANS;
    let in_memory = server.metric("spanhouse_memory_spans").await;
    eprintln!("overload: {in_memory} spans still in memory");
    let ended = server.terminate().await;
    assert!(ended.status.success(), "{}", ended.log);
    let server = launch.start().await;
    assert_eq!(server.metric("spanhouse_memory_spans").await, 0.0);
    assert_eq!(
        server.metric("spanhouse_table_spans").await,
        expected as f64
    );
    let step = (outcome.acked.len() / 200).max(1);
    for number in outcome.acked.iter().step_by(step) {
        let trace = server
            .json(&format!("/api/v1/traces/{}", hex(&trace_id(RUN, *number))))
            .await;
        assert_eq!(
            (&trace["spanCount"], &trace["duplicateCount"]),
            (&SPANS.into(), &0.into())
        );
    }
}
