//! `spanhouse demo` against a real server.

use crate::server::{Launch, command};

#[tokio::test(flavor = "multi_thread")]
async fn demo_traffic_can_be_found() {
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path()).start().await;
    let mut demo = command();
    demo.args([
        "demo",
        "--endpoint",
        &server.otlp_grpc,
        "--duration",
        "3s",
        "--rate",
        "400",
        "--seed",
        "7",
    ]);
    let output = tokio::task::spawn_blocking(move || demo.output())
        .await
        .unwrap()
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}\n{stderr}");

    // Its last line counts: "N spans sent, 0 refused…".
    let last = stdout.lines().last().unwrap();
    let sent: f64 = last.split(' ').next().unwrap().parse().unwrap();
    assert!(sent > 100.0 && last.contains(" 0 refused"), "{last}");
    assert_eq!(server.metric("spanhouse_memory_spans").await, sent);

    let services = server.json("/api/services").await;
    let services = services["data"].as_array().unwrap();
    assert!(services.len() >= 10, "{services:?}");
    let mut spans = 0;
    for service in services {
        let service = service.as_str().unwrap();
        let url = format!("/api/traces?service={service}&limit=1000&lookback=1h");
        let found = server.json(&url).await;
        let traces = found["data"].as_array().unwrap();
        assert!(!traces.is_empty(), "no trace of {service}");
        spans = spans.max(
            traces
                .iter()
                .map(|trace| trace["spans"].as_array().unwrap().len())
                .max()
                .unwrap(),
        );
    }
    assert!(spans >= 10, "the largest trace has {spans} spans");

    // It suggests a trace, which is there.
    let id = stdout
        .split("spanhouse trace ")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    let trace = server.json(&format!("/api/v1/traces/{id}")).await;
    assert_eq!(trace["roots"], serde_json::json!(["0"]), "{trace}");
    assert!(
        trace["spans"]
            .as_array()
            .unwrap()
            .iter()
            .all(|span| span["marks"] == serde_json::json!([]))
    );
}
