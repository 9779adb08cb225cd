//! Figures of what was recorded of Zipkin and Jaeger, sent by its own protocol.

use serde_json::Value;

use super::recordings::{jaeger, send_zipkin, zipkin_v2};
use super::{jaeger_bodies, senders, zipkin_bodies};
use crate::figures::{Sent, SpanKind, check_figures};
use crate::fixtures::fixtures;
use crate::server::{Answer, Launch, Server};

/// What a span may say of the other end of a call.
const ABOUT_PEERS: [&str; 10] = [
    "peer.service",
    "server.address",
    "net.peer.name",
    "network.peer.address",
    "db.namespace",
    "db.name",
    "db.system.name",
    "db.system",
    "messaging.destination.name",
    "messaging.system",
];

/// The spans of a trace in the form of `printed`.
fn spans(expected: &Value) -> Vec<Sent> {
    let trace_id = id(&expected["traceId"]).to_be_bytes();
    let span = |span: &Value| Sent {
        trace_id,
        span_id: short_id(&span["id"]).unwrap(),
        parent: short_id(&span["parent"]),
        kind: match text(&span["kind"]) {
            "unspecified" => SpanKind::Unspecified,
            "internal" => SpanKind::Internal,
            "server" => SpanKind::Server,
            "client" => SpanKind::Client,
            "producer" => SpanKind::Producer,
            "consumer" => SpanKind::Consumer,
            other => panic!("no kind: {other}"),
        },
        service: text(&span["service"]).to_owned(),
        name: text(&span["name"]).to_owned(),
        start: nanos(&span["start"]),
        duration: nanos(&span["duration"]),
        is_error: !span["error"].is_null(),
        attributes: peers(&span["attributes"]),
    };
    expected["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(span)
        .collect()
}

fn peers(attributes: &Value) -> Vec<(&'static str, String)> {
    let values = ABOUT_PEERS.map(|key| Some((key, attributes[key].as_str()?.to_owned())));
    values.into_iter().flatten().collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A number that may be text.
fn nanos(value: &Value) -> i64 {
    value
        .as_i64()
        .unwrap_or_else(|| text(value).parse().unwrap())
}

fn id(digits: &Value) -> u128 {
    u128::from_str_radix(text(digits), 16).unwrap_or_default()
}

fn short_id(digits: &Value) -> Option<[u8; 8]> {
    let id = u64::try_from(id(digits)).unwrap();
    (id != 0).then(|| id.to_be_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn zipkin_traces() {
    let Some(lists) = zipkin_v2() else { return };
    for mut list in lists {
        // A span without a time began when it arrived.
        let some_time = list.iter().find_map(|span| span["timestamp"].as_u64());
        for span in &mut list {
            if span["timestamp"].is_null() {
                span["timestamp"] = some_time.unwrap_or(1_795_392_030_000_000).into();
            }
        }
        let directory = tempfile::tempdir().unwrap();
        let server = Launch::in_directory(directory.path()).start().await;
        let body = serde_json::to_vec(&list).unwrap();
        // Once more: as an agent that did not hear the answer.
        for _ in 0..2 {
            send_zipkin(&server, "v2", "application/json", body.clone()).await;
        }
        check_figures(&server, &spans(&zipkin_bodies::expected_of_v2(&list))).await;
        check_dependencies_at_zipkins_port(&server, &list).await;
    }
}

/// Zipkin's clients ask where they send spans.
async fn check_dependencies_at_zipkins_port(server: &Server, list: &[Value]) {
    let times = list.iter().filter_map(|span| span["timestamp"].as_u64());
    let last = times.max().unwrap_or_default() / 1_000;
    let path = format!("/api/v2/dependencies?endTs={}&lookback=86400000", last + 1);
    let links = server.json(&path).await;
    for below in ["", "/zipkin"] {
        let url = format!("{}{below}{path}", server.zipkin);
        let answer = Answer::of(reqwest::get(url).await.unwrap()).await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (200, links.clone())
        );
    }
}

/// Whether a tag is a text; bytes name nobody.
fn is_text(span: &Value, key: &str) -> bool {
    let mut tags = span["tags"].as_array().into_iter().flatten();
    tags.any(|tag| tag["key"] == key && tag["vType"] == "STRING")
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_traces() {
    let Some(fixtures) = fixtures() else { return };
    for batch in jaeger(&fixtures) {
        let directory = tempfile::tempdir().unwrap();
        let server = Launch::in_directory(directory.path()).start().await;
        let url = format!("{}/api/traces?format=jaeger.thrift", server.jaeger_http);
        for _ in 0..2 {
            let body = jaeger_bodies::thrift_batch(&batch);
            let answer = senders::post(&url, "application/x-thrift", body).await;
            assert_eq!(answer.status, 202, "{}", answer.text());
        }
        let mut spans = spans(&jaeger_bodies::expected(&batch));
        let sent = batch["spans"].as_array().unwrap();
        for (span, sent) in spans.iter_mut().zip(sent) {
            span.attributes.retain(|(key, _)| is_text(sent, key));
        }
        check_figures(&server, &spans).await;
    }
}
