//! Apps with stock clients, each of which sends one trace of two services and prints it.

use serde_json::Value;

use super::printed;
use crate::clients;
use crate::server::{Launch, Server, eventually};

/// When a trace must be there after its app has ended.
#[derive(Clone, Copy)]
pub(super) enum Delivery {
    /// At once: the app waited for an answer, which means that its spans are durable.
    Answered,
    /// Soon: nobody answers a datagram.
    Unanswered,
}

use Delivery::{Answered, Unanswered};

/// Lets an app send its trace, compares it with what the app printed, and again after the server
/// was killed and had only its log to read the trace from.
pub(super) async fn check(delivery: Delivery, send: impl AsyncFn(&Server) -> Value) {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch::in_directory(directory.path()).set("flush-age", "1h");
    let server = launch.start().await;
    let sent = send(&server).await;
    let path = format!("/api/v1/traces/{:0>32}", sent["traceId"].as_str().unwrap());
    if let Unanswered = delivery {
        let count = sent["spans"].as_array().unwrap().len();
        eventually("all spans are there", async || {
            let answer = server.get(&path).await;
            (answer.status == 200 && answer.json()["spanCount"] == count).then_some(())
        })
        .await;
    }
    let trace = server.json(&path).await;
    printed::check(&trace, &sent);
    server.kill();
    let server = launch.start().await;
    assert_eq!(server.json(&path).await, trace, "from the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn py_zipkin_in_json_of_version_1() {
    py_zipkin("v1-json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn py_zipkin_in_json() {
    py_zipkin("v2-json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn py_zipkin_in_protobuf() {
    py_zipkin("v2-protobuf").await;
}

async fn py_zipkin(encoding: &str) {
    check(Answered, async |server| {
        clients::python_with("zipkin", "b3_zipkin.py", &[encoding, &server.zipkin]).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opentelemetry_for_python_to_zipkin_in_json() {
    opentelemetry_for_python(Answered, "zipkin-json", |server| &server.zipkin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opentelemetry_for_python_to_zipkin_in_protobuf() {
    opentelemetry_for_python(Answered, "zipkin-protobuf", |server| &server.zipkin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opentelemetry_for_python_to_jaeger_over_http() {
    opentelemetry_for_python(Answered, "jaeger-http", |server| &server.jaeger_http).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opentelemetry_for_python_to_jaeger_over_grpc() {
    opentelemetry_for_python(Answered, "jaeger-grpc", |server| &server.jaeger_grpc).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opentelemetry_for_python_to_jaegers_agent() {
    opentelemetry_for_python(Unanswered, "jaeger-udp", |server| {
        &server.jaeger_udp_compact
    })
    .await;
}

async fn opentelemetry_for_python(
    delivery: Delivery,
    protocol: &str,
    address: impl Fn(&Server) -> &str,
) {
    let (environment, _) = protocol.split_once('-').unwrap();
    check(delivery, async |server| {
        let arguments = [protocol, address(server)];
        clients::python_with(environment, "two_services.py", &arguments).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opentelemetry_for_node_to_zipkin() {
    check(Answered, async |server| {
        clients::node("two_services.mjs", &[&server.zipkin]).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zipkin_for_node_in_json_of_version_1() {
    zipkin_for_node("v1-json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zipkin_for_node_in_json() {
    zipkin_for_node("v2-json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zipkin_for_node_in_thrift() {
    zipkin_for_node("v1-thrift").await;
}

async fn zipkin_for_node(encoding: &str) {
    check(Answered, async |server| {
        clients::node("b3_zipkin.mjs", &[encoding, &server.zipkin]).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_for_node_over_http() {
    check(Answered, async |server| {
        clients::node("jaeger.mjs", &["http", &server.jaeger_http]).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_for_node_to_the_agent() {
    check(Unanswered, async |server| {
        clients::node("jaeger.mjs", &["udp", &server.jaeger_udp_binary]).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skywalking_for_python() {
    check(Answered, async |server| {
        clients::skywalking_for_python(&[&server.skywalking_grpc]).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skywalking_for_node() {
    check(Answered, async |server| {
        clients::skywalking_for_node(&[&server.skywalking_grpc]).await
    })
    .await;
}
