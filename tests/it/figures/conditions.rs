//! What is sent is what is counted, in whatever order it comes, however often, whenever it is
//! flushed, and also after a restart.

use super::arrivals::{in_order, requests, shuffled, with_late_ones, with_repeated_ones};
use super::asking::{check_figures, check_red_alone, rolled_up};
use super::recorded::{NEZHA, nezha, nezha_graph, social_network};
use super::sent::{Sent, SpanKind, distinct, request};
use super::{calls, generated};
use crate::batches::{Reply, Sender};
use crate::fixtures::fixtures;
use crate::random::Random;
use crate::server::{Launch, Server};

/// Everything is asked so often while spans arrive, besides at the end.
const CHECKS: usize = 2;

/// A server that keeps everything in memory for as long as it lives.
fn calm(directory: &tempfile::TempDir) -> Launch {
    Launch::in_directory(directory.path()).set("flush-age", "1h")
}

/// A server that flushes after every few requests.
fn restless(directory: &tempfile::TempDir) -> Launch {
    Launch::in_directory(directory.path())
        .set("flush-age", "1s")
        .set("flush-bytes", "64KiB")
        .set("max-request-bytes", "64KiB")
}

/// Sends requests one after the other; all are taken.
async fn send_all(server: &Server, requests: &[Vec<Sent>]) {
    let mut sender = Sender::http(server);
    for spans in requests {
        assert_eq!(sender.send(request(spans)).await, Reply::Acked);
    }
}

/// Sends spans as they stand, and asks in between, at the end, and after a restart.
async fn check(launch: &Launch, spans: &[Sent], random: &mut Random) {
    let requests = requests(spans, random);
    let server = launch.start().await;
    let mut arrived = Vec::new();
    for part in requests.chunks(requests.len().div_ceil(CHECKS)) {
        send_all(&server, part).await;
        arrived.extend(part.concat());
        check_figures(&server, &arrived).await;
    }
    let ended = server.terminate().await;
    assert!(ended.status.success(), "{}", ended.log);
    let server = launch.start().await;
    rolled_up(&server, spans).await;
    check_figures(&server, spans).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_calls_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let spans = in_order(generated::traces(1, 300));
    check(&calm(&directory), &spans, &mut Random::seeded(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_calls_in_any_order_with_flushes() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random::seeded(2);
    let spans = shuffled(generated::traces(2, 300), &mut random);
    check(&restless(&directory), &spans, &mut random).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_calls_of_which_some_are_late_and_some_come_again() {
    for flushing in [calm, restless] {
        let directory = tempfile::tempdir().unwrap();
        let mut random = Random::seeded(3);
        let spans = with_late_ones(in_order(generated::traces(3, 300)), &mut random);
        let spans = with_repeated_ones(&spans, &mut random);
        check(&flushing(&directory), &spans, &mut random).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_after_every_request() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random::seeded(4);
    let spans = shuffled(generated::traces(4, 40), &mut random);
    let spans = with_repeated_ones(&spans, &mut random);
    let server = restless(&directory).set("flush-age", "100ms").start().await;
    let mut arrived = Vec::new();
    for part in spans.chunks(spans.len().div_ceil(12)) {
        send_all(&server, &[part.to_vec()]).await;
        server.flushed().await;
        arrived.extend_from_slice(part);
        check_figures(&server, &arrived).await;
        rolled_up(&server, &arrived).await;
        check_figures(&server, &arrived).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_of_one_id_count_once_only_if_they_are_the_same() {
    let mut one = generated::traces(8, 1).swap_remove(0);
    one.kind = SpanKind::Server;
    let variants = [
        one.clone(),
        Sent {
            duration: one.duration + 1,
            ..one.clone()
        },
        Sent {
            start: one.start + 1,
            ..one.clone()
        },
        Sent {
            kind: SpanKind::Client,
            ..one.clone()
        },
        Sent {
            is_error: !one.is_error,
            ..one.clone()
        },
        Sent {
            service: "another".to_owned(),
            ..one.clone()
        },
        Sent {
            name: "another".to_owned(),
            ..one.clone()
        },
    ];
    // What else a span says does not make it another one.
    let again = Sent {
        parent: None,
        attributes: vec![("peer.service", "bank".to_owned())],
        ..one
    };
    let directory = tempfile::tempdir().unwrap();
    let server = restless(&directory).set("flush-age", "100ms").start().await;
    let mut arrived = Vec::new();
    for span in variants.iter().chain([&again]).chain(&variants) {
        send_all(&server, &[vec![span.clone()]]).await;
        server.flushed().await;
        arrived.push(span.clone());
        rolled_up(&server, &arrived).await;
        check_red_alone(&server, &arrived).await;
    }
    assert_eq!(distinct(&arrived).len(), variants.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn names_beyond_the_limit_of_a_service_count_with_the_others() {
    const LIMIT: usize = 1_000;
    let one = generated::traces(9, 1).swap_remove(0);
    let named = |number: u64| Sent {
        span_id: (number + 1).to_be_bytes(),
        name: format!("GET /orders/{number}"),
        ..one.clone()
    };
    let spans: Vec<Sent> = (0..LIMIT as u64 + 50).map(named).collect();
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch::in_directory(directory.path()).set("flush-age", "100ms");
    let second = one.start / 1_000_000_000;
    let path = format!(
        "/api/v1/red?by=operation&kind=all&from={second}&to={}&step=10s",
        second + 1
    );
    let server = launch.start().await;
    send_all(&server, std::slice::from_ref(&spans)).await;
    server.flushed().await;
    rolled_up(&server, &spans).await;
    let answer = server.json(&path).await;
    assert_eq!(answer["total"]["count"], spans.len());
    let series = answer["series"].as_array().unwrap();
    assert_eq!(series.len(), LIMIT + 1);
    let other = series.iter().find(|each| each["operation"] == "(other)");
    assert_eq!(other.unwrap()["total"]["count"], 50);
    let catalog = format!("/api/v1/catalog/services?from={second}&to={}", second + 1);
    let folded = async |server: &Server| {
        server.json(&catalog).await["services"][0]["foldedOperationNames"].clone()
    };
    assert_eq!(folded(&server).await, 50);
    server.kill();
    let server = launch.start().await;
    // A name that has its own row keeps it, and a new one has none.
    let more = [named(LIMIT as u64 + 60)];
    send_all(&server, &[more.to_vec()]).await;
    let again = server.json(&path).await;
    let series = again["series"].as_array().unwrap();
    assert_eq!(series.len(), LIMIT + 1);
    let other = series.iter().find(|each| each["operation"] == "(other)");
    assert_eq!(other.unwrap()["total"]["count"], 51);
    assert_eq!(folded(&server).await, 51);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_span_of_two_systems() {
    let Some(fixtures) = fixtures() else { return };
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random::seeded(5);
    let mut spans = Vec::new();
    for (file, count) in NEZHA {
        let recorded = nezha(&fixtures, file);
        assert_eq!(recorded.len(), count, "{file}");
        spans.extend(recorded);
    }
    let spans = in_order(spans);
    let launch = Launch::in_directory(directory.path());
    let server = launch.start().await;
    send_all(&server, &requests(&spans, &mut random)).await;
    check_figures(&server, &spans).await;
    let ended = server.terminate().await;
    assert!(ended.status.success(), "{}", ended.log);
    let server = launch.start().await;
    rolled_up(&server, &spans).await;
    check_figures(&server, &spans).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_shop_in_any_order_late_and_twice() {
    let Some(fixtures) = fixtures() else { return };
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random::seeded(6);
    let recorded = nezha(&fixtures, NEZHA[1].0);
    let spans = recorded.into_iter().take(6_000).collect();
    let spans = with_late_ones(shuffled(spans, &mut random), &mut random);
    let spans = with_repeated_ones(&spans, &mut random);
    check(&restless(&directory), &spans, &mut random).await;
}

#[test]
fn the_recorded_shop_shows_the_graph_that_its_authors_drew() {
    let Some(fixtures) = fixtures() else { return };
    let mut drawn = nezha_graph(&fixtures);
    // In neither minute did a checkout convert a price in a span of its own.
    drawn.remove(&("checkoutservice".to_owned(), "currencyservice".to_owned()));
    for (file, _) in &NEZHA[..2] {
        let spans = nezha(&fixtures, file);
        let calls = calls::calls(&spans);
        let rpc = calls.iter().filter(|call| call.connection == "rpc");
        let shown = rpc.map(|call| (call.caller.0.clone(), call.callee.0.clone()));
        assert_eq!(
            shown.collect::<std::collections::HashSet<_>>(),
            drawn,
            "{file}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_social_network() {
    let Some(fixtures) = fixtures() else { return };
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random::seeded(7);
    let spans = social_network(&fixtures);
    assert_eq!(distinct(&spans).len(), 660);
    let services = spans.iter().map(|span| span.service.as_str());
    let services: std::collections::BTreeSet<_> = services.collect();
    assert_eq!(services.len(), 12);
    let spans = with_repeated_ones(&shuffled(spans, &mut random), &mut random);
    check(&restless(&directory), &spans, &mut random).await;
}
