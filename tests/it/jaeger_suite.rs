//! Jaeger's storage integration suite, over the real API.
//!
//! Steps and expectations are those of facts/jaeger-storage-suite.yaml beside the fixtures, which
//! `SPANHOUSE_FIXTURES` names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};

use crate::batches::{PROTOBUF, hex};
use crate::fixtures::{fixtures, read_json};
use crate::server::{Launch, Server};

/// The folder of the suite.
fn suite() -> Option<PathBuf> {
    Some(fixtures()?.join("jaeger/storage-integration"))
}

fn trace_fixture(suite: &Path, name: &str) -> Value {
    read_json(&suite.join("traces").join(format!("{name}.json")))
}

async fn write(server: &Server, fixture: &Value) {
    let answer = server
        .post("application/json", fixture.to_string())
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (200, "{}".to_owned())
    );
}

async fn write_protobuf(server: &Server, request: &ExportTraceServiceRequest) {
    let answer = server
        .post(PROTOBUF, request.encode_to_vec())
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.body.len()),
        (200, 0),
        "{}",
        answer.text()
    );
}

/// The (trace id, span id) of all spans in OTLP JSON; Jaeger writes ids of 64 bits in 16 digits.
fn otlp_ids(fixture: &Value) -> BTreeSet<(String, String)> {
    let list = |value: &Value, key: &str| value[key].as_array().unwrap().clone();
    let scopes = list(fixture, "resourceSpans")
        .into_iter()
        .flat_map(|resource| list(&resource, "scopeSpans"));
    let spans = scopes.flat_map(|scope| list(&scope, "spans"));
    let id = |span: &Value, key: &str| span[key].as_str().unwrap().to_owned();
    let trace_id = |span: &Value| {
        let whole = id(span, "traceId");
        whole
            .strip_prefix(&"0".repeat(16))
            .map_or(whole.clone(), str::to_owned)
    };
    spans
        .map(|span| (trace_id(&span), id(&span, "spanId")))
        .collect()
}

/// The same of a Jaeger answer.
fn jaeger_ids(answer: &Value) -> Vec<(String, String)> {
    let traces = answer["data"].as_array().unwrap();
    let spans = traces
        .iter()
        .flat_map(|trace| trace["spans"].as_array().unwrap());
    let text = |span: &Value, key: &str| span[key].as_str().unwrap().to_owned();
    spans
        .map(|span| (text(span, "traceID"), text(span, "spanID")))
        .collect()
}

fn assert_same_spans(what: &str, answer: &Value, expected: &BTreeSet<(String, String)>) {
    let found = jaeger_ids(answer);
    assert_eq!(found.len(), expected.len(), "{what}: {answer}");
    assert_eq!(
        &found.into_iter().collect::<BTreeSet<_>>(),
        expected,
        "{what}"
    );
}

/// Runs the check on spans in memory, then, after a restart has moved them, on the table.
async fn in_memory_and_table(fixtures: Vec<Value>, check: impl AsyncFn(&Server)) {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch::in_directory(directory.path()).set("flush-age", "1h");
    let server = launch.start().await;
    for fixture in &fixtures {
        write(&server, fixture).await;
    }
    check(&server).await;
    assert!(server.terminate().await.status.success());
    let server = launch.start().await;
    assert_eq!(server.metric("spanhouse_memory_spans").await, 0.0);
    check(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_operations_and_trace_of_the_example() {
    let Some(suite) = suite() else { return };
    let example = trace_fixture(&suite, "example_trace");
    let ids = otlp_ids(&example);
    in_memory_and_table(vec![example], async |server| {
        let services = server.json("/api/services").await;
        assert_eq!(
            services["data"],
            json!([
                "example-service-1",
                "example-service-2",
                "example-service-3"
            ])
        );
        let operations = server
            .json("/api/operations?service=example-service-1")
            .await;
        let expected = json!([
            {"name": "example-operation-1", "spanKind": ""},
            {"name": "example-operation-3", "spanKind": "server"},
            {"name": "example-operation-4", "spanKind": "client"},
        ]);
        assert_eq!(operations["data"], expected);
        for id in ["00000000000000000000000000000011", "0000000000000011"] {
            let trace = server.json(&format!("/api/traces/{id}")).await;
            assert_same_spans(id, &trace, &ids);
        }
        let unknown = server
            .get("/api/traces/00000000000000000000000000000099")
            .await;
        assert_eq!(unknown.status, 404);
        assert_eq!(
            unknown.json()["errors"],
            json!([{"code": 404, "msg": "trace not found"}])
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_search_finds_exactly_its_traces() {
    let Some(suite) = suite() else { return };
    let folder = std::fs::read_dir(suite.join("traces")).unwrap();
    let fixtures = folder
        .map(|entry| read_json(&entry.unwrap().path()))
        .collect();
    let queries = read_json(&suite.join("queries.json"));
    let queries = queries.as_array().unwrap();
    assert!(queries.len() > 10);
    in_memory_and_table(fixtures, async |server| {
        for query in queries {
            let names = query["ExpectedFixtures"].as_array().unwrap().iter();
            let expected =
                names.flat_map(|name| otlp_ids(&trace_fixture(&suite, name.as_str().unwrap())));
            let answer = search(server, &query["Query"]).await;
            assert_same_spans(&query["Caption"].to_string(), &answer, &expected.collect());
        }
    })
    .await;
}

async fn search(server: &Server, query: &Value) -> Value {
    let micros = |key: &str| unix_micros(query[key].as_str().unwrap()).to_string();
    let mut parameters = vec![
        ("service", query["ServiceName"].as_str().unwrap().to_owned()),
        ("start", micros("StartTimeMin")),
        ("end", micros("StartTimeMax")),
        ("limit", query["NumTraces"].to_string()),
    ];
    if query["OperationName"] != "" {
        parameters.push((
            "operation",
            query["OperationName"].as_str().unwrap().to_owned(),
        ));
    }
    if let Some(tags) = query["Tags"].as_object() {
        // Jaeger's clients give all values as text.
        let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        let tags: serde_json::Map<_, _> = tags
            .iter()
            .map(|(key, value)| (key.clone(), text(value).into()))
            .collect();
        parameters.push(("tags", Value::Object(tags).to_string()));
    }
    for (name, key) in [
        ("minDuration", "DurationMin"),
        ("maxDuration", "DurationMax"),
    ] {
        if query[key] != 0 {
            parameters.push((name, format!("{}ns", query[key])));
        }
    }
    let url = reqwest::Url::parse_with_params("http://x/api/traces", parameters).unwrap();
    server
        .json(&format!("/api/traces?{}", url.query().unwrap()))
        .await
}

/// Microseconds since 1970 of a time such as `2017-01-26T15:46:31.639875Z`, of January 2017 alone.
fn unix_micros(text: &str) -> u64 {
    let time = text
        .strip_prefix("2017-01-")
        .and_then(|rest| rest.strip_suffix('Z'))
        .unwrap();
    let (day, time) = time.split_once('T').unwrap();
    let parts: Vec<u64> = time
        .split([':', '.'])
        .map(|part| part.parse().unwrap())
        .collect();
    let first_of_january_2017 = 1_483_228_800;
    let seconds = first_of_january_2017 + (day.parse::<u64>().unwrap() - 1) * 86_400;
    (seconds + parts[0] * 3_600 + parts[1] * 60 + parts[2]) * 1_000_000 + parts[3]
}

/// Copies of the first span of the example, each a second later, as one trace.
fn copies(suite: &Path, count: u64, id_of: impl Fn(u64) -> u64) -> ExportTraceServiceRequest {
    let mut request: ExportTraceServiceRequest =
        serde_json::from_value(trace_fixture(suite, "example_trace")).unwrap();
    request.resource_spans.truncate(1);
    let spans = &mut request.resource_spans[0].scope_spans[0].spans;
    let first = spans[0].clone();
    let later = |index: u64| (index + 1) * 1_000_000_000;
    let copy = |index: u64| Span {
        span_id: id_of(index).to_be_bytes().to_vec(),
        start_time_unix_nano: first.start_time_unix_nano + later(index),
        end_time_unix_nano: first.end_time_unix_nano + later(index),
        ..first.clone()
    };
    *spans = (0..count).map(copy).collect();
    request
}

async fn check_copies(count: u64, id_of: impl Fn(u64) -> u64) {
    let Some(suite) = suite() else { return };
    let request = copies(&suite, count, &id_of);
    let trace_id = hex(&request.resource_spans[0].scope_spans[0].spans[0].trace_id);
    let mut expected: Vec<String> = (0..count)
        .map(|index| hex(&id_of(index).to_be_bytes()))
        .collect();
    expected.sort();
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path()).start().await;
    write_protobuf(&server, &request).await;
    let answer = server.json(&format!("/api/traces/{trace_id}")).await;
    let mut found: Vec<String> = jaeger_ids(&answer)
        .into_iter()
        .map(|(_, span)| span)
        .collect();
    found.sort();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_trace_comes_back_whole() {
    check_copies(10_008, |index| index + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_that_share_an_id_are_all_kept() {
    let is_repeated = |index: u64| index > 0 && index.is_multiple_of(20);
    check_copies(200, |index| if is_repeated(index) { 4 } else { index + 1 }).await;
}
