//! Recorded traces of other projects' benchmark systems as spans, moved to another day.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::sent::{Sent, SpanKind};
use crate::batches::MIDNIGHT_NANOS;

/// The files of nezha/, with the spans that each has.
pub(crate) const NEZHA: [(&str, usize); 5] = [
    ("onlineboutique/normal_2022-08-23_17_00", 22_969),
    ("onlineboutique/fault_2022-08-22_03_55", 16_833),
    ("trainticket/normal_2023-01-29_08_50", 4_890),
    ("trainticket/fault_2023-01-30_12_17", 4_335),
    ("trainticket/fault_2023-01-30_12_29", 5_102),
];

/// The rows of a CSV file without quotes, by column.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let fields = line.split(',').map(str::to_owned);
        columns
            .iter()
            .map(|column| (*column).to_owned())
            .zip(fields)
            .collect()
    };
    lines.map(row).collect()
}

fn number(text: &str) -> i64 {
    text.parse().unwrap()
}

fn id<const BYTES: usize>(digits: &str) -> [u8; BYTES] {
    let number = u128::from_str_radix(digits, 16).unwrap().to_be_bytes();
    std::array::from_fn(|byte| number[16 - BYTES + byte])
}

/// The spans of a file of nezha/, which names no kinds: here, what was called by another pod's
/// service is a server, and what calls another one a client.
pub(crate) fn nezha(fixtures: &Path, file: &str) -> Vec<Sent> {
    let spans = rows(&fixtures.join(format!("nezha/{file}.csv")));
    let spans = spans.iter().map(|row| Sent {
        trace_id: id(&row["TraceID"]),
        span_id: id(&row["SpanID"]),
        parent: (row["ParentID"] != "root").then(|| id(&row["ParentID"])),
        kind: SpanKind::Internal,
        service: without_pod(&row["PodName"]),
        name: row["OperationName"].clone(),
        start: number(&row["StartTimeUnixNano"]),
        duration: number(&row["EndTimeUnixNano"]) - number(&row["StartTimeUnixNano"]),
        is_error: false,
        attributes: Vec::new(),
    });
    moved(with_kinds(spans.collect()))
}

/// The name of a pod's deployment.
fn without_pod(pod: &str) -> String {
    pod.rsplitn(3, '-').last().unwrap().to_owned()
}

/// The authors' graph of Online Boutique, but for what they name by an address alone.
pub(crate) fn nezha_graph(fixtures: &Path) -> HashSet<(String, String)> {
    let rows = rows(&fixtures.join("nezha/onlineboutique/dependency.csv"));
    let edges = rows
        .iter()
        .map(|row| (row["Source"].clone(), row["Target"].clone()));
    let is_service = |name: &str| !name.starts_with(|first: char| first.is_ascii_digit());
    edges
        .filter(|(source, target)| is_service(target) && source != "loadgenerator")
        .collect()
}

/// The spans of deathstarbench/: each row is a call of a child by its parent, of which a root is
/// known only as such. Times are in microseconds.
pub(crate) fn social_network(fixtures: &Path) -> Vec<Sent> {
    let rows = rows(&fixtures.join("deathstarbench/trace.csv"));
    let children: HashSet<&str> = rows.iter().map(|row| row["childId"].as_str()).collect();
    let mut spans = Vec::new();
    let mut roots = HashSet::new();
    for row in &rows {
        let child = Sent {
            trace_id: id(&row["traceId"]),
            span_id: id(&row["childId"]),
            parent: Some(id(&row["parentId"])),
            kind: SpanKind::Unspecified,
            service: row["childMS"].clone(),
            name: row["childOperation"].clone(),
            start: number(&row["startTime"]) * 1_000,
            duration: number(&row["childDuration"]) * 1_000,
            is_error: false,
            attributes: Vec::new(),
        };
        let parent = row["parentId"].as_str();
        if !children.contains(parent) && roots.insert((&row["traceId"], parent)) {
            spans.push(Sent {
                span_id: id(parent),
                parent: None,
                service: row["parentMS"].clone(),
                name: row["parentOperation"].clone(),
                start: number(&row["traceTime"]) * 1_000,
                duration: number(&row["parentDuration"]) * 1_000,
                ..child.clone()
            });
        }
        spans.push(child);
    }
    moved(spans)
}

/// Kinds by who calls whom.
fn with_kinds(mut spans: Vec<Sent>) -> Vec<Sent> {
    let services: BTreeMap<_, _> = spans
        .iter()
        .map(|span| ((span.trace_id, span.span_id), span.service.clone()))
        .collect();
    let service_above = |span: &Sent| services.get(&(span.trace_id, span.parent?));
    let is_called = |span: &Sent| service_above(span) != Some(&span.service);
    let called = spans.iter().filter(|span| is_called(span));
    let calling: HashSet<_> = called
        .filter_map(|span| Some((span.trace_id, span.parent?)))
        .collect();
    for span in &mut spans {
        if is_called(span) {
            span.kind = SpanKind::Server;
        } else if calling.contains(&(span.trace_id, span.span_id)) {
            span.kind = SpanKind::Client;
        }
    }
    spans
}

/// The spans so that the first one starts two minutes before midnight of a recent day.
fn moved(mut spans: Vec<Sent>) -> Vec<Sent> {
    let first = spans.iter().map(|span| span.start).min().unwrap();
    let start = i64::try_from(MIDNIGHT_NANOS).unwrap() - 120_000_000_000;
    for span in &mut spans {
        span.start += start - first;
    }
    spans
}
