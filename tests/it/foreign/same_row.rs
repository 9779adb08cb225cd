//! One span, sent in every way, is the same row.
//!
//! The golden file holds the row that OTLP in protobuf makes, and for every other way the fields
//! that differ, with their value there (null for none): what that protocol has no word for.
//! `UPDATE_GOLDEN=1` writes it anew.

mod forms;
mod segment;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::{Map, Value, json};

use super::thrift::Protocol;
use super::{jaeger_bodies, senders, zipkin_bodies};
use crate::server::{Launch, Server, eventually};

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";
const THRIFT: &str = "application/x-thrift";

/// The id of the trace that is sent in that way.
fn trace_id(way: usize) -> String {
    format!("4bf92f3577b34da6{way:016x}")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_span_in_every_way() {
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path()).start().await;
    let mut ways = posted(&server).await;
    ways.extend(called(&server, ways.len()).await);
    ways.extend(told(&server, ways.len()).await);

    let mut rows = Vec::new();
    for (number, way) in ways.into_iter().enumerate() {
        rows.push((way, row(&server, number).await));
    }
    let (_, first) = rows.remove(0);
    let differences: Map<String, Value> = rows
        .iter()
        .map(|(way, row)| ((*way).to_owned(), difference(&first, row)))
        .collect();
    check_golden(&json!({"row": first, "differences": differences}));
}

/// Sends the span in all ways that are one post.
async fn posted(server: &Server) -> Vec<&'static str> {
    let (otlp, zipkin) = (&server.otlp_http, &server.zipkin);
    let to_otlp = format!("{otlp}/v1/traces");
    let (to_v1, to_v2) = (
        format!("{zipkin}/api/v1/spans"),
        format!("{zipkin}/api/v2/spans"),
    );
    let to_jaeger = format!("{}/api/traces", server.jaeger_http);
    let to_mtrace = format!("{}/api/v1/spans", server.api);
    let request = |number| -> ExportTraceServiceRequest {
        serde_json::from_value(forms::otlp(&trace_id(number))).unwrap()
    };
    let bytes = |value: Value| serde_json::to_vec(&value).unwrap();
    let v1 = |number| forms::zipkin_v1(&trace_id(number));
    let v2 = |number| forms::zipkin_v2(&trace_id(number));
    let posts = [
        (
            "OTLP, protobuf",
            &to_otlp,
            PROTOBUF,
            request(0).encode_to_vec(),
        ),
        (
            "OTLP, JSON",
            &to_otlp,
            JSON,
            bytes(forms::otlp(&trace_id(1))),
        ),
        ("Zipkin v2, JSON", &to_v2, JSON, bytes(json!([v2(2)]))),
        (
            "Zipkin v2, protobuf",
            &to_v2,
            PROTOBUF,
            zipkin_bodies::protobuf_list(&[v2(3)]),
        ),
        ("Zipkin v1, JSON", &to_v1, JSON, bytes(json!([v1(4)]))),
        (
            "Zipkin v1, Thrift",
            &to_v1,
            THRIFT,
            zipkin_bodies::thrift_list_of_v1(&[v1(5)]),
        ),
        (
            "Jaeger, Thrift over HTTP",
            &to_jaeger,
            THRIFT,
            jaeger_bodies::thrift_batch(&forms::jaeger(&trace_id(6))),
        ),
        (
            "MTrace, JSON",
            &to_mtrace,
            JSON,
            bytes(json!([forms::mtrace(&trace_id(7))])),
        ),
    ];
    let mut ways = Vec::new();
    for (way, url, content_type, body) in posts {
        let answer = senders::post(url, content_type, body).await;
        assert!(
            answer.status.is_success(),
            "{way}: {}: {}",
            answer.status,
            answer.text()
        );
        ways.push(way);
    }
    ways
}

/// Sends the span in all ways that are a gRPC call; the first is that of the number.
async fn called(server: &Server, number: usize) -> Vec<&'static str> {
    let batch = forms::jaeger(&trace_id(number));
    let calls = [
        (
            "Jaeger, protobuf over gRPC",
            &server.jaeger_grpc,
            "/jaeger.api_v2.CollectorService/PostSpans",
            jaeger_bodies::post_spans(&batch),
        ),
        (
            "SkyWalking, protobuf over gRPC",
            &server.skywalking_grpc,
            "/skywalking.v3.TraceSegmentReportService/collect",
            segment::segment(&trace_id(number + 1)),
        ),
    ];
    let mut ways = Vec::new();
    for (way, url, method, message) in calls {
        senders::call(url, method, message).await;
        ways.push(way);
    }
    ways
}

/// Sends the span in all ways that are a datagram; the first is that of the number.
async fn told(server: &Server, number: usize) -> Vec<&'static str> {
    let datagrams = [
        (
            "Jaeger, Thrift compact over UDP",
            &server.jaeger_udp_compact,
            Protocol::Compact,
        ),
        (
            "Jaeger, Thrift binary over UDP",
            &server.jaeger_udp_binary,
            Protocol::Binary,
        ),
    ];
    let mut ways = Vec::new();
    for (number, (way, address, protocol)) in (number..).zip(datagrams) {
        let batch = forms::jaeger(&trace_id(number));
        senders::datagram(address, &jaeger_bodies::emit_batch(&batch, protocol)).await;
        ways.push(way);
    }
    ways
}

/// The row of a trace's one span, without the trace's id and the place in its tree; attributes by
/// key.
async fn row(server: &Server, number: usize) -> Map<String, Value> {
    let path = format!("/api/v1/traces/{}", trace_id(number));
    let answer = eventually("the span is there", async || {
        let answer = server.get(&path).await;
        (answer.status == 200).then_some(answer)
    });
    let trace = answer.await.json();
    assert_eq!(trace["spanCount"], 1, "{trace:#}");
    let spans = trace["spans"].as_array().unwrap();
    let span = spans
        .iter()
        .find(|span| span["name"] == forms::NAME)
        .unwrap();
    let mut row = span.as_object().unwrap().clone();
    for place in ["callPath", "depth", "marks"] {
        row.remove(place);
    }
    for (owner, owners) in [("resource", "resources"), ("scope", "scopes")] {
        let position = usize::try_from(row[owner].as_u64().unwrap()).unwrap();
        row[owner] = trace[owners][position].clone();
    }
    sort(&mut row["attributes"]);
    row
}

fn sort(attributes: &mut Value) {
    let entries = attributes.as_array_mut().unwrap();
    entries.sort_by_key(|entry| entry["key"].as_str().unwrap().to_owned());
}

/// The fields of `other` that are not as in `row`.
fn difference(row: &Map<String, Value>, other: &Map<String, Value>) -> Value {
    let names = row.keys().chain(other.keys());
    names
        .filter(|name| row.get(*name) != other.get(*name))
        .map(|name| (name.clone(), other.get(name).cloned().unwrap_or_default()))
        .collect()
}

fn check_golden(found: &Value) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/foreign/golden/same_row.json"
    );
    let text = serde_json::to_string_pretty(found).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        text, golden,
        "{path} is not what is stored: run the test with UPDATE_GOLDEN=1"
    );
}
