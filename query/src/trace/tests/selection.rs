//! Parts of traces.

use schemas::CallPath;
use schemas::SpanKind::{Client, Server};

use super::halves::of_kind;
use super::*;
use crate::trace::selection::Entry;

/// Seven entries of eight spans and a placeholder:
/// `0`, `0.1` (both halves), `0.1.1`, `0.1.1.1`, `0.1.2`, `0.2`, `1` (missing), `1.1`.
fn example() -> Trace {
    assembled(vec![batch_of(
        "s",
        &[
            span(1, None, 0),
            of_kind(Client, span(2, Some(1), 1)),
            of_kind(Server, span(2, Some(1), 2)),
            span(3, Some(2), 3),
            span(4, Some(3), 4),
            span(5, Some(2), 5),
            span(6, Some(1), 6),
            span(7, Some(99), 7),
        ],
    )])
}

fn position(trace: &Trace, path: &str) -> usize {
    let path = CallPath::parse_of_forest(path).expect("valid");
    trace.find_path(path).expect("there")
}

/// Paths made from those of the entries above are those found by walking up.
fn has_equal_paths(trace: &Trace, selection: &Selection) {
    let mut paths = CallPaths::of(trace);
    for entry in &selection.entries {
        let path = trace.call_path(&trace.spans()[entry.position]);
        assert_eq!(paths.next(entry.position), path.as_deref());
    }
}

/// The paths shown with the number of spans left out below each, and those left out in all.
fn shown(trace: &Trace, selection: &Selection) -> (Vec<String>, usize) {
    let line = |entry: &Entry| {
        let path = trace.call_path(&trace.spans()[entry.position]);
        let mut line = path.unwrap_or_default();
        if entry.omitted > 0 {
            line += &format!(" -{}", entry.omitted);
        }
        line
    };
    let lines = selection.entries.iter().map(line).collect();
    (lines, selection.omitted)
}

#[track_caller]
fn check(under: Option<&str>, limits: Limits, expect: &[&str], omitted: usize) {
    let trace = example();
    let under = under.map(|path| position(&trace, path));
    let selection = trace.select(under, limits);
    has_equal_paths(&trace, &selection);
    let (lines, left_out) = shown(&trace, &selection);
    assert_eq!(lines, expect);
    assert_eq!(left_out, omitted);
}

#[test]
fn subtrees_and_limits() {
    let all = ["0", "0.1", "0.1.1", "0.1.1.1", "0.1.2", "0.2", "1", "1.1"];
    check(None, Limits::NONE, &all, 0);
    check(Some("0.1"), Limits::NONE, &all[1..5], 3);
    check(Some("1"), Limits::NONE, &all[6..], 7);
    let depth = |depth| Limits {
        depth,
        ..Limits::NONE
    };
    check(None, depth(1), &["0 -6", "1 -1"], 7);
    check(None, depth(2), &["0", "0.1 -3", "0.2", "1", "1.1"], 3);
    check(Some("0.1"), depth(2), &["0.1", "0.1.1 -1", "0.1.2"], 4);
    let width = Limits {
        width: 1,
        ..Limits::NONE
    };
    check(
        None,
        width,
        &["0 -1", "0.1 -1", "0.1.1", "0.1.1.1", "1", "1.1"],
        2,
    );
    let entries = |entries| Limits {
        entries,
        ..Limits::NONE
    };
    check(None, entries(1), &["0 -6"], 7);
    check(None, entries(3), &["0 -1", "0.1 -3", "1 -1"], 5);
    check(None, entries(100), &all, 0);
}

#[test]
fn the_way_to_a_span() {
    let trace = example();
    let way = |position| shown(&trace, &trace.select_ancestors(position));
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(
        way(position(&trace, "0.1.1.1")),
        (lines(&["0 -1", "0.1 -1", "0.1.1", "0.1.1.1"]), 3)
    );
    // Both halves of a call are one entry.
    let call = trace.find_id(span_id(2)).expect("there");
    assert_eq!(way(call), (lines(&["0 -1", "0.1 -3"]), 5));
    assert_eq!(way(call + 1), way(call));
    let missing = trace.find_id(span_id(99)).expect("a placeholder");
    assert_eq!(way(missing), (lines(&["1 -1"]), 8));
    assert_eq!(trace.find_id(span_id(77)), None);
}

#[test]
fn unknown_paths_tell_how_far_they_go() {
    let trace = example();
    let last_above = |path: &str| {
        let path = CallPath::parse_of_forest(path).expect("valid");
        let last = trace.find_path(path).expect_err("not there")?;
        trace.call_path(&trace.spans()[last])
    };
    assert_eq!(last_above("0.1.9.1").as_deref(), Some("0.1"));
    assert_eq!(last_above("0.1.1.1.1").as_deref(), Some("0.1.1.1"));
    assert_eq!(last_above("0.12").as_deref(), Some("0"));
    assert_eq!(last_above("7"), None);
}

#[test]
fn all_paths_are_found() {
    let sent = |id, path| SpanRow {
        call_path: Some(path),
        ..span(id, None, 0)
    };
    let native = assembled(vec![batch_of(
        "s",
        &[
            sent(1, "0"),
            sent(2, "0.3.4.5"),
            sent(3, "0.3.4.50"),
            sent(4, "0.12"),
            span(5, Some(3), 0),
            span(6, Some(1), 0),
        ],
    )]);
    for trace in [example(), native] {
        has_equal_paths(&trace, &trace.select(None, Limits::NONE));
        for span in trace
            .spans()
            .iter()
            .filter(|span| span.half != Some(Half::Server))
        {
            let path = trace.call_path(span).expect("not deep");
            assert!(
                std::ptr::eq(&trace.spans()[position(&trace, &path)], span),
                "{path}"
            );
        }
    }
}
