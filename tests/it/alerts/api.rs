//! The API of alerts over real figures.

use serde_json::{Value, json};

use super::launch;
use super::traffic::send_errors;
use crate::server::{Answer, Server};

/// Sends a body of JSON.
async fn send(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = reqwest::Client::new().request(method, format!("{}{path}", server.api));
    let response = request.body(body.to_string()).send().await;
    Answer::of(response.unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_tried_on_the_past_and_kept_over_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let launch = launch(directory.path(), "");
    let server = launch.start().await;
    send_errors(&server, -120..-60).await;
    let percentile = json!({"name": "slow", "service": "payment", "metric": "p99.9", "window": "20s", "threshold": "> 4ms", "for": "10s"});
    let edge = json!({"name": "edge", "scope": "edge", "metric": "p50", "window": "20s", "threshold": "> 4ms"});
    let errors =
        json!({"name": "errors", "metric": "error_rate", "window": "30s", "threshold": ">= 50%"});
    // Half of the calls fail, so half of them satisfy, though all are fast.
    let apdex = json!({"name": "apdex", "service": "payment", "metric": "apdex", "satisfied": "1s", "window": "20s", "threshold": "< 0.6"});
    let slow = json!({"name": "slow", "service": "payment", "slo": "90%", "slow": "1ms", "burn": [{"long": "30s", "short": "10s", "factor": 9.0}]});
    for rule in [&percentile, &edge, &errors, &apdex, &slow] {
        let body = json!({"rule": rule, "from": "now-5m"});
        let answer = send(&server, "POST", "/api/v1/alert-rules/backtest", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let found = &answer.json()["series"];
        let firing = found[0]["firingSeconds"].as_u64().unwrap();
        assert!((40..=100).contains(&firing), "{rule}: {found}");
    }

    let made = send(&server, "POST", "/api/v1/alert-rules", &percentile).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let silence = json!({"matchers": {"alertname": "slow"}, "until": "now+1h"});
    let made = send(&server, "POST", "/api/v1/silences", &silence).await;
    assert_eq!(made.status, 201, "{}", made.text());
    server.kill();
    let server = launch.start().await;
    let rule = server.json("/api/v1/alert-rules/slow").await;
    assert_eq!(
        (&rule["rule"], &rule["source"]),
        (&percentile, &json!("api"))
    );
    let silences = server.json("/api/v1/silences").await;
    assert_eq!(silences["silences"][0]["state"], "active");

    let wrong = send(
        &server,
        "POST",
        "/api/v1/alert-rules",
        &json!({"name": "x"}),
    )
    .await;
    assert_eq!(
        (wrong.status.as_u16(), &wrong.json()["error"]["code"]),
        (422, &json!("invalid"))
    );
    assert_eq!(
        send(&server, "PATCH", "/api/v1/alerts", &json!({}))
            .await
            .status,
        405
    );
}
