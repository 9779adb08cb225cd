//! The questions that are asked whenever something is checked.

use super::calls::calls;
use super::edges::{EdgeQuestion, check_dependencies, check_topology};
use super::red::{Kinds, RedQuestion, check_red};
use super::sent::Sent;
use crate::server::{Server, eventually};

const NANOS: i64 = 1_000_000_000;

/// Paths to ask for figures, when the server offers to compute them from the spans alone.
const EXACT: &str = "&exact=true";

/// Asks a server everything and compares the answers with what follows from the spans sent.
pub(crate) async fn check_figures(server: &Server, spans: &[Sent]) {
    check_red_alone(server, spans).await;
    let calls = calls(spans);
    for question in edge_questions(spans) {
        for way in ways(server, "/api/v1/topology").await {
            let path = format!("{}{way}", question.topology_path());
            check_topology(&server.json(&path).await, question, &calls);
        }
        let answer = server.json(&question.dependencies_path()).await;
        check_dependencies(&answer, question, &calls);
    }
}

/// Asks for figures only.
pub(crate) async fn check_red_alone(server: &Server, spans: &[Sent]) {
    for question in red_questions(spans) {
        for way in ways(server, "/api/v1/red").await {
            let answer = server.json(&format!("{}{way}", question.path())).await;
            check_red(&answer, &question, spans);
        }
    }
}

/// What to add to a path: nothing, and what asks for figures from the spans alone, where that can
/// be asked.
async fn ways(server: &Server, path: &str) -> Vec<&'static str> {
    let api = server.json("/api/v1/openapi.json").await;
    let parameters = &api["paths"][path]["get"]["parameters"];
    let mut parameters = parameters.as_array().unwrap().iter();
    match parameters.any(|parameter| parameter["name"] == "exact") {
        true => vec!["", EXACT],
        false => vec![""],
    }
}

/// Waits until a server answers without reading any span: all of them are rolled up.
pub(crate) async fn rolled_up(server: &Server, spans: &[Sent]) {
    let (from, to) = seconds(spans);
    let question = EdgeQuestion { from, to };
    let red = red_questions(spans).swap_remove(0);
    let spans_read = async || server.metric("spanhouse_query_spans_read_total").await;
    eventually("everything is rolled up", async || {
        let before = spans_read().await;
        server.json(&red.path()).await;
        server.json(&question.topology_path()).await;
        (spans_read().await == before).then_some(())
    })
    .await;
}

/// The first and the last second in which spans start.
fn seconds(spans: &[Sent]) -> (i64, i64) {
    let starts = || spans.iter().map(|span| span.start);
    let (first, last) = (starts().min().unwrap(), starts().max().unwrap());
    (first / NANOS, last / NANOS + 1)
}

/// The whole range in points by everything, an hour each, a part of it by the shortest steps, and a
/// service's operations between two odd seconds.
fn red_questions(spans: &[Sent]) -> Vec<RedQuestion> {
    let (from, to) = seconds(spans);
    let middle = i64::midpoint(from, to);
    let length = to - from;
    let by_everything = RedQuestion {
        service: None,
        kinds: Kinds::All,
        by: &["service", "operation", "kind"],
        from,
        to,
        step: (length / 60).div_euclid(60) * 60 + 60,
    };
    vec![
        RedQuestion {
            by: &["service"],
            kinds: Kinds::Answering,
            step: 3_600,
            ..by_everything.clone()
        },
        RedQuestion {
            by: &["service", "status"],
            from: middle,
            to: to.min(middle + 3_600),
            step: 10,
            ..by_everything.clone()
        },
        RedQuestion {
            service: Some(spans[0].service.clone()).filter(|name| !name.is_empty()),
            by: &["operation"],
            from: from + length / 7,
            to: to - length / 11,
            ..by_everything.clone()
        },
        by_everything,
    ]
}

fn edge_questions(spans: &[Sent]) -> Vec<EdgeQuestion> {
    let (from, to) = seconds(spans);
    let length = to - from;
    let whole = EdgeQuestion { from, to };
    let part = EdgeQuestion {
        from: from + length / 3,
        to: to - length / 4,
    };
    vec![whole, part]
}
