//! Alerts: spans in, notifications out, over a restart.

mod alertmanager;
mod api;
mod traffic;
mod webhook;

use std::path::Path;

use serde_json::{Value, json};

use crate::server::{Launch, Server, eventually};
use alertmanager::Alertmanager;
use traffic::send_errors;
use webhook::Webhook;

/// A server that looks at its rules each second, at the windows that ended a second ago.
fn launch(directory: &Path, tables: &str) -> Launch {
    let config = directory.join("spanhouse.toml");
    std::fs::write(&config, tables).unwrap();
    Launch::in_directory(directory.join("data"))
        .set("config", config.to_str().unwrap())
        .set("alert-interval", "1s")
        .set("alert-lag", "1s")
}

/// Half of the calls of `payment` fail for ten seconds at least.
const FAILS: &str = r#"
[[alert]]
name = "payment fails"
severity = "critical"
service = "payment"
metric = "error_rate"
window = "10s"
threshold = ">= 50%"
for = "10s"
"#;

/// The alert of a rule, when it is in a state.
async fn alert_in(server: &Server, rule: &str, state: &str) -> Option<Value> {
    let answer = server.json("/api/v1/alerts").await;
    let alerts = answer["alerts"].as_array().unwrap();
    let found = alerts
        .iter()
        .find(|alert| alert["rule"] == rule && alert["state"] == state);
    found.cloned()
}

async fn waited(server: &Server, rule: &str, state: &str) -> Value {
    eventually(&format!("{rule} is {state}"), async || {
        alert_in(server, rule, state).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_reach_a_webhook_and_alertmanager_over_a_restart_and_are_resolved() {
    let directory = tempfile::tempdir().unwrap();
    let webhook = Webhook::refusing(2).await;
    let alertmanager = Alertmanager::start(directory.path()).await;
    let mut tables = FAILS.to_owned();
    tables += &receiver("hook", "webhook", &webhook.url);
    if let Some(alertmanager) = &alertmanager {
        tables += &receiver("alertmanager", "alertmanager", &alertmanager.url);
    }
    let launch = launch(directory.path(), &tables);
    let server = launch.start().await;
    send_errors(&server, -20..25).await;

    let pending = waited(&server, "payment fails", "pending").await;
    assert_eq!(pending["value"], 0.5);
    assert_eq!(pending["startsAt"], Value::Null);
    let firing = waited(&server, "payment fails", "firing").await;
    assert_eq!(firing["overSince"], pending["overSince"]);
    assert_eq!(firing["labels"]["service"], "payment");

    // Twice it was refused, and came again.
    let told = webhook.next().await;
    assert_eq!(told["status"], "firing");
    assert_eq!(told["alerts"][0]["startsAt"], firing["startsAt"]);
    if let Some(alertmanager) = &alertmanager {
        let labels = alertmanager.firing("payment fails").await;
        assert_eq!(labels["severity"], "critical");
        assert_eq!(labels["service"], "payment");
    }
    eventually("what was told is written down", async || {
        let state = std::fs::read_to_string(directory.path().join("data/alerts/state.json"));
        state.unwrap().contains("\"hook\"").then_some(())
    })
    .await;
    assert_eq!(server.metric("spanhouse_alerts").await, 1.0);
    server.kill();

    let server = launch.start().await;
    let after = alert_in(&server, "payment fails", "firing").await;
    assert_eq!(after.unwrap()["startsAt"], firing["startsAt"]);

    waited(&server, "payment fails", "resolved").await;
    // The firing alert is not told again: the next message is its end.
    let told = webhook.next().await;
    assert_eq!(told["status"], "resolved");
    assert_eq!(told["alerts"][0]["fingerprint"], firing["fingerprint"]);
    if let Some(alertmanager) = &alertmanager {
        alertmanager.resolved("payment fails").await;
    }
    assert_eq!(server.terminate().await.status.code(), Some(0));
}

fn receiver(name: &str, kind: &str, url: &str) -> String {
    format!("[[receiver]]\nname = \"{name}\"\ntype = \"{kind}\"\nurl = \"{url}\"\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn breakers_are_pushed_and_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let webhook = Webhook::refusing(0).await;
    let rule = r#"
[[alert]]
name = "edge fails"
scope = "edge"
callee = "payment"
metric = "error_rate"
window = "10s"
threshold = ">= 50%"
"#;
    let tables = format!("{rule}{}", receiver("governance", "breakers", &webhook.url));
    let server = launch(directory.path(), &tables).start().await;
    let closed = server.json("/api/v1/breakers").await;
    assert_eq!(closed["breakers"], json!([]));
    let version = closed["version"].as_str().unwrap();
    let path = format!("/api/v1/breakers?wait=30s&after={version}");
    let (open, ()) = tokio::join!(server.json(&path), send_errors(&server, -20..15));
    let breaker = &open["breakers"][0];
    assert_eq!(breaker["state"], "open");
    assert_eq!(breaker["advice"], "open_circuit");
    assert_eq!(
        (
            &breaker["caller"],
            &breaker["callee"],
            &breaker["connection"]
        ),
        (&json!("web"), &json!("payment"), &json!("rpc"))
    );
    let pushed = webhook.next().await;
    assert_eq!(pushed["version"], open["version"]);
    assert_eq!(webhook.next().await["breakers"][0]["state"], "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tables_are_refused_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let wrong = "[[alert]]\nname = \"a\"\nmetric = \"qps\"\ntreshold = \"> 1\"\n";
    let ended = launch(directory.path(), wrong).refused().await;
    assert_eq!(ended.status.code(), Some(2));
    let expected = "spanhouse.toml:4: [[alert]] has no key `treshold`; did you mean `threshold`?";
    assert!(ended.log.contains(expected), "{}", ended.log);
}
