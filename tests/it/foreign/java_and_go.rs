//! Apps with stock clients in Java and Go, which not every machine can build.
//!
//! In both languages one program has all clients and takes the name of one; the OpenTelemetry agent
//! for Java traces a program of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use super::printed::plain_attributes;
use super::stock_clients::{Delivery, check};
use crate::clients;
use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn opentelemetry_for_go_over_grpc() {
    go("otlp-grpc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opentelemetry_for_go_over_http() {
    go("otlp-http").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opentelemetry_for_go_to_zipkin() {
    go("otel-zipkin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zipkin_for_go_in_json() {
    go("zipkin-json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zipkin_for_go_in_protobuf() {
    go("zipkin-proto").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_for_go_over_http() {
    go("jaeger-http").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_for_go_to_the_agent() {
    go("jaeger-udp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_for_go_to_zipkin_in_thrift() {
    go("zipkin-v1-thrift").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn brave_in_json() {
    java("zipkin-json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn brave_in_protobuf() {
    java("zipkin-proto").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn brave_in_json_of_version_1() {
    java("zipkin-v1-json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn brave_in_thrift() {
    java("zipkin-v1-thrift").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_for_java_over_http() {
    java("jaeger-http").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_for_java_to_the_agent() {
    java("jaeger-udp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_for_java_over_grpc() {
    java_agent("otlp", |server| {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", server.otlp_grpc.clone());
        vec![endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc".to_owned())]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_for_java_over_http_with_gzip() {
    java_agent("otlp", |server| {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", server.otlp_http.clone());
        let compression = ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip".to_owned());
        vec![endpoint, compression]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_for_java_to_zipkin() {
    java_agent("zipkin", |server| {
        let endpoint = format!("{}/api/v2/spans", server.zipkin);
        vec![("OTEL_EXPORTER_ZIPKIN_ENDPOINT", endpoint)]
    })
    .await;
}

async fn go(client: &str) {
    let Some(folder) = set_up("go") else { return };
    send(client, || clients::command(folder.join("clients"))).await;
}

async fn java(client: &str) {
    let Some(folder) = set_up("java") else { return };
    send(client, || {
        let mut command = java_command(&folder);
        command.arg("Clients");
        command
    })
    .await;
}

async fn send(client: &str, program: impl Fn() -> Command) {
    let delivery = match client {
        "jaeger-udp" => Delivery::Unanswered,
        _ => Delivery::Answered,
    };
    check(delivery, async |server| {
        let mut command = program();
        command.args([client, target(server, client)]);
        clients::run(command).await
    })
    .await;
}

fn target<'a>(server: &'a Server, client: &str) -> &'a str {
    match client {
        "otlp-grpc" => &server.otlp_grpc,
        "otlp-http" => &server.otlp_http,
        "jaeger-http" => &server.jaeger_http,
        "jaeger-udp" => &server.jaeger_udp_compact,
        _ => &server.zipkin,
    }
}

/// Runs the shop with the agent, which prints its spans too: in OTLP's JSON, a line a batch.
async fn java_agent(exporter: &str, settings: impl Fn(&Server) -> Vec<(&'static str, String)>) {
    let Some(folder) = set_up("java") else { return };
    check(Delivery::Answered, async |server| {
        let agent = folder.join("lib/provided/opentelemetry-javaagent.jar");
        let mut command = java_command(&folder);
        command
            .arg(format!("-javaagent:{}", agent.display()))
            .arg("Shop")
            .env(
                "OTEL_TRACES_EXPORTER",
                format!("{exporter},experimental-otlp/stdout"),
            )
            .envs([
                ("OTEL_METRICS_EXPORTER", "none"),
                ("OTEL_LOGS_EXPORTER", "none"),
            ])
            .env("OTEL_SERVICE_NAME", "shop")
            .envs(settings(server));
        let batches = clients::output(command).await;
        let spans = batches.lines().flat_map(spans_of_batch);
        let spans: Vec<Value> = match exporter {
            "zipkin" => spans.map(as_sent_to_zipkin).collect(),
            _ => spans.collect(),
        };
        assert_eq!(spans.len(), 4, "{batches}");
        json!({"traceId": spans[0]["traceId"], "spans": spans})
    })
    .await;
}

/// The spans of a batch in OTLP's JSON in the form of `printed`, with the trace's id.
fn spans_of_batch(batch: &str) -> Vec<Value> {
    let batch: Value = serde_json::from_str(batch).unwrap();
    let mut spans = Vec::new();
    for of_resource in batch["resourceSpans"].as_array().unwrap() {
        let resource = plain_attributes(&of_resource["resource"]["attributes"]);
        for of_scope in of_resource["scopeSpans"].as_array().unwrap() {
            let of_scope = of_scope["spans"].as_array().unwrap();
            spans.extend(of_scope.iter().map(|span| span_of_batch(span, &resource)));
        }
    }
    spans
}

fn span_of_batch(span: &Value, resource: &Map<String, Value>) -> Value {
    let kind = match span["kind"].as_u64() {
        Some(2) => "server",
        Some(3) => "client",
        _ => "internal",
    };
    let nanos = |name: &str| span[name].as_str().unwrap().parse::<u64>().unwrap();
    let start = nanos("startTimeUnixNano");
    let events = span["events"].as_array().unwrap().iter();
    let message = span["status"]["message"].as_str().unwrap_or_default();
    json!({
        "traceId": span["traceId"],
        "id": span["spanId"],
        "parent": span["parentSpanId"].as_str().unwrap_or_default(),
        "name": span["name"],
        "service": "shop",
        "resource": resource,
        "kind": kind,
        "start": start,
        "duration": nanos("endTimeUnixNano") - start,
        "attributes": plain_attributes(&span["attributes"]),
        "events": events.map(|event| event["name"].clone()).collect::<Vec<_>>(),
        "error": (span["status"]["code"] == 2).then_some(message),
    })
}

/// What the agent's exporter for Zipkin makes of a span: names in lower case, microseconds, texts
/// alone, and no resource but the service.
fn as_sent_to_zipkin(mut span: Value) -> Value {
    span["name"] = span["name"].as_str().unwrap().to_lowercase().into();
    let [start, duration] = ["start", "duration"].map(|time| span[time].as_u64().unwrap());
    let micros = |nanos: u64| nanos / 1_000;
    span["start"] = (micros(start) * 1_000).into();
    let duration = (micros(start + duration) - micros(start)).max(1);
    span["duration"] = (duration * 1_000).into();
    for value in span["attributes"].as_object_mut().unwrap().values_mut() {
        *value = value
            .as_str()
            .map_or(value.to_string(), str::to_owned)
            .into();
    }
    for event in span["events"].as_array_mut().unwrap() {
        // Attributes of an event are put behind its name; it has none.
        *event = format!("{event}:{{}}").into();
    }
    span.as_object_mut().unwrap().remove("resource");
    span
}

/// A JVM that starts quickly, with all clients on its class path.
fn java_command(folder: &Path) -> Command {
    let folder = folder.display();
    let mut command = clients::command("java");
    command
        .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"])
        .arg(format!("{folder}/lib/compile/*:{folder}/classes"));
    command
}

/// Where `make clients` put the clients of a language; or, on a machine that cannot build them, a
/// word on standard error that they are not tested.
fn set_up(language: &str) -> Option<PathBuf> {
    let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/setup");
    if setup.join(format!("{language}.stamp")).exists() {
        return Some(setup.join(language));
    }
    let is_needed = std::env::var_os("SPANHOUSE_CLIENTS").is_some_and(|which| which == "all");
    assert!(
        !is_needed,
        "the clients in {language} are not there: run `make clients`"
    );
    eprintln!("NOT TESTED: there are no clients in {language}; `make clients` says why");
    None
}
