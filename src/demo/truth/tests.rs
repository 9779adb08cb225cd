use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::super::scenario::journeys::SHOP;
use super::super::traffic::Traffic;
use super::*;

const TRACES: usize = 400;

/// A run whose spans of some positions in their traces were refused, as the document.
fn truth(is_refused: impl Fn(usize) -> bool) -> (Vec<Vec<DemoSpan>>, Value) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("truth.json");
    let mut truth = Truth::to_file(&path).unwrap();
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let mut traffic = Traffic::new(&SHOP, 5, start);
    let mut traces = Vec::new();
    let mut receipt = Receipt::default();
    for number in 0..TRACES as u64 {
        let trace = traffic.next_trace(start + Duration::from_millis(5 * number));
        truth.expect(&trace, traffic.fleet());
        let spans = trace.iter().enumerate();
        let refused = spans.filter(|(position, _)| is_refused(*position));
        let refused = refused.map(|(_, each)| SpanRef::of(&each.span));
        receipt.refused.extend(refused);
        traces.push(trace);
    }
    truth.take(&receipt, Flush::FullBatches);
    truth.take(&Receipt::default(), Flush::All);
    truth.write().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    (traces, serde_json::from_str(&text).unwrap())
}

fn sum(document: &Value, list: &str, key: &str) -> u64 {
    let items = document[list].as_array().unwrap().iter();
    items.map(|item| item[key].as_u64().unwrap()).sum()
}

#[test]
fn every_accepted_span_counts_once() {
    let (traces, document) = truth(|_| false);
    let spans: usize = traces.iter().map(Vec::len).sum();
    assert_eq!(document["spans"], spans);
    assert_eq!(document["uncertainSpans"], 0);
    assert_eq!(sum(&document, "operations", "count"), spans as u64);
    let all = traces.iter().flatten().map(|each| &each.span);
    let nanos = |span: &opentelemetry_sdk::trace::SpanData| {
        unix_nanos(span.end_time) - unix_nanos(span.start_time)
    };
    let total: u64 = all.map(nanos).sum();
    assert_eq!(sum(&document, "operations", "sumNano"), total);
}

#[test]
fn every_way_to_call_is_an_edge() {
    let (traces, document) = truth(|_| false);
    let edges = document["edges"].as_array().unwrap();
    let types = |end: &'static str| edges.iter().map(move |edge| edge[end].as_str().unwrap());
    let connections: BTreeSet<_> = types("connectionType").collect();
    assert_eq!(
        connections,
        BTreeSet::from(["database", "messaging_system", "rpc", "virtual_node"])
    );
    let nodes: BTreeSet<_> = types("callerType").chain(types("calleeType")).collect();
    let all = ["cache", "database", "external", "queue", "service", "user"];
    assert_eq!(nodes, BTreeSet::from(all));
    // Every span but for a process's own work, and the client's halves of calls that are answered.
    let spans = traces.iter().flatten().map(|each| &each.span);
    let halves = spans
        .filter(|span| span.span_kind != SpanKind::Internal)
        .count() as u64;
    let answered = edges.iter().filter(|edge| edge["connectionType"] == "rpc");
    let answered: u64 = answered.map(|edge| edge["calls"].as_u64().unwrap()).sum();
    assert_eq!(sum(&document, "edges", "calls"), halves - answered);
}

#[test]
fn what_was_refused_is_left_out_and_counted_as_uncertain() {
    let (traces, whole) = truth(|_| false);
    let (_, document) = truth(|position| position == 0);
    assert_eq!(document["uncertainSpans"], TRACES);
    let spans: usize = traces.iter().map(Vec::len).sum();
    assert_eq!(document["spans"], spans - TRACES);
    let users = |document: &Value| {
        let edges = document["edges"].as_array().unwrap().iter();
        edges.filter(|edge| edge["callerType"] == "user").count()
    };
    assert!(users(&whole) > 0 && users(&document) == 0);
    // Roots are no halves of calls between services.
    let rpc = |document: &Value| {
        let edges = document["edges"].as_array().unwrap().iter();
        let rpc = edges.filter(|edge| edge["connectionType"] == "rpc");
        rpc.map(|edge| edge["calls"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(rpc(&whole), rpc(&document));
}

#[test]
fn percentiles_are_those_of_the_sorted_list() {
    let (traces, document) = truth(|_| false);
    let first = &document["operations"][0];
    let all = traces.iter().flatten().map(|each| &each.span);
    let mut durations: Vec<u64> = all
        .filter(|span| *span.name == *first["operation"].as_str().unwrap())
        .filter(|span| kind_name(&span.span_kind) == first["kind"])
        .map(|span| unix_nanos(span.end_time) - unix_nanos(span.start_time))
        .collect();
    durations.sort_unstable();
    assert_eq!(first["count"], durations.len());
    let median = durations[durations.len().div_ceil(2) - 1];
    assert_eq!(first["percentilesNano"]["50"], median);
    assert_eq!(first["percentilesNano"]["99.9"], *durations.last().unwrap());
    assert_eq!(first["maxNano"], *durations.last().unwrap());
}
