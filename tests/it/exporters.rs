//! Stock exporters against the real binary: whatever a client sends, every field of it comes back,
//! from memory and from the table alike.

mod jaeger_form;
mod rust_sdk;
mod sent;

use serde_json::{Value, json};

use crate::clients;
use crate::server::{Answer, Launch, Server};

/// A way to ask for a trace.
struct Form {
    path: fn(&str) -> String,
    accept: &'static str,
    check: fn(&Answer, &[Value]),
}

const FORMS: [Form; 4] = [
    Form {
        path: |id| format!("/api/v1/traces/{id}?format=otlp"),
        accept: "application/json",
        check: |answer, sent| {
            sent::assert_equal("OTLP JSON", sent::of_otlp_json(&answer.json()), sent);
        },
    },
    Form {
        path: |id| format!("/api/v1/traces/{id}"),
        accept: "application/x-protobuf",
        check: |answer, sent| {
            sent::assert_equal("OTLP protobuf", sent::of_otlp_protobuf(&answer.body), sent);
        },
    },
    Form {
        path: |id| format!("/api/v1/traces/{id}"),
        accept: "",
        check: |answer, sent| {
            let trace = answer.json();
            sent::assert_equal("native JSON", sent::of_native_json(&trace), sent);
            check_tree(&trace, sent);
        },
    },
    Form {
        path: |id| format!("/api/traces/{id}"),
        accept: "",
        check: |answer, sent| jaeger_form::check(&answer.json(), sent),
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn python_over_grpc() {
    check(async |server| clients::python("export.py", &["grpc", &server.otlp_grpc]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_over_http_in_protobuf_with_gzip() {
    check(async |server| clients::python("export.py", &["http", &server.otlp_http]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_over_grpc_with_gzip() {
    check(async |server| clients::node("export.mjs", &["grpc", &server.otlp_grpc]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_over_http_in_json() {
    check(async |server| clients::node("export.mjs", &["http", &server.otlp_http]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rust_over_grpc() {
    check(async |server| rust_sdk::export(&server.otlp_grpc).await).await;
}

/// Lets a client send its trace, and compares all answers about it with what it says it sent.
async fn check(export: impl AsyncFn(&Server) -> Value) {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch::in_directory(directory.path()).set("flush-age", "1h");
    let server = launch.start().await;
    let sent = sent::normalized(export(&server).await);
    assert!(sent.len() >= 5, "{sent:?}");
    let id = sent[0]["traceId"].as_str().unwrap().to_owned();

    assert_eq!(
        server.metric("spanhouse_memory_spans").await,
        sent.len() as f64
    );
    let from_memory = answers(&server, &id, &sent).await;
    assert!(server.terminate().await.status.success());
    let server = launch.start().await;
    assert_eq!(
        server.metric("spanhouse_table_spans").await,
        sent.len() as f64
    );
    let from_table = answers(&server, &id, &sent).await;
    for ((form, memory), table) in FORMS.iter().zip(from_memory).zip(from_table) {
        assert_eq!(
            memory.body,
            table.body,
            "{}: memory and table differ",
            (form.path)(&id)
        );
    }
    check_services(&server, &sent).await;
}

/// Asks for the trace in every form, and checks each answer.
async fn answers(server: &Server, id: &str, sent: &[Value]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for form in &FORMS {
        let path = (form.path)(id);
        let answer = server.try_get(&path, form.accept).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        (form.check)(&answer, sent);
        let again = server
            .try_get(&path.replace(id, &id.to_uppercase()), form.accept)
            .await
            .unwrap();
        assert_eq!(again.body, answer.body, "asked again in upper case");
        answers.push(answer);
    }
    answers
}

/// The tree: a placeholder of the parent, which was in another process, below it the span that
/// was sent, and its children in start order.
fn check_tree(trace: &Value, sent: &[Value]) {
    assert_eq!(trace["spanCount"], sent.len());
    assert_eq!(trace["errorCount"], 1);
    assert_eq!(trace["roots"], json!(["0"]));
    assert_eq!(
        (&trace["depth"], &trace["missingCount"]),
        (&json!(2), &json!(1))
    );
    let [placeholder, top, children @ ..] = trace["spans"].as_array().unwrap().as_slice() else {
        panic!("two spans at least: {trace}");
    };
    let place = |span: &Value| (span["callPath"].clone(), span["marks"].clone());
    assert_eq!(place(placeholder), (json!("0"), json!(["missing"])));
    assert_eq!(place(top), (json!("0.1"), json!(["orphan"])));
    assert_eq!(top["parentSpanId"], placeholder["spanId"]);
    let order = |span: &Value| {
        (
            span["startTimeUnixNano"].as_str().unwrap().to_owned(),
            span["spanId"].as_str().unwrap().to_owned(),
        )
    };
    assert!(children.is_sorted_by_key(order), "{trace}");
    for (number, child) in (1..).zip(children) {
        assert_eq!(child["callPath"], format!("0.1.{number}"));
        assert_eq!((&child["depth"], &child["marks"]), (&json!(2), &json!([])));
        assert_eq!(child["parentSpanId"], top["spanId"]);
    }
}

/// The trace can be found by what its root has: service, operation, and typed attributes.
async fn check_services(server: &Server, sent: &[Value]) {
    let root = sent
        .iter()
        .find(|span| span["status"]["code"] == 2)
        .unwrap();
    let attributes = root["resource"]["attributes"].as_array().unwrap();
    let service = attributes
        .iter()
        .find(|entry| entry[0] == "service.name")
        .unwrap();
    let service = service[1]["stringValue"].as_str().unwrap();
    assert_eq!(server.json("/api/services").await["data"], json!([service]));
    let operations = server
        .json(&format!("/api/v1/services/{service}/operations"))
        .await;
    let operations = operations["operations"].as_array().unwrap();
    assert!(
        operations.contains(&json!({"name": "POST /orders", "kind": "server"})),
        "{operations:?}"
    );

    let start: u64 = root["startTimeUnixNano"].as_str().unwrap().parse().unwrap();
    let around = format!("start={}&end={}", start / 1_000 - 1, start / 1_000 + 1);
    let tags = json!({"http.response.status_code": "503", "user.id": "u-1", "pi": "3.141592653589793", "yes": "true"});
    for condition in [
        "operation=POST%20%2Forders".to_owned(),
        format!("tags={tags}"),
        "tag=event:exception".to_owned(),
    ] {
        let found = server
            .json(&format!(
                "/api/traces?service={service}&{around}&{condition}"
            ))
            .await;
        let traces = found["data"].as_array().unwrap();
        assert_eq!(traces.len(), 1, "{condition}");
        assert_eq!(traces[0]["spans"].as_array().unwrap().len(), sent.len());
    }
    let other = server
        .json(&format!(
            "/api/traces?service={service}&{around}&tag=user.id:u-2"
        ))
        .await;
    assert_eq!(other["data"], json!([]));
}
