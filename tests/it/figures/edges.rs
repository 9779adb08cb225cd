//! Calls summed up by edge, compared with the server's topology and with Jaeger's dependencies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::calls::{Call, Node};
use super::red::{check_durations, near};

const NANOS: i64 = 1_000_000_000;

/// Ranges are of whole buckets.
const BUCKET: i64 = 10;

/// A question for a topology; times in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EdgeQuestion {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl EdgeQuestion {
    /// The path that asks for the topology.
    pub(crate) fn topology_path(self) -> String {
        let Self { from, to } = self;
        format!("/api/v1/topology?from={from}&to={to}&percentiles=50,90,99,99.9")
    }

    /// The path that asks for Jaeger's dependencies.
    pub(crate) fn dependencies_path(self) -> String {
        let (end, lookback) = (self.to * 1_000, (self.to - self.from) * 1_000);
        format!("/api/dependencies?endTs={end}&lookback={lookback}")
    }

    /// The calls that started in its buckets.
    fn of(self, calls: &[Call]) -> impl Iterator<Item = &Call> {
        let from = self.from.div_euclid(BUCKET) * BUCKET * NANOS;
        let to = (self.to + BUCKET - 1).div_euclid(BUCKET) * BUCKET * NANOS;
        calls
            .iter()
            .filter(move |call| from <= call.start && call.start < to)
    }
}

type Edge = (Node, Node, String);

/// Calls and errors.
type Counts = BTreeMap<Edge, (u64, u64)>;

/// Checks a topology against the calls that were made.
pub(crate) fn check_topology(answer: &Value, question: EdgeQuestion, calls: &[Call]) {
    let mut expected = BTreeMap::<Edge, Vec<&Call>>::new();
    for call in question.of(calls) {
        let edge = (
            call.caller.clone(),
            call.callee.clone(),
            call.connection.to_owned(),
        );
        expected.entry(edge).or_default().push(call);
    }
    let edges = answer["edges"].as_array().unwrap();
    let counts = |edge: &Value| {
        let number = |key: &str| edge[key].as_u64().unwrap();
        (number("calls"), number("errors"))
    };
    let found: Counts = edges
        .iter()
        .map(|edge| (edge_of(answer, edge), counts(edge)))
        .collect();
    assert_eq!(found.len(), edges.len(), "an edge is there twice: {answer}");
    let exact = expected.iter().map(|(edge, calls)| {
        let errors = calls.iter().filter(|call| call.is_error).count() as u64;
        (edge.clone(), (calls.len() as u64, errors))
    });
    let exact: Counts = exact.collect();
    let wrong = (without(&found, &exact), without(&exact, &found));
    assert!(
        found == exact,
        "edges (answered, exact) of {question:?}: {wrong:#?}"
    );
    for edge in edges {
        let calls = &expected[&edge_of(answer, edge)];
        check_half(edge, "client", calls.iter().filter_map(|call| call.client));
        check_half(edge, "server", calls.iter().filter_map(|call| call.server));
    }
    let ends = expected
        .keys()
        .flat_map(|(caller, callee, _)| [caller, callee]);
    let nodes: BTreeSet<&Node> = ends.collect();
    assert_eq!(answer["nodes"].as_array().unwrap().len(), nodes.len());
}

/// What one has and the other has not, or otherwise.
fn without(one: &Counts, other: &Counts) -> Vec<String> {
    let different = one
        .iter()
        .filter(|(edge, counts)| other.get(edge) != Some(counts));
    different
        .map(|(edge, counts)| format!("{edge:?} {counts:?}"))
        .collect()
}

fn edge_of(answer: &Value, edge: &Value) -> Edge {
    let node = |end: &str| {
        let position = usize::try_from(edge[end].as_u64().unwrap()).unwrap();
        let node = &answer["nodes"][position];
        let r#type = match node["type"].as_str().unwrap() {
            "service" => "service",
            "database" => "database",
            "cache" => "cache",
            "queue" => "queue",
            "external" => "external",
            "user" => "user",
            other => panic!("a node of type {other}"),
        };
        (node["name"].as_str().unwrap().to_owned(), r#type)
    };
    let connection = edge["connectionType"].as_str().unwrap();
    (node("caller"), node("callee"), connection.to_owned())
}

fn check_half(edge: &Value, side: &str, durations: impl Iterator<Item = i64>) {
    let durations: Vec<i64> = durations.collect();
    let half = &edge[side];
    let context = || format!("{side} of {edge}");
    if durations.is_empty() {
        assert!(half.is_null(), "{}", context());
        return;
    }
    assert_eq!(half["count"], durations.len(), "{}", context());
    let max = check_durations(half, durations, &context);
    // Calls may be taken back, so that only the bucket of the longest is known.
    let found = half["maxTimeNano"].as_i64().unwrap();
    assert!(near(found, max), "max {max} {}", context());
}

/// Checks Jaeger's dependencies: calls between services, and between services and topics.
pub(crate) fn check_dependencies(answer: &Value, question: EdgeQuestion, calls: &[Call]) {
    let mut expected = BTreeMap::<(&str, &str), u64>::new();
    let calls = question.of(calls);
    for call in calls.filter(|call| ["rpc", "messaging_system"].contains(&call.connection)) {
        *expected
            .entry((&call.caller.0, &call.callee.0))
            .or_default() += 1;
    }
    let links = answer["data"].as_array().unwrap().iter();
    let found = links.map(|link| {
        let name = |end: &str| link[end].as_str().unwrap();
        (
            (name("parent"), name("child")),
            link["callCount"].as_u64().unwrap(),
        )
    });
    assert_eq!(
        found.collect::<BTreeMap<_, _>>(),
        expected,
        "dependencies of {question:?}"
    );
}
