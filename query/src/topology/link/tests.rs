use schemas::{SpanId, StatusCode, TraceId, UnixNanos};

use super::super::call::Node;
use super::super::spans::Peer;
use super::*;

/// A span of a case: parent, id, kind, service, what it says of the other end, and whether it
/// failed.
type Sent = (u8, u8, SpanKind, &'static str, &'static [Says], bool);

/// What a span says besides.
enum Says {
    Peer(&'static str),
    Database(&'static str),
    Cache(&'static str),
    Topic(&'static str),
    /// Where it stands itself, in protocols that have hierarchical ids.
    Path(&'static str),
}

use Says::{Cache, Database, Path, Peer as Called, Topic};
use SpanKind::{Client, Consumer, Internal, Producer, Server, Unspecified};

const NO: &str = "";
const USER: &str = "user";

/// The calls of the spans as `caller → callee, means, failed, client ms, server ms`, sorted. A
/// span takes as many milliseconds as its position, from 1.
fn calls(sent: &[Sent]) -> Vec<String> {
    let mut names = Names::default();
    let spans: Vec<LinkedSpan> = sent
        .iter()
        .zip(1..)
        .map(|((parent, id, kind, service, says, is_error), number)| {
            let (mut peer, mut path) = (Peer::default(), None);
            for says in *says {
                match says {
                    Called(name) => peer.name = Some(names.number(name)),
                    Database(name) => peer.database = Some(names.number(name)),
                    Cache(name) => {
                        peer.database = Some(names.number(name));
                        peer.is_cache = true;
                    }
                    Topic(name) => peer.destination = Some(names.number(name)),
                    Path(text) => path = Some(names.number(text)),
                }
            }
            let span_id = |id: u8| SpanId([0, 0, 0, 0, 0, 0, 0, id]);
            LinkedSpan {
                trace_id: TraceId([1; 16]),
                span_id: span_id(*id),
                parent: (*parent != 0).then(|| span_id(*parent)),
                call_path: path,
                start: UnixNanos(number),
                duration_nano: number * 1_000_000,
                kind: *kind,
                status: if *is_error {
                    StatusCode::Error
                } else {
                    StatusCode::Unset
                },
                operation: None,
                service: (*service != NO).then(|| names.number(service)),
                instance: None,
                version: None,
                zone: None,
                peer,
            }
        })
        .collect();
    let name = |node: Node| node.name.map_or(USER, |name| names.text(name));
    let millis =
        |nanos: Option<i64>| nanos.map_or("-".to_owned(), |nanos| (nanos / 1_000_000).to_string());
    let text = |call: &Call| {
        format!(
            "{} → {} {}{} {} {}",
            name(call.caller.node),
            name(call.callee.node),
            call.connection.name(),
            if call.is_error { " failed" } else { "" },
            millis(call.client_nano),
            millis(call.server_nano),
        )
    };
    let mut linker = Linker::default();
    let mut calls: Vec<String> = linker.link(&spans, &names).iter().map(text).collect();
    calls.sort();
    calls
}

#[track_caller]
fn check(sent: &[Sent], expected: &[&str]) {
    assert_eq!(calls(sent), expected);
}

#[test]
fn a_client_and_its_server_are_one_call() {
    check(
        &[
            (0, 1, Client, "shop", &[], false),
            (1, 2, Server, "cart", &[], false),
        ],
        &["shop → cart rpc 1 2"],
    );
    check(
        &[
            (0, 1, Client, "shop", &[], false),
            (1, 2, Server, "cart", &[], true),
        ],
        &["shop → cart rpc failed 1 2"],
    );
    check(
        &[
            (0, 1, Client, "shop", &[Called("guess")], true),
            (1, 2, Server, "cart", &[], false),
        ],
        &["shop → cart rpc failed 1 2"],
    );
    // Two attempts that one client span stands for.
    check(
        &[
            (0, 1, Client, "c", &[], false),
            (1, 2, Server, "s", &[Called("c")], true),
            (1, 3, Server, "s", &[Called("c")], false),
        ],
        &["c → s rpc 1 3", "c → s rpc failed 1 2"],
    );
}

#[test]
fn halves_that_share_an_id_are_one_call_in_any_order() {
    check(
        &[
            (0, 1, Server, "shop", &[], false),
            (1, 2, Client, "shop", &[Called("cart")], false),
            (1, 2, Server, "cart", &[], false),
            (
                2,
                3,
                Client,
                "cart",
                &[Called("pg"), Database("orders")],
                true,
            ),
        ],
        &[
            "cart → pg database failed 4 4",
            "shop → cart rpc 2 3",
            "user → shop virtual_node - 1",
        ],
    );
    check(
        &[
            (0, 2, Server, "stock", &[Called("shop")], false),
            (1, 2, Client, "shop", &[Called("stock")], false),
            (0, 1, Server, "shop", &[], false),
        ],
        &["shop → stock rpc 2 1", "user → shop virtual_node - 3"],
    );
}

#[test]
fn ends_that_send_no_spans_are_virtual_nodes() {
    check(
        &[(0, 1, Server, "cart", &[], false)],
        &["user → cart virtual_node - 1"],
    );
    check(
        &[(0, 1, Server, "s", &[Called("c")], false)],
        &["c → s virtual_node - 1"],
    );
    check(
        &[(0, 1, Client, "shop", &[Called("bank")], false)],
        &["shop → bank virtual_node 1 -"],
    );
    check(
        &[(0, 1, Client, "cart", &[Database("orders")], false)],
        &["cart → orders database 1 1"],
    );
    check(
        &[(0, 1, Client, "cart", &[Cache("redis")], true)],
        &["cart → redis database failed 1 1"],
    );
    check(&[(0, 1, Client, "cart", &[], false)], &[]);
    // A server whose caller is missing was not called by a user.
    check(&[(9, 1, Server, "cart", &[], false)], &[]);
}

#[test]
fn messages_go_through_their_topic() {
    let through = [
        "orders → mailer messaging_system - 2",
        "shop → orders messaging_system 1 -",
    ];
    let check_topic = |producer: &'static [Says], consumer: &'static [Says]| {
        let spans = [
            (0, 1, Producer, "shop", producer, false),
            (1, 2, Consumer, "mailer", consumer, false),
        ];
        check(&spans, &through);
    };
    check_topic(&[Topic("orders")], &[Topic("orders")]);
    check_topic(&[Topic("orders")], &[]);
    check_topic(&[], &[Topic("orders")]);
    check_topic(&[Called("orders")], &[Called("orders")]);
    check(
        &[
            (0, 1, Producer, "shop", &[], false),
            (1, 2, Consumer, "mailer", &[], false),
        ],
        &["shop → mailer messaging_system 1 2"],
    );
    // A consumer in a trace of its own.
    check(
        &[(0, 1, Consumer, "mailer", &[Topic("orders")], true)],
        &["orders → mailer messaging_system failed - 1"],
    );
    check(
        &[
            (0, 1, Producer, "p", &[], false),
            (1, 2, Server, "s", &[], false),
        ],
        &["p → s rpc 1 2"],
    );
    check(
        &[
            (0, 1, Client, "p", &[], false),
            (1, 2, Consumer, "s", &[], false),
        ],
        &[],
    );
}

#[test]
fn spans_without_a_service_or_kind_are_seen_through() {
    check(
        &[
            (0, 1, Server, "w", &[Called("edge")], false),
            (1, 2, Client, NO, &[Database("db")], false),
            (1, 3, Client, NO, &[Database("db")], false),
        ],
        &[
            "edge → w virtual_node - 1",
            "w → db database 2 2",
            "w → db database 3 3",
        ],
    );
    check(
        &[
            (9, 1, Server, "w", &[], false),
            (1, 2, Unspecified, NO, &[], false),
            (2, 3, Client, "x", &[], false),
            (2, 4, Client, "x", &[], false),
        ],
        &["w → x rpc - -", "w → x rpc - -"],
    );
    check(
        &[
            (0, 1, Unspecified, "u", &[Called("w")], false),
            (1, 2, Unspecified, "w", &[Called("x")], true),
            (2, 3, Unspecified, "x", &[Called("y")], false),
        ],
        &[
            "u → w rpc 1 -",
            "w → x rpc failed 2 -",
            "x → y virtual_node 3 -",
        ],
    );
    check(
        &[
            (0, 1, Internal, "front", &[], false),
            (1, 2, Internal, "back", &[], false),
            (2, 3, Internal, "back", &[], false),
        ],
        &["front → back rpc - 2"],
    );
}

#[test]
fn missing_roots_do_not_link_siblings() {
    check(
        &[
            (9, 1, Server, "s1", &[], false),
            (9, 2, Server, "s2", &[], false),
        ],
        &[],
    );
    check(
        &[
            (9, 1, Server, "s1", &[], false),
            (1, 2, Server, "s2", &[], false),
        ],
        &["s1 → s2 rpc - 2"],
    );
}

#[test]
fn sent_call_paths_say_who_called() {
    // Parents by id that never come, as MTrace has them when only servers record.
    check(
        &[
            (0, 1, Server, "shop", &[Path("0")], false),
            (9, 2, Server, "pay", &[Path("0.1")], true),
            (8, 3, Server, "bank", &[Path("0.1.4.1")], false),
        ],
        &[
            "pay → bank rpc - 3",
            "shop → pay rpc failed - 2",
            "user → shop virtual_node - 1",
        ],
    );
    check(
        &[
            (0, 3, Server, "pay", &[Path("0.1")], false),
            (0, 1, Server, "shop", &[Path("0")], false),
            (1, 2, Client, "shop", &[Path("0.1"), Called("guess")], false),
        ],
        &["shop → pay rpc 3 1", "user → shop virtual_node - 2"],
    );
}

#[test]
fn circles_of_parents_end() {
    check(
        &[
            (2, 1, Internal, NO, &[], false),
            (1, 2, Internal, NO, &[], false),
            (1, 3, Server, "s", &[], false),
        ],
        &[],
    );
    check(&[(1, 1, Server, "s", &[], false)], &[]);
}
