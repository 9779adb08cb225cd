//! Spans that were sent with call paths.

use schemas::SpanKind::{Client, Server};

use super::halves::of_kind;
use super::*;

/// A span that was sent with a path; its parent's id says nothing.
fn sent(id: u64, path: &'static str, start: i64) -> SpanRow<'static> {
    SpanRow {
        call_path: Some(path),
        ..span(id, Some(1000 + id), start)
    }
}

#[test]
fn prefixes_are_parents_and_numbers_are_the_order() {
    check(
        &[
            sent(1, "0", 0),
            sent(2, "0.10", 1),
            sent(3, "0.2", 9),
            sent(4, "0.2.1", 3),
            sent(5, "0.2.1.7", 0),
        ],
        &["0 1", "0.2 3", "0.2.1 4", "0.2.1.7 5", "0.10 2"],
    );
}

#[test]
fn halves_of_one_path_are_one_call() {
    check(
        &[
            of_kind(Client, sent(1, "0.1", 1)),
            of_kind(Server, sent(2, "0.1", 2)),
            of_kind(Server, sent(3, "0", 0)),
            of_kind(Client, sent(4, "0.1.1", 3)),
            // They name the halves by their ids.
            span(5, Some(1), 4),
            span(6, Some(2), 5),
        ],
        &[
            "0 3",
            "0.1 1 client",
            "0.1 2 server",
            "0.1.1 4",
            "0.1.2 6",
            "0.1.3 5",
        ],
    );
    // Of those that do not call, any may be the called half.
    check(
        &[
            of_kind(Client, sent(1, "0", 1)),
            sent(2, "0", 0),
            of_kind(Server, sent(3, "0", 2)),
        ],
        &[
            "0 1 client repeatedId",
            "0 3 server repeatedId",
            "0 2 repeatedId",
        ],
    );
    check(
        &[of_kind(Client, sent(1, "0", 1)), sent(2, "0", 0)],
        &["0 1 client", "0 2 server"],
    );
    check(
        &[
            of_kind(Client, sent(1, "0", 1)),
            of_kind(Client, sent(2, "0", 2)),
            sent(3, "0.1", 3),
        ],
        &["0 1 repeatedId", "0.1 3", "0 2 repeatedId"],
    );
}

#[test]
fn missing_parents_and_roots_become_placeholders() {
    check(
        &[
            sent(1, "0.1.2", 1),
            sent(2, "0.1.3", 1),
            sent(3, "0.2.1.4.4", 1),
            sent(4, "0.2.1.4", 1),
        ],
        &[
            "0 0 missing",
            "0.1 1001 missing",
            "0.1.2 1 orphan",
            "0.1.3 2 orphan",
            "0.2.1 1004 missing",
            "0.2.1.4 4 orphan",
            "0.2.1.4.4 3",
        ],
    );
    // A called span names its caller by id, which has the same path.
    check(
        &[of_kind(Server, sent(1, "0.1", 1))],
        &["0 0 missing", "0.1 1 orphan"],
    );
}

#[test]
fn made_up_numbers_avoid_those_that_were_sent() {
    check(
        &[
            sent(1, "0", 5),
            sent(2, "0.2", 9),
            // Nothing has the path 0.7, but it is taken.
            sent(3, "0.7.1", 9),
            span(4, Some(1), 0),
            span(5, Some(4), 0),
            // Another root, and children of a placeholder by its id.
            span(6, None, 0),
            span(7, Some(1003), 0),
        ],
        &[
            "0 1",
            "0.2 2",
            "0.7 1003 missing",
            "0.7.1 3 orphan",
            "0.7.2 7 orphan",
            "0.8 4",
            "0.8.1 5",
            "1 6",
        ],
    );
    check(
        &[sent(1, "0.1.1.1", 0), sent(2, "0", 0), span(3, Some(2), 0)],
        &["0 2", "0.1.1 1001 missing", "0.1.1.1 1 orphan", "0.2 3"],
    );
    check(
        &[
            sent(1, "0", 0),
            sent(2, "0.999999999", 0),
            sent(3, "0.2", 0),
            span(4, Some(1), 0),
            span(5, Some(1), 1),
        ],
        &["0 1", "0.2 3", "0.999999999 2", "0.1 4", "0.3 5"],
    );
}

#[test]
fn made_up_numbers_are_unique_below_spans_of_one_path() {
    check(
        &[
            sent(1, "0", 0),
            sent(2, "0", 1),
            sent(3, "0.1", 0),
            span(4, Some(1), 0),
            span(5, Some(2), 0),
        ],
        &[
            "0 1 repeatedId",
            "0.1 3",
            "0.2 4",
            "0 2 repeatedId",
            "0.3 5",
        ],
    );
}

#[test]
fn texts_that_are_no_paths_are_as_none() {
    check(
        &[sent(1, "0..1", 5), span(2, Some(1), 6)],
        &["0 1001 missing", "0.1 1 orphan", "0.1.1 2"],
    );
}
