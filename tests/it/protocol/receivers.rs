//! OTLP's duties of a server, on real sockets. Each is named in facts/otlp-musts.yaml.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use reqwest::{Client, Method};
use serde_json::json;

use crate::batches::{PROTOBUF, Reply, Sender, batch, hex, trace_id};
use crate::server::{Answer, Launch, Server};

const JSON: &str = "application/json";

async fn server(directory: &tempfile::TempDir) -> Server {
    Launch::in_directory(directory.path())
        .set("max-request-bytes", "128KiB")
        .start()
        .await
}

async fn span_count(server: &Server, number: u64) -> serde_json::Value {
    server
        .json(&format!("/api/v1/traces/{}", hex(&trace_id(1, number))))
        .await["spanCount"]
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_may_be_compressed_and_are_bounded_after_decompression_too() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&directory).await;
    let client = Client::new();
    let url = format!("{}/v1/traces", server.otlp_http);
    let post = async |encoding: &str, body: Vec<u8>| {
        let request = client
            .post(&url)
            .header("content-type", PROTOBUF)
            .header("content-encoding", encoding);
        Answer::of(request.body(body).send().await.unwrap())
            .await
            .unwrap()
    };
    let small = batch(1, 1, 10).encode_to_vec();
    assert_eq!(post("gzip", gzip(&small)).await.status, 200);
    assert_eq!(span_count(&server, 1).await, 10);
    let other = batch(1, 5, 10).encode_to_vec();
    assert_eq!(
        post("zstd", zstd::encode_all(other.as_slice(), 3).unwrap())
            .await
            .status,
        200
    );
    assert_eq!(span_count(&server, 5).await, 10);

    // A megabyte of one name repeated is small when compressed.
    let mut large = batch(1, 2, 1);
    large.resource_spans[0].scope_spans[0].spans[0].name = "x".repeat(1 << 20);
    let large = large.encode_to_vec();
    let compressed = gzip(&large);
    assert!(compressed.len() < 128 << 10);
    assert_eq!(post("gzip", compressed).await.status, 413);
    assert_eq!(post("identity", large).await.status, 413);
    assert_eq!(post("gzip", small).await.status, 400, "not gzip at all");
    assert_eq!(
        server
            .get(&format!("/api/v1/traces/{}", hex(&trace_id(1, 2))))
            .await
            .status,
        404
    );
}

/// Compresses with the `gzip` program, which is nobody's library here.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let output = std::process::Command::new("gzip")
        .arg("--stdout")
        .arg(file.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_of_the_requests_type_and_errors_are_a_status() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&directory).await;
    for (content_type, body, empty) in [(PROTOBUF, "", ""), (JSON, "{}", "{}")] {
        let answer = server.post(content_type, body).await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), answer.text().as_str()),
            (200, empty)
        );
        assert_eq!(answer.header("content-type"), content_type);

        let malformed = server.post(content_type, "\u{7f}{").await.unwrap();
        assert_eq!(malformed.status, 400, "{}", malformed.text());
        assert_eq!(malformed.header("content-type"), content_type);
        assert!(!malformed.body.is_empty());
    }
    let malformed = server.post(JSON, "{").await.unwrap().json();
    assert!(
        malformed["message"].as_str().unwrap().contains("JSON"),
        "{malformed}"
    );
    assert_eq!(server.post("text/plain", "{}").await.unwrap().status, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_spans_are_named_and_the_others_land() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&directory).await;
    let mut request = batch(1, 3, 5);
    let spans = &mut request.resource_spans[0].scope_spans[0].spans;
    spans[1].span_id = vec![0; 8];
    spans[2].end_time_unix_nano = spans[2].start_time_unix_nano - 1;
    let answer = server
        .post(PROTOBUF, request.encode_to_vec())
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    let answer = ExportTraceServiceResponse::decode(answer.body).unwrap();
    let partial = answer.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 2);
    for word in ["span_id", "end before"] {
        assert!(
            partial.error_message.contains(word),
            "{}",
            partial.error_message
        );
    }
    assert_eq!(span_count(&server, 3).await, 3);

    let answer = server
        .post(JSON, serde_json::to_string(&request).unwrap())
        .await
        .unwrap()
        .json();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], json!("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_refuses_what_is_too_large_for_good() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&directory).await;
    let reply = Sender::grpc(&server).send(batch(1, 4, 3_000)).await;
    assert!(
        matches!(&reply, Reply::Refused { code, .. } if code == "ResourceExhausted"),
        "{reply:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_may_export() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&directory).await;
    let preflight = Client::new()
        .request(Method::OPTIONS, format!("{}/v1/traces", server.otlp_http))
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "content-type,content-encoding",
        );
    let answer = Answer::of(preflight.send().await.unwrap()).await.unwrap();
    assert!(answer.status.is_success(), "{answer:?}");
    let origin = answer.header("access-control-allow-origin");
    assert!(["*", "https://shop.example"].contains(&origin), "{origin}");
    let allowed = answer.header("access-control-allow-headers").to_lowercase();
    assert!(
        allowed.contains("content-type") || allowed == "*",
        "{allowed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_json_forms_of_numbers_and_both_cases_of_ids_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&directory).await;
    let span = |span_id: &str, start: serde_json::Value, end: serde_json::Value| {
        json!({
            "traceId": "4BF92F3577B34DA6A3CE929D0E0E4736", "spanId": span_id, "name": "x",
            "startTimeUnixNano": start, "endTimeUnixNano": end, "unknownField": {"a": [1]},
            "attributes": [
                {"key": "text", "value": {"intValue": "9007199254740993"}},
                {"key": "number", "value": {"intValue": 42}},
            ],
        })
    };
    let start = 1_795_446_245_123_456_789_u64;
    let spans = json!([
        span("00F067AA0BA902B7", json!(start), json!(start + 5)),
        span(
            "00f067aa0ba902b8",
            json!(start.to_string()),
            json!((start + 5).to_string())
        ),
    ]);
    let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string();
    assert_eq!(server.post(JSON, body).await.unwrap().text(), "{}");
    let trace = server
        .json("/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736")
        .await;
    assert_eq!(trace["spanCount"], 2);
    for span in trace["spans"].as_array().unwrap() {
        assert_eq!(span["startTimeUnixNano"], start.to_string());
        assert_eq!(span["durationNano"], 5);
        let attributes = json!([
            {"key": "text", "value": {"intValue": "9007199254740993"}},
            {"key": "number", "value": {"intValue": "42"}},
        ]);
        assert_eq!(span["attributes"], attributes);
    }
}
