//! Starting, being healthy, stopping, and starting again.

use std::fs;

use serde_json::json;

use crate::batches::{Reply, Sender, batch, hex, trace_id};
use crate::ledger::{Ledger, SPANS};
use crate::server::Launch;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_server_is_alive_ready_and_counts() {
    let directory = tempfile::tempdir().unwrap();
    // The directory need not exist.
    let server = Launch::in_directory(directory.path().join("a/b"))
        .start()
        .await;
    let ports = [&server.otlp_grpc, &server.otlp_http, &server.api]
        .map(|url| url.rsplit(':').next().unwrap());
    assert!(
        ports.iter().all(|port| port.parse::<u16>().unwrap() > 0),
        "{ports:?}"
    );

    assert_eq!(server.json("/healthz").await, json!({"status": "ok"}));
    assert_eq!(server.json("/readyz").await, json!({"status": "ready"}));
    assert_eq!(
        server.json("/api/v1/services").await,
        json!({"services": []})
    );

    let mut senders = [Sender::grpc(&server), Sender::http(&server)];
    for (number, sender) in senders.iter_mut().enumerate() {
        assert_eq!(sender.send(batch(1, number as u64, 5)).await, Reply::Acked);
    }
    let metrics = server.get("/metrics").await;
    assert!(
        metrics
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    for (name, value) in [
        ("spanhouse_ready", 1.0),
        ("spanhouse_receiver_accepted_spans_total", 10.0),
        ("spanhouse_receiver_requests_total", 2.0),
        ("spanhouse_memory_spans", 10.0),
        ("spanhouse_wal_appended_records_total", 2.0),
        ("spanhouse_table_spans", 0.0),
    ] {
        assert_eq!(server.metric(name).await, value, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_flushes_and_the_spans_are_there_again() {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch::in_directory(directory.path()).set("flush-age", "1h");
    let server = launch.start().await;
    let ledger = Ledger::new(1);
    let mut sender = Sender::http(&server);
    for _ in 0..20 {
        assert_eq!(ledger.send(&mut sender).await, Reply::Acked);
    }
    let id = hex(&trace_id(1, 5));
    let forms = ["", "?format=otlp"].map(|form| format!("/api/v1/traces/{id}{form}"));
    let paths = [
        &forms[0],
        &forms[1],
        &format!("/api/traces/{id}"),
        "/api/services",
        "/api/v1/services",
    ];
    let mut before = Vec::new();
    for path in paths {
        before.push(server.get(path).await.body);
    }
    // The sender keeps its connection open, which must not keep the server up.
    let ended = server.terminate().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert!(ended.log.contains("flushed"), "{}", ended.log);
    let days = fs::read_dir(directory.path().join("spans")).unwrap();
    let days = days.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with("date=")
    });
    assert_eq!(days.count(), 2);

    let server = launch.start().await;
    assert_eq!(server.metric("spanhouse_memory_spans").await, 0.0);
    assert_eq!(
        server.metric("spanhouse_table_spans").await,
        20.0 * SPANS as f64
    );
    for (path, before) in paths.into_iter().zip(before) {
        assert_eq!(
            server.get(path).await.body,
            before,
            "{path} differs between memory and table"
        );
    }
    ledger.check(&server, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_has_one_server() {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch::in_directory(directory.path());
    let server = launch.start().await;
    let second = launch.refused().await;
    assert_eq!(second.status.code(), Some(1), "{}", second.log);
    assert!(
        second.log.contains("in use by another process"),
        "{}",
        second.log
    );
    assert_eq!(server.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path().join("first"))
        .start()
        .await;
    let taken = server.api.strip_prefix("http://").unwrap();
    let second = Launch::in_directory(directory.path().join("second")).set("otlp-http", taken);
    let refused = second.refused().await;
    assert_eq!(refused.status.code(), Some(1), "{}", refused.log);
    assert!(
        refused
            .log
            .contains(&format!("cannot listen at otlp_http = {taken}")),
        "{}",
        refused.log
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_of_a_replay_answer_as_before_the_kill() {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch::in_directory(directory.path()).set("log-format", "json");
    let server = launch.start().await;
    let mut sender = Sender::grpc(&server);
    assert_eq!(sender.send(batch(1, 1, 50)).await, Reply::Acked);
    let path = format!("/api/v1/traces/{}", hex(&trace_id(1, 1)));
    let before = server.get(&path).await;
    assert_eq!(before.status, 200);
    server.kill();
    let server = launch.start().await;
    assert_eq!(server.get(&path).await.body, before.body);
    let log = server.log();
    let lines = log.lines().filter(|line| line.starts_with('{'));
    let logged: Vec<serde_json::Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        logged
            .iter()
            .any(|line| line.to_string().contains("replayed")),
        "{log}"
    );
}
