//! The demo's own truth and the server's answers.

use serde_json::Value;

use super::red::near;
use crate::server::{Launch, Server, command};

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_and_the_server_agree() {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch::in_directory(directory.path().join("data"))
        .set("flush-bytes", "1MiB")
        .set("max-request-bytes", "1MiB")
        .set("flush-age", "1s");
    let server = launch.start().await;
    let file = directory.path().join("truth.json");
    let mut demo = command();
    demo.args(["demo", "--endpoint", &server.otlp_grpc, "--duration", "4s"])
        .args(["--rate", "1500", "--seed", "11", "--truth"])
        .arg(&file);
    let output = tokio::task::spawn_blocking(move || demo.output());
    let output = output.await.unwrap().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");

    let truth: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(
        truth["spans"].as_u64().unwrap() > 1_000,
        "{}",
        truth["spans"]
    );
    assert_eq!(truth["uncertainSpans"], 0);
    check(&server, &truth).await;
    let ended = server.terminate().await;
    assert!(ended.status.success(), "{}", ended.log);
    check(&launch.start().await, &truth).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truth_that_cannot_be_written_is_told_before_anything_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path()).start().await;
    let mut demo = command();
    demo.args(["demo", "--endpoint", &server.otlp_grpc, "--truth"])
        .arg(directory.path().join("none/truth.json"));
    let output = tokio::task::spawn_blocking(move || demo.output());
    let output = output.await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("cannot make the file"), "{stderr}");
    assert_eq!(server.metric("spanhouse_memory_spans").await, 0.0);
}

async fn check(server: &Server, truth: &Value) {
    let second = |key: &str| {
        let nanos: i64 = truth[key].as_str().unwrap().parse().unwrap();
        nanos / 1_000_000_000
    };
    let (from, to) = (second("fromUnixNano"), second("toUnixNano") + 1);
    let red = format!(
        "/api/v1/red?by=service,operation,kind&kind=all&from={from}&to={to}&step=1h&percentiles=50,90,99,99.9"
    );
    check_operations(truth, &server.json(&red).await);
    let topology = format!("/api/v1/topology?from={from}&to={to}");
    check_edges(truth, &server.json(&topology).await);
}

fn check_operations(truth: &Value, answer: &Value) {
    assert_eq!(answer["total"]["count"], truth["spans"]);
    let series = answer["series"].as_array().unwrap();
    let operations = truth["operations"].as_array().unwrap();
    assert_eq!(series.len(), operations.len());
    for operation in operations {
        let is_it = |series: &&Value| {
            ["service", "operation", "kind"]
                .into_iter()
                .all(|key| series[key] == operation[key])
        };
        let found = series.iter().find(is_it).map(|series| &series["total"]);
        let found = found.unwrap_or_else(|| panic!("not there: {operation}"));
        for (key, exact) in [
            ("count", "count"),
            ("errors", "errors"),
            ("maxTimeNano", "maxNano"),
        ] {
            assert_eq!(found[key], operation[exact], "{operation}\n{found}");
        }
        let count = operation["count"].as_u64().unwrap() as f64;
        let sum = found["avgTimeNano"].as_f64().unwrap() * count;
        let exact = operation["sumNano"].as_u64().unwrap() as f64;
        assert!((sum - exact).abs() < 0.5, "{operation}\n{found}");
        for (percentile, exact) in operation["percentilesNano"].as_object().unwrap() {
            let found = found["percentilesNano"][percentile].as_i64().unwrap();
            let is_near = near(found, exact.as_i64().unwrap());
            assert!(is_near, "P{percentile} {found} of {operation}");
        }
    }
}

fn check_edges(truth: &Value, answer: &Value) {
    let node = |edge: &Value, end: &str| {
        let position = usize::try_from(edge[end].as_u64().unwrap()).unwrap();
        let node = &answer["nodes"][position];
        (node["name"].clone(), node["type"].clone())
    };
    let rest = |edge: &Value| ["connectionType", "calls", "errors"].map(|key| edge[key].clone());
    let found = answer["edges"].as_array().unwrap().iter();
    let found = found.map(|edge| (node(edge, "caller"), node(edge, "callee"), rest(edge)));
    let told = truth["edges"].as_array().unwrap().iter().map(|edge| {
        let node = |name: &str, r#type: &str| (edge[name].clone(), edge[r#type].clone());
        (
            node("caller", "callerType"),
            node("callee", "calleeType"),
            rest(edge),
        )
    });
    let mut found: Vec<String> = found.map(|edge| format!("{edge:?}")).collect();
    let mut told: Vec<String> = told.map(|edge| format!("{edge:?}")).collect();
    found.sort_unstable();
    told.sort_unstable();
    assert_eq!(found, told);
}
