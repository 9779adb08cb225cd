use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::*;
use crate::fixtures::{FakeFigures, NOON, after_noon, rule};
use crate::{AlertSettings, Components};

/// The API over a shop in which calls of `payment` fail for 30 s from noon on.
struct Api {
    alerting: Alerting,
    _directory: TempDir,
}

impl Api {
    fn new() -> Self {
        let figures = FakeFigures::default();
        for second in [0, 10, 20, 30, 40] {
            let errors = if second < 30 { 5 } else { 0 };
            figures.add("payment", after_noon(second), 10, errors);
            figures.add_edge("payment", after_noon(second), 10, errors);
        }
        let directory = TempDir::new().expect("a directory");
        let rules = [
            json!({"name": "fails", "metric": "error_rate", "threshold": "> 40%", "window": "10s", "for": "10s"}),
            json!({"name": "edge fails", "scope": "edge", "metric": "error_rate", "threshold": "> 40%", "window": "10s", "for": "10s"}),
        ];
        let settings = AlertSettings {
            directory: directory.path().to_owned(),
            interval: Duration::from_secs(10),
            lag: Duration::ZERO,
            rules: rules.map(rule).into(),
            receivers: Vec::new(),
        };
        let components = Components {
            figures: Arc::new(figures),
            clock: || after_noon(60),
            client: || unreachable!("nobody is told"),
            mac: |_, _| [0; 32],
            stop: CancellationToken::new(),
        };
        Self {
            alerting: Alerting::open(settings, components).expect("an empty directory"),
            _directory: directory,
        }
    }

    async fn evaluate(&self, second: i64) {
        self.alerting.evaluate(after_noon(second)).await;
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        let request = Request::builder().method(method).uri(path).body(body);
        let response = self
            .alerting
            .router()
            .oneshot(request.expect("a request"))
            .await;
        let response = response.expect("routers answer");
        let status = response.status();
        let body = response.into_body().collect().await.expect("in memory");
        let body = body.to_bytes();
        let is_empty = body.is_empty();
        let json = serde_json::from_slice(&body);
        (
            status,
            if is_empty {
                Value::Null
            } else {
                json.expect("JSON")
            },
        )
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// Asks, and checks how the request fails.
    async fn fails(&self, ask: (&str, &str), body: Value, expect: (u16, &str)) {
        let body = Some(body).filter(|body| !body.is_null());
        let (status, body) = self.ask(ask.0, ask.1, body).await;
        let error = &body["error"];
        let code = error["code"].as_str().unwrap_or_default();
        assert_eq!((status.as_u16(), code), expect, "{body}");
        assert!(!error["hint"].as_str().unwrap_or_default().is_empty());
    }
}

#[tokio::test]
async fn alerts_are_listed_by_state_and_rule() {
    let api = Api::new();
    api.evaluate(10).await;
    let count = async |query: &str| {
        let answer = api.get(&format!("/api/v1/alerts{query}")).await;
        answer["alerts"].as_array().expect("alerts").len()
    };
    assert_eq!(count("").await, 2);
    assert_eq!(count("?state=pending").await, 2);
    assert_eq!(count("?state=firing").await, 0);
    api.evaluate(20).await;
    assert_eq!(count("?state=firing,resolved").await, 2);
    assert_eq!(count("?rule=fails").await, 1);
    let (status, body) = api.ask("GET", "/api/v1/alerts?state=loud", None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["error"]["code"], "malformed_parameter");
    insta::assert_json_snapshot!(api.get("/api/v1/alerts?rule=fails").await);
}

#[tokio::test]
async fn rules_are_made_changed_and_deleted() {
    let api = Api::new();
    let slow =
        |threshold: &str| json!({"name": "is slow", "metric": "p99", "threshold": threshold});
    let (status, body) = api
        .ask("POST", "/api/v1/alert-rules", Some(slow("> 1s")))
        .await;
    assert_eq!(
        (status, &body["source"]),
        (StatusCode::CREATED, &json!("api"))
    );
    let path = "/api/v1/alert-rules/is%20slow";
    let (status, body) = api.ask("PUT", path, Some(slow("> 2s"))).await;
    assert_eq!(
        (status, &body["rule"]["threshold"]),
        (StatusCode::OK, &json!("> 2s"))
    );
    assert_eq!(api.get(path).await["state"], "inactive");
    let names = api.get("/api/v1/alert-rules").await;
    assert_eq!(names["rules"].as_array().expect("rules").len(), 3);
    assert_eq!(
        api.ask("DELETE", path, None).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(api.ask("GET", path, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn failures_say_what_is_wrong_and_what_to_do() {
    let api = Api::new();
    let rules = "/api/v1/alert-rules";
    api.fails(("POST", rules), json!([]), (400, "malformed_body"))
        .await;
    api.fails(
        ("POST", rules),
        json!({"name": "x", "colour": 1}),
        (400, "malformed_body"),
    )
    .await;
    api.fails(("POST", rules), json!({"name": "x"}), (422, "invalid"))
        .await;
    let fails = json!({"name": "fails", "metric": "calls", "threshold": "> 1"});
    api.fails(("POST", rules), fails.clone(), (409, "name_taken"))
        .await;
    api.fails(
        ("PUT", "/api/v1/alert-rules/fails"),
        fails.clone(),
        (409, "rule_in_file"),
    )
    .await;
    api.fails(
        ("PUT", "/api/v1/alert-rules/other"),
        fails.clone(),
        (400, "malformed_body"),
    )
    .await;
    api.fails(
        ("DELETE", "/api/v1/alert-rules/fails"),
        Value::Null,
        (409, "rule_in_file"),
    )
    .await;
    api.fails(
        ("DELETE", "/api/v1/alert-rules/none"),
        Value::Null,
        (404, "not_found"),
    )
    .await;
    api.fails(("PATCH", rules), Value::Null, (405, "method_not_allowed"))
        .await;
    let too_long = json!({"rule": fails, "from": "now-30d"});
    api.fails(
        ("POST", "/api/v1/alert-rules/backtest"),
        too_long,
        (422, "too_large"),
    )
    .await;
}

#[tokio::test]
async fn wrong_silences_and_waits_say_what_is_wrong() {
    let api = Api::new();
    let silence = |matchers: Value, until: &str| json!({"matchers": matchers, "until": until});
    let silences = "/api/v1/silences";
    api.fails(
        ("POST", silences),
        silence(json!({}), "now+1h"),
        (422, "invalid"),
    )
    .await;
    api.fails(
        ("POST", silences),
        silence(json!({"a": "b"}), "now-1h"),
        (422, "invalid"),
    )
    .await;
    api.fails(
        ("POST", silences),
        silence(json!({"a": "b"}), "later"),
        (400, "malformed_body"),
    )
    .await;
    api.fails(
        ("DELETE", "/api/v1/silences/1"),
        Value::Null,
        (404, "not_found"),
    )
    .await;
    api.fails(
        ("GET", "/api/v1/breakers?wait=2h"),
        Value::Null,
        (400, "malformed_parameter"),
    )
    .await;
}

#[tokio::test]
async fn silences_are_made_and_ended() {
    let api = Api::new();
    api.evaluate(10).await;
    api.evaluate(20).await;
    let silence = json!({"matchers": {"alertname": "fail*"}, "until": "now+1h", "comment": "it moves", "createdBy": "ana"});
    let (status, made) = api.ask("POST", "/api/v1/silences", Some(silence)).await;
    assert_eq!(
        (status, &made["state"]),
        (StatusCode::CREATED, &json!("active"))
    );
    let state = async || api.get("/api/v1/alerts?rule=fails").await["alerts"][0]["state"].clone();
    assert_eq!(state().await, "silenced");
    let all = api.get("/api/v1/silences").await;
    assert_eq!(all["silences"], json!([made]));
    let path = format!("/api/v1/silences/{}", made["id"].as_str().expect("an id"));
    assert_eq!(
        api.ask("DELETE", &path, None).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(state().await, "firing");
}

#[tokio::test]
async fn a_back_test_tells_when_a_rule_would_have_fired() {
    let api = Api::new();
    let body = json!({
        "rule": {"name": "try", "metric": "error_rate", "threshold": "> 40%", "window": "10s", "for": "10s"},
        "from": NOON.0 / 1_000_000_000, "to": "now",
    });
    let (status, _) = api
        .ask("POST", "/api/v1/alert-rules/backtest", Some(body.clone()))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "an instant is a text");
    let mut body = body;
    body["from"] = json!((NOON.0 / 1_000_000_000).to_string());
    let (status, answer) = api
        .ask("POST", "/api/v1/alert-rules/backtest", Some(body))
        .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    insta::assert_json_snapshot!(answer);
}

#[tokio::test]
async fn breakers_tell_how_long_an_edge_is_over_its_threshold() {
    let api = Api::new();
    let closed = api.get("/api/v1/breakers").await;
    assert_eq!(closed["breakers"], json!([]));
    api.evaluate(10).await;
    let over = api.get("/api/v1/breakers").await;
    assert_eq!(over["breakers"][0]["state"], "over");
    api.evaluate(20).await;
    let open = api.get("/api/v1/breakers").await;
    assert_ne!(open["version"], over["version"]);
    insta::assert_json_snapshot!(open);
    // The same breakers are not sent again.
    let tag = format!("\"{}\"", open["version"].as_str().expect("a version"));
    let request = Request::get("/api/v1/breakers").header(header::IF_NONE_MATCH, tag);
    let request = request.body(Body::empty()).expect("a request");
    let response = api
        .alerting
        .router()
        .oneshot(request)
        .await
        .expect("routers answer");
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    api.evaluate(30).await;
    api.evaluate(40).await;
    assert_eq!(
        api.get("/api/v1/breakers").await["breakers"][0]["state"],
        "closed"
    );
}

#[tokio::test]
async fn whoever_waits_is_told_when_a_breaker_changes() {
    let api = Api::new();
    let version = api.get("/api/v1/breakers").await["version"].clone();
    let version = version.as_str().expect("a version");
    let path = format!("/api/v1/breakers?wait=60s&after={version}");
    let (changed, ()) = tokio::join!(api.get(&path), api.evaluate(10));
    assert_eq!(changed["breakers"][0]["state"], "over");
    assert_ne!(changed["version"], version);
    // What has changed already is not waited for.
    assert_eq!(api.get(&path).await["version"], changed["version"]);
    // A server that stops lets nobody wait.
    api.alerting.stop().cancel();
    let version = changed["version"].as_str().expect("a version");
    let path = format!("/api/v1/breakers?wait=60s&after={version}");
    assert_eq!(api.get(&path).await["version"], version);
}
