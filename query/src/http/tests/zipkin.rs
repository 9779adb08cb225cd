//! `GET /api/v2/dependencies`: the cases of Zipkin's linker.

use schemas::{EventRow, SpanKind};

use super::*;
use crate::fixtures::span_id;

use SpanKind::{Client, Consumer, Producer, Server, Unspecified};

/// A span of a case: parent, id, kind, local and remote service, marks.
type Sent = (u64, u64, SpanKind, &'static str, &'static str, Mark);

/// What a span has besides.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    No,
    /// The tag `error`.
    Error,
    /// An annotation called so.
    Annotation,
}

use Mark::{Annotation, Error, No};

/// The present of [`routes`].
const NOW_MS: i64 = 1_700_000_000_000;
const NO: &str = "";

fn batches(sent: &[Sent], start_ms: i64) -> Vec<SpanBatch> {
    let batch = |(parent, id, kind, local, remote, mark): &Sent| {
        let attributes = [("peer.service", AttributeRef::String(remote))];
        let events = [EventRow {
            name: "error",
            ..EventRow::default()
        }];
        let span = SpanRow {
            parent_span_id: (*parent != 0).then(|| span_id(*parent)),
            kind: *kind,
            status_code: match mark {
                Error => schemas::StatusCode::Error,
                No | Annotation => schemas::StatusCode::Unset,
            },
            events: if *mark == Annotation { &events } else { &[] },
            attributes: if *remote == NO { &[] } else { &attributes },
            ..span(*id, None, start_ms * 1_000_000 + 1)
        };
        match *local {
            NO => {
                let mut builder = schemas::SpanBatchBuilder::default();
                builder.push(&span);
                builder.finish()
            }
            service => batch_of(service, &[span]),
        }
    };
    sent.iter().map(batch).collect()
}

/// What is answered for the spans, as `parent child calls errors`.
async fn links(batches: &[SpanBatch], path: &str) -> Vec<String> {
    let answer = get(&routes(batches), path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    let Value::Array(links) = answer.json() else {
        panic!("{path}: not a list");
    };
    let text = |link: &Value| {
        let name = |key: &str| link[key].as_str().unwrap_or_default().to_owned();
        let errors = &link["errorCount"];
        assert_ne!(*errors, json!(0), "{path}: it is left out");
        let errors = errors.as_u64().unwrap_or(0);
        format!(
            "{} {} {} {errors}",
            name("parent"),
            name("child"),
            link["callCount"]
        )
    };
    links.iter().map(text).collect()
}

async fn check(case: &str, sent: &[Sent], expected: &[&str]) {
    let path = format!("/api/v2/dependencies?endTs={NOW_MS}&lookback=60000");
    let mut batches = batches(sent, NOW_MS - 30_000);
    assert_eq!(links(&batches, &path).await, expected, "{case}");
    // In another order, and with every span twice.
    batches.reverse();
    batches.extend(batches.clone());
    assert_eq!(links(&batches, &path).await, expected, "{case}, again");
}

#[tokio::test]
async fn calls_of_services() {
    check(
        "three tiers with a failing database",
        &[
            (0, 1, Server, "shop", NO, No),
            (1, 2, Client, "shop", "cart", No),
            (1, 2, Server, "cart", NO, No),
            (2, 3, Client, "cart", "pg", Error),
        ],
        &["cart pg 1 1", "shop cart 1 0"],
    )
    .await;
    check(
        "shared server span arrives first and without its parent id",
        &[
            (0, 2, Server, "stock", "shop", No),
            (1, 2, Client, "shop", "stock", No),
            (0, 1, Server, "shop", NO, No),
        ],
        &["shop stock 1 0"],
    )
    .await;
    check(
        "lone server that knows its caller",
        &[(0, 1, Server, "s", "c", No)],
        &["c s 1 0"],
    )
    .await;
    check(
        "two client calls below one server, client spans without local name",
        &[
            (0, 1, Server, "w", NO, No),
            (1, 2, Client, NO, "db", No),
            (1, 3, Client, NO, "db", No),
        ],
        &["w db 2 0"],
    )
    .await;
    check("loopback", &[(0, 1, Server, "s", "s", No)], &["s s 1 0"]).await;
    check(
        "names are in lower case",
        &[(0, 1, Server, "Shop", "EDGE", No)],
        &["edge shop 1 0"],
    )
    .await;
    check(
        "a lone span with one name",
        &[(0, 1, Client, "s", NO, No)],
        &[],
    )
    .await;
}

#[tokio::test]
async fn errors_of_either_side() {
    let both = |client, server| {
        [
            (0, 1, Client, "c", NO, client),
            (1, 2, Server, "s", NO, server),
        ]
    };
    check(
        "client and server with different ids, both failing",
        &both(Error, Error),
        &["c s 1 1"],
    )
    .await;
    check(
        "error only on the client side",
        &both(Error, No),
        &["c s 1 1"],
    )
    .await;
    check(
        "one client span, two server children, one failing",
        &[
            (0, 1, Client, "c", NO, No),
            (1, 2, Server, "s", "c", Error),
            (1, 4, Server, "s", "c", No),
        ],
        &["c s 2 1"],
    )
    .await;
    check(
        "annotation error is not an error",
        &[(2, 3, Client, "w", "x", Annotation)],
        &["w x 1 0"],
    )
    .await;
}

#[tokio::test]
async fn messages_of_brokers() {
    let through = |producer, consumer| {
        [
            (0, 1, Producer, "p", producer, No),
            (1, 2, Consumer, "c", consumer, No),
        ]
    };
    let one = through(NO, "mq");
    check(
        "consumer knows the broker, producer does not",
        &one,
        &["mq c 1 0"],
    )
    .await;
    let both = ["mq c 1 0", "p mq 1 0"];
    check("both know the broker", &through("mq", "mq"), &both).await;
    check("nobody knows the broker", &through(NO, NO), &[]).await;
    check(
        "producer whose child is a server",
        &[(0, 1, Producer, "p", NO, No), (1, 2, Server, "s", NO, No)],
        &["p s 1 0"],
    )
    .await;
    check(
        "client whose child is a consumer",
        &[(0, 1, Client, "p", NO, No), (1, 2, Consumer, "s", NO, No)],
        &[],
    )
    .await;
}

#[tokio::test]
async fn spans_that_say_little() {
    check(
        "unnamed local span in between",
        &[
            (0, 1, Server, "w", NO, No),
            (1, 2, Unspecified, NO, NO, No),
            (2, 3, Client, "x", NO, No),
            (2, 4, Client, "x", NO, No),
        ],
        &["w x 2 0"],
    )
    .await;
    check(
        "chain without kinds",
        &[
            (0, 1, Unspecified, "u", "w", No),
            (1, 2, Unspecified, "w", "x", Error),
            (2, 3, Unspecified, "x", "y", No),
        ],
        &["u w 1 0", "w x 1 1", "x y 1 0"],
    )
    .await;
    check(
        "root missing, siblings are not linked with one another",
        &[(9, 1, Server, "s1", NO, No), (9, 2, Server, "s2", NO, No)],
        &[],
    )
    .await;
    check(
        "root missing, child below child is linked",
        &[(9, 1, Server, "s1", NO, No), (1, 2, Server, "s2", NO, No)],
        &["s1 s2 1 0"],
    )
    .await;
}

#[tokio::test]
async fn a_window_holds_the_calls_that_started_in_it() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let sent = [(0, 1, Server, "s", "c", No)];
    let mut days = batches(&sent, NOW_MS - DAY_MS / 2);
    let earlier = SpanRow {
        trace_id: schemas::TraceId([8; 16]),
        kind: Server,
        attributes: &[("peer.service", AttributeRef::String("c"))],
        ..span(1, None, (NOW_MS - DAY_MS * 3 / 2) * 1_000_000)
    };
    days.push(batch_of("s", &[earlier]));
    let asked = async |end_ms: i64, lookback: &str| {
        let path = format!("/zipkin/api/v2/dependencies?endTs={end_ms}{lookback}");
        links(&days, &path).await
    };
    assert_eq!(asked(NOW_MS, "").await, ["c s 1 0"]);
    assert_eq!(asked(NOW_MS, "&lookback=172800000").await, ["c s 2 0"]);
    let none: [&str; 0] = [];
    assert_eq!(asked(NOW_MS + 3 * DAY_MS, "").await, none);
    assert_eq!(asked(NOW_MS - 3 * DAY_MS, "").await, none);
}

#[tokio::test]
async fn malformed_questions_are_refused() {
    let routes = routes(&[]);
    for query in [
        "",
        "?lookback=1",
        "?endTs=0",
        "?endTs=-1",
        "?endTs=1&lookback=0",
        "?endTs=x",
    ] {
        let answer = get(&routes, &format!("/api/v2/dependencies{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
}
