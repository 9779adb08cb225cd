//! The two sides of a call that both recorded.

use schemas::SpanKind::{self, Client, Consumer, Internal, Producer, Server};

use super::*;

pub(super) fn of_kind(kind: SpanKind, mut span: SpanRow<'static>) -> SpanRow<'static> {
    span.kind = kind;
    span
}

#[test]
fn a_shared_span_id_is_one_call() {
    let rpc = [
        span(1, None, 0),
        of_kind(Client, span(2, Some(1), 2)),
        // The server's clock is behind.
        of_kind(Server, span(2, Some(1), 1)),
        span(3, Some(2), 4),
        of_kind(Client, span(4, Some(2), 3)),
        of_kind(Client, span(5, Some(1), 1)),
    ];
    check(
        &rpc,
        &[
            "0 1",
            "0.1 5",
            "0.2 2 client",
            "0.2 2 server",
            "0.2.1 4",
            "0.2.2 3",
        ],
    );
    let message = [
        of_kind(Consumer, span(1, None, 3)),
        of_kind(Producer, span(1, None, 2)),
    ];
    check(&message, &["0 1 client", "0 1 server"]);
}

#[test]
fn halves_are_one_level_and_keep_their_times() {
    let rpc = [
        of_kind(Client, span(1, None, 0)),
        of_kind(Server, span(1, None, 2)),
        of_kind(Server, span(2, Some(1), 3)),
    ];
    let trace = assembled(vec![batch_of("s", &rpc)]);
    let spans = trace.spans();
    let facts: Vec<_> = spans
        .iter()
        .map(|span| (span.parent, span.end, span.depth, span.half, span.start.0))
        .collect();
    let expected = [
        (None, 3, 0, Some(Half::Client { server: 1 }), 0),
        (Some(0), 3, 0, Some(Half::Server), 2),
        (Some(1), 3, 1, None, 3),
    ];
    assert_eq!(facts, expected);
    assert_eq!((trace.summary().span_count, trace.summary().depth), (3, 2));
}

#[test]
fn what_the_caller_did_itself_stays_with_it() {
    let of_caller = [
        of_kind(Client, span(1, None, 0)),
        span(3, Some(1), 1),
        span(5, Some(1), 9),
    ];
    let of_called = [of_kind(Server, span(1, None, 2)), span(2, Some(1), 4)];
    let elsewhere = [span(4, Some(1), 5)];
    let trace = assembled(vec![
        batch_of("front", &of_caller),
        batch_of("back", &of_called),
        batch_of("third", &elsewhere),
    ]);
    let expected = [
        "0 1 client",
        "0 1 server",
        "0.1 2",
        "0.2 4",
        "0.3 3",
        "0.4 5",
    ];
    assert_eq!(drawn(&trace), expected);
    let parents: Vec<_> = trace.spans().iter().map(|span| span.parent).collect();
    assert_eq!(parents, [None, Some(0), Some(1), Some(1), Some(0), Some(0)]);
}

#[test]
fn further_spans_of_the_id_are_repeated() {
    let spans = [
        of_kind(Client, span(1, None, 0)),
        of_kind(Server, span(1, None, 1)),
        of_kind(Server, span(1, None, 5)),
        of_kind(Internal, span(1, None, 7)),
    ];
    check(
        &spans,
        &[
            "0 1 client repeatedId",
            "0 1 server repeatedId",
            "0.1 1 repeatedId",
            "1 1 repeatedId",
        ],
    );
    let two_servers = [
        of_kind(Server, span(1, None, 1)),
        of_kind(Server, span(1, None, 2)),
    ];
    check(&two_servers, &["0 1 repeatedId", "1 1 repeatedId"]);
}

#[test]
fn circles_do_not_tear_a_call_apart() {
    check(
        &[
            of_kind(Server, span(1, Some(2), 0)),
            of_kind(Client, span(1, Some(2), 3)),
            span(2, Some(1), 5),
        ],
        &["0 1 client cycle", "0 1 server", "0.1 2"],
    );
}
