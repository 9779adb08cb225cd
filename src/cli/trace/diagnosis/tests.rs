use serde_json::{Value, json};

use super::*;

const PLAIN: Terminal = Terminal {
    width: 120,
    is_coloured: false,
};

fn span(row: usize, path: &str, service: &str, name: &str) -> Value {
    json!({
        "row": row, "callPath": path, "spanId": "00f067aa0ba902b7", "serviceName": service,
        "name": name, "startOffsetNano": 0, "durationNano": 1,
    })
}

fn sample() -> Value {
    let root = span(0, "0", "frontend", "POST /checkout");
    let place = span(2, "0.2", "checkout", "checkout.Place");
    let repeated = json!({
        "parent": root, "first": span(1, "0.1", "catalog", "GetProduct"), "count": 12,
        "totalDurationNano": 34_000_000, "elapsedNano": 30_000_000,
    });
    let target = |name: &str| json!({"serviceName": "cart", "name": name, "count": 1, "totalDurationNano": 1});
    json!({
        "services": [
            {"name": "checkout", "criticalPathNano": 80_000_000, "criticalPathShare": 0.6667},
            {"name": "", "criticalPathNano": 40_000_000, "criticalPathShare": 0.3333},
            {"name": "cart", "criticalPathNano": 0, "criticalPathShare": 0.0},
        ],
        "criticalPath": {
            "durationNano": "120000000",
            "spans": [{"span": root, "criticalPathNano": 0}, {"span": place, "criticalPathNano": 1}],
            "segments": [],
        },
        "bottleneck": {"span": place, "criticalPathNano": 80_000_000, "criticalPathShare": 0.6667},
        "firstError": {"origin": place, "statusMessage": "card \u{1b}[2J declined", "reached": root},
        "repeatedCallCount": 5,
        "repeatedCalls": [repeated, repeated, repeated, repeated],
        "serialSiblingCount": 1,
        "serialSiblings": [{
            "parent": root, "count": 4, "targetCount": 4, "savedNano": 20_000_000,
            "targets": [target("Get"), target("Quote"), target("Put"), target("Del")],
        }],
        "zoneCrossingCount": 1,
        "zoneCrossings": [{"parent": root, "child": place, "from": "eu-1a", "to": "eu-1b"}],
        "selfTimesNano": [40_000_000, "7", 80_000_000],
    })
}

fn parsed(document: Value) -> DiagnosisDocument {
    serde_json::from_value(document).expect("the sample is a diagnosis")
}

#[test]
fn findings_are_told_in_a_few_lines() {
    insta::assert_snapshot!(tell(&parsed(sample()), PLAIN), @r"
    ◆ critical path    120.0 ms: checkout 67 %, spans that are missing 33 %
    bottleneck         0.2 checkout checkout.Place: 80.00 ms of the critical path (67 %)
    first error        0.2 checkout checkout.Place: card �[2J declined; it went up to 0 frontend POST /checkout
    repeated calls     12 × catalog GetProduct under 0: 30.00 ms
                       12 × catalog GetProduct under 0: 30.00 ms
                       12 × catalog GetProduct under 0: 30.00 ms
                       and 2 more
    one after another  4 calls under 0, 20.00 ms less if they could run side by side: cart Get, cart Quote, cart Put, …
    into other zones   0.2 checkout checkout.Place: eu-1a → eu-1b
    ");
}

#[test]
fn nothing_is_told_of_what_was_not_found() {
    let mut document = sample();
    let fields = document.as_object_mut().expect("an object");
    fields.remove("bottleneck");
    fields.remove("firstError");
    for (list, count) in [
        ("repeatedCalls", "repeatedCallCount"),
        ("serialSiblings", "serialSiblingCount"),
        ("zoneCrossings", "zoneCrossingCount"),
    ] {
        fields.insert(list.to_owned(), json!([]));
        fields.insert(count.to_owned(), json!(0));
    }
    insta::assert_snapshot!(tell(&parsed(document), PLAIN), @"◆ critical path    120.0 ms: checkout 67 %, spans that are missing 33 %");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in 40..200 {
        let told = tell(&parsed(sample()), Terminal { width, ..PLAIN });
        let widest = told.lines().map(crate::cli::text::width).max();
        assert!(widest.unwrap_or(0) <= width, "{width} columns:\n{told}");
    }
}

#[test]
fn rows_have_their_self_times_and_the_critical_path() {
    let rows = parsed(sample()).rows();
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.is_on_critical_path, row.self_nano))
        .collect();
    assert_eq!(told, [(true, 40_000_000), (false, 7), (true, 80_000_000)]);
}
