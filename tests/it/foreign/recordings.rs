//! Everything recorded of Zipkin and Jaeger goes in by its own protocol and comes out whole.
//!
//! The recordings lie in the folder that `SPANHOUSE_FIXTURES` names.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::thrift::Protocol;
use super::{jaeger_bodies, printed, senders, zipkin_bodies};
use crate::fixtures::{fixtures, read_json};
use crate::server::{Launch, Server, eventually};

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";
const THRIFT: &str = "application/x-thrift";

/// The spans of all JSON files of some folders: a file is a list of them, or one alone. Each file is
/// a trace of its own: some are of the same one.
fn lists(fixtures: &Path, folders: &[&str]) -> Vec<Vec<Value>> {
    let mut paths: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(fixtures.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let list = |(number, path): (u64, &PathBuf)| {
        let mut spans = match read_json(path) {
            Value::Array(spans) => spans,
            span => vec![span],
        };
        for span in &mut spans {
            span["traceId"] = format!("{number:032x}").into();
        }
        spans
    };
    (1..).zip(&paths).map(list).collect()
}

async fn started() -> (tempfile::TempDir, Server) {
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path()).start().await;
    (directory, server)
}

/// Checks that a trace is there, whole.
async fn check_stored(server: &Server, expected: &Value) {
    let id = expected["traceId"].as_str().unwrap();
    let trace = server.json(&format!("/api/v1/traces/{id:0>32}")).await;
    printed::check_spans(&trace, expected);
}

/// Sends a body to Zipkin's receiver, which takes it.
pub(super) async fn send_zipkin(server: &Server, version: &str, content_type: &str, body: Vec<u8>) {
    let url = format!("{}/api/{version}/spans", server.zipkin);
    let answer = senders::post(&url, content_type, body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (202, String::new())
    );
}

pub(super) fn zipkin_v2() -> Option<Vec<Vec<Value>>> {
    let folders = [
        "zipkin/lens",
        "zipkin/bench",
        "otel-collector/zipkinv2",
        "otel-collector/zipkinreceiver",
    ];
    let lists = lists(&fixtures()?, &folders);
    assert_eq!(lists.len(), 11);
    Some(lists)
}

#[tokio::test(flavor = "multi_thread")]
async fn zipkin_v2_traces_in_json() {
    let Some(lists) = zipkin_v2() else { return };
    let (_directory, server) = started().await;
    for spans in lists {
        let body = serde_json::to_vec(&spans).unwrap();
        send_zipkin(&server, "v2", JSON, body).await;
        check_stored(&server, &zipkin_bodies::expected_of_v2(&spans)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zipkin_v2_traces_in_protobuf() {
    let Some(lists) = zipkin_v2() else { return };
    let (_directory, server) = started().await;
    for mut spans in lists {
        spans.iter_mut().for_each(remove_what_is_no_address);
        send_zipkin(
            &server,
            "v2",
            PROTOBUF,
            zipkin_bodies::protobuf_list(&spans),
        )
        .await;
        check_stored(&server, &zipkin_bodies::expected_of_v2(&spans)).await;
    }
}

/// A recording has addresses such as `10.0.0.04`, which only a text can be.
fn remove_what_is_no_address(span: &mut Value) {
    for address in ["/localEndpoint/ipv4", "/remoteEndpoint/ipv4"] {
        let text = span.pointer_mut(address);
        let is_address = |text: &str| text.parse::<Ipv4Addr>().is_ok();
        if let Some(text) = text.filter(|text| !text.as_str().is_some_and(is_address)) {
            *text = Value::Null;
        }
    }
}

/// Traces of version 1, each with an id of its own: the recordings of the collector have one for all.
fn zipkin_v1(fixtures: &Path) -> Vec<Vec<Value>> {
    let names = ["zipkin_v1_single_batch", "zipkin_v1_local_component"];
    let mut paths: Vec<PathBuf> = names
        .iter()
        .map(|name| fixtures.join(format!("otel-collector/zipkinv1/{name}.json")))
        .collect();
    paths.push(fixtures.join("train-ticket/example.json"));
    let list = |(number, path): (u64, &PathBuf)| {
        let mut spans = read_json(path).as_array().unwrap().clone();
        for span in &mut spans {
            span["traceId"] = format!("{number:032x}").into();
        }
        spans
    };
    (1..).zip(&paths).map(list).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn zipkin_v1_traces_in_json() {
    let Some(fixtures) = fixtures() else { return };
    let (_directory, server) = started().await;
    for spans in zipkin_v1(&fixtures) {
        send_zipkin(&server, "v1", JSON, serde_json::to_vec(&spans).unwrap()).await;
        check_stored(&server, &zipkin_bodies::expected_of_v1(&spans)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zipkin_v1_traces_in_thrift() {
    let Some(fixtures) = fixtures() else { return };
    let (_directory, server) = started().await;
    for spans in zipkin_v1(&fixtures) {
        send_zipkin(
            &server,
            "v1",
            THRIFT,
            zipkin_bodies::thrift_list_of_v1(&spans),
        )
        .await;
        check_stored(&server, &zipkin_bodies::expected_of_v1(&spans)).await;
    }
    let names = [
        "zipkin_v1_thrift_single_batch",
        "zipkin_v1_thrift_local_component",
    ];
    for (number, name) in (100..).zip(names) {
        let path = fixtures.join(format!("otel-collector/zipkinv1/{name}.json"));
        let mut spans = read_json(&path).as_array().unwrap().clone();
        for span in &mut spans {
            span["trace_id_high"] = json!(number);
        }
        send_zipkin(&server, "v1", THRIFT, zipkin_bodies::thrift_list(&spans)).await;
        let as_json: Vec<Value> = spans.iter().map(zipkin_bodies::v1_of_thrift).collect();
        check_stored(&server, &zipkin_bodies::expected_of_v1(&as_json)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_trace_of_sixteen_services_is_one_tree() {
    let Some(fixtures) = fixtures() else { return };
    let (_directory, server) = started().await;
    let body = std::fs::read(fixtures.join("train-ticket/example.json")).unwrap();
    send_zipkin(&server, "v1", JSON, body).await;
    let trace = server.json("/api/v1/traces/28694298ee036999").await;
    assert_eq!(trace["roots"], json!(["0"]));
    assert_eq!(trace["services"].as_array().unwrap().len(), 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zipkin_list_with_a_wrong_id_is_refused_whole() {
    let Some(fixtures) = fixtures() else { return };
    let (_directory, server) = started().await;
    let path = fixtures.join("otel-collector/zipkinv1/zipkin_v1_error_batch.json");
    let url = format!("{}/api/v1/spans", server.zipkin);
    let answer = senders::post(&url, JSON, std::fs::read(path).unwrap()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("BADID"), "{}", answer.text());
    let trace = server.get("/api/v1/traces/0ed2e63cbe71f5a8").await;
    assert_eq!(trace.status, 404);
}

/// Jaeger's batches, each of a trace of its own: many recordings are of the same one.
pub(super) fn jaeger(fixtures: &Path) -> Vec<Value> {
    let read = |path: &str| read_json(&fixtures.join(path));
    let mut batches: Vec<Value> = [
        "jaeger/thrift-converter/thrift_batch_01.json",
        "jaeger/thrift-converter/thrift_batch_02.json",
        "otel-collector/jaeger/thrift_batch_01.json",
    ]
    .map(read)
    .into();
    for path in [
        "otel-collector/jaeger/jaegerproto_batch_01.json",
        "otel-collector/jaeger/proto_batch_no_binary_tags_01.json",
        "jaeger/thrift-converter/domain_01.json",
        "jaeger/thrift-converter/domain_02.json",
        "jaeger/ui-json/domain_01.json",
    ] {
        batches.extend(jaeger_bodies::batches_of_model(&read(path)));
    }
    for (number, batch) in (1..).zip(&mut batches) {
        for span in batch["spans"].as_array_mut().unwrap() {
            let own = (span["traceIdHigh"].clone(), span["traceIdLow"].clone());
            for reference in span["references"].as_array_mut().into_iter().flatten() {
                if (&reference["traceIdHigh"], &reference["traceIdLow"]) == (&own.0, &own.1) {
                    reference["traceIdHigh"] = json!(number);
                }
            }
            span["traceIdHigh"] = json!(number);
        }
    }
    batches
}

/// Sends each batch and waits for its trace.
async fn check_jaeger(send: impl AsyncFn(&Server, &Value)) {
    let Some(fixtures) = fixtures() else { return };
    let (_directory, server) = started().await;
    for batch in jaeger(&fixtures) {
        send(&server, &batch).await;
        let expected = jaeger_bodies::expected(&batch);
        let path = format!("/api/v1/traces/{}", expected["traceId"].as_str().unwrap());
        // Datagrams have no answer.
        eventually("the batch is there", async || {
            (server.get(&path).await.status == 200).then_some(())
        })
        .await;
        check_stored(&server, &expected).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_batches_over_http() {
    check_jaeger(async |server, batch| {
        let url = format!("{}/api/traces?format=jaeger.thrift", server.jaeger_http);
        let body = jaeger_bodies::thrift_batch(batch);
        let answer = senders::post(&url, THRIFT, body).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_batches_over_grpc() {
    check_jaeger(async |server, batch| {
        let method = "/jaeger.api_v2.CollectorService/PostSpans";
        let message = jaeger_bodies::post_spans(batch);
        let answer = senders::call(&server.jaeger_grpc, method, message).await;
        assert_eq!(answer, b"");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_batches_over_udp_in_the_compact_protocol() {
    check_jaeger(async |server, batch| {
        let datagram = jaeger_bodies::emit_batch(batch, Protocol::Compact);
        senders::datagram(&server.jaeger_udp_compact, &datagram).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_batches_over_udp_in_the_binary_protocol() {
    check_jaeger(async |server, batch| {
        let datagram = jaeger_bodies::emit_batch(batch, Protocol::Binary);
        senders::datagram(&server.jaeger_udp_binary, &datagram).await;
    })
    .await;
}
