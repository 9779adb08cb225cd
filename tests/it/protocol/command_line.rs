//! The commands beside `serve`.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::batches::{Reply, Sender, batch, hex, trace_id};
use crate::server::{Launch, command};

/// What a command wrote and how it ended.
#[derive(Debug)]
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

fn run(command: &mut Command) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran {
        code: status.code().unwrap(),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

#[test]
fn check_config_shows_each_setting_and_where_it_came_from() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("spanhouse.toml"),
        "flush_age = '30s'\nhttp = 'file:1'\n",
    )
    .unwrap();
    let ran = run(command()
        .current_dir(directory.path())
        .env("SPANHOUSE_HTTP", "127.0.0.1:2")
        .args(["check-config", "--data-dir", "/from/flag"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let setting = |key: &str| {
        let line = ran
            .stdout
            .lines()
            .find(|line| line.starts_with(&format!("{key} =")))
            .unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        setting("data_dir"),
        r#"data_dir = "/from/flag" # flag --data-dir"#
    );
    assert_eq!(
        setting("http"),
        r#"http = "127.0.0.1:2" # environment variable SPANHOUSE_HTTP"#
    );
    assert!(setting("flush_age").starts_with(r#"flush_age = "30s" # "#));
    assert!(setting("flush_age").ends_with("spanhouse.toml:1"));
    assert!(setting("memory_budget").ends_with("# default"));

    // What it prints is a settings file itself.
    let copy = directory.path().join("copy.toml");
    fs::write(&copy, &ran.stdout).unwrap();
    let again = run(command().arg("check-config").arg("--config").arg(&copy));
    assert_eq!(again.code, 0, "{}", again.stderr);
}

#[test]
fn unknown_settings_are_refused_with_the_nearest_right_name() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("spanhouse.toml"),
        "flush_bites = '1MiB'\n",
    )
    .unwrap();
    for arguments in [["check-config"], ["serve"]] {
        let ran = run(command()
            .current_dir(directory.path())
            .env("SPANHOUSE_DATADIR", "x")
            .args(arguments));
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(
            ran.stderr
                .contains("unknown key `flush_bites`; did you mean `flush_bytes`?"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("did you mean `SPANHOUSE_DATA_DIR`?"),
            "{}",
            ran.stderr
        );
    }
    let flag = run(command().args(["serve", "--data-dri", "x"]));
    assert_eq!(flag.code, 2);
    assert!(flag.stderr.contains("--data-dir"), "{}", flag.stderr);
}

#[test]
fn make_run_sets_nothing_that_the_server_refuses() {
    let ran = run(Command::new("make")
        .args(["--silent", "--eval", "surroundings: ; @env", "surroundings"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("SPANHOUSE_FIXTURES")
        .env_remove("MAKEFLAGS"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!ran.stdout.contains("SPANHOUSE_FIXTURES"), "{}", ran.stdout);
}

#[test]
fn help_explains_every_command() {
    let ran = run(command().arg("--help"));
    assert_eq!(ran.code, 0);
    for word in [
        "serve",
        "demo",
        "trace",
        "red",
        "check-config",
        "openapi",
        "wal",
        "4317",
        "4318",
        "16686",
    ] {
        assert!(ran.stdout.contains(word), "no {word:?} in:\n{}", ran.stdout);
    }
    for name in [
        &["serve"][..],
        &["demo"],
        &["trace"],
        &["red"],
        &["check-config"],
        &["openapi"],
        &["wal", "inspect"],
    ] {
        let ran = run(command().args(name).arg("--help"));
        assert_eq!(ran.code, 0, "{name:?}");
        assert!(ran.stdout.contains("Usage: spanhouse"), "{}", ran.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openapi_prints_what_the_server_serves_and_the_repository_keeps() {
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path()).start().await;
    let printed = run(command().arg("openapi"));
    assert_eq!(printed.code, 0);
    assert_eq!(
        server.get("/api/v1/openapi.json").await.text(),
        printed.stdout
    );
    // The repository keeps the parts, each beside the crate that it describes.
    let printed: Value = serde_json::from_str(&printed.stdout).unwrap();
    let mut paths = serde_json::Map::new();
    for part in ["query", "alerts"] {
        let kept = format!("{}/{part}/openapi.json", env!("CARGO_MANIFEST_DIR"));
        let kept: Value = serde_json::from_str(&fs::read_to_string(kept).unwrap()).unwrap();
        paths.extend(kept["paths"].as_object().unwrap().clone());
    }
    assert_eq!(printed["paths"], Value::Object(paths));
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_prints_the_tree_of_a_running_server() {
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path()).start().await;
    assert_eq!(
        Sender::http(&server).send(batch(1, 1, 4)).await,
        Reply::Acked
    );
    let id = hex(&trace_id(1, 1));
    let trace = |arguments: &[&str]| {
        run(command()
            .arg("trace")
            .args(["--server", &server.api])
            .args(arguments))
    };

    let tree = trace(&[&id]);
    assert_eq!(tree.code, 0, "{}", tree.stderr);
    assert!(tree.stdout.contains(&id), "{}", tree.stdout);
    for (path, operation) in [("0", 0), ("0.1", 1), ("0.2", 2), ("0.3", 3)] {
        let name = format!("operation {operation}");
        let line = tree.stdout.lines().find(|line| line.contains(&name));
        let line = line.unwrap_or_else(|| panic!("no {name} in:\n{}", tree.stdout));
        let mut words = line.split_whitespace();
        assert!(
            words.any(|word| word.ends_with(path)),
            "no call path {path} in {line:?}"
        );
        assert!(line.contains("1.000 ms"), "no duration in {line:?}");
    }
    assert!(tree.stdout.contains("◆ 0 "), "{}", tree.stdout);
    assert!(tree.stdout.contains("◆ critical path"), "{}", tree.stdout);
    let alone = trace(&["--no-diagnosis", &id]);
    assert_eq!(alone.code, 0, "{}", alone.stderr);
    assert!(!alone.stdout.contains('◆'), "{}", alone.stdout);
    let json = trace(&["--json", &id]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["spanCount"], 4);

    let unknown = trace(&["00000000000000000000000000000099"]);
    assert_eq!(unknown.code, 1);
    assert!(
        unknown.stderr.contains("00000000000000000000000000000099"),
        "{}",
        unknown.stderr
    );
    assert_eq!(trace(&["0"]).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_takes_the_id_that_mtrace_sent() {
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path()).start().await;
    let span = |path: &str, name: &str| {
        json!({
            "traceId": "order-42/é", "spanId": path, "name": name, "kind": "server",
            "start": 1_795_446_245_000_000_000_u64, "duration": 1_000_000,
        })
    };
    let sent = reqwest::Client::new()
        .post(format!("{}/api/v1/spans", server.api))
        .json(&[span("0", "order"), span("0.1", "charge")])
        .send();
    assert_eq!(sent.await.unwrap().status(), 202);
    let trace = |id: &str| run(command().args(["trace", "--server", &server.api, id]));
    let tree = trace("order-42/é");
    assert_eq!(tree.code, 0, "{}", tree.stderr);
    assert!(tree.stdout.contains("charge"), "{}", tree.stdout);
    let unknown = trace("order-43");
    assert_eq!(unknown.code, 1);
    let says = |part: &str| unknown.stderr.contains(part);
    assert!(
        says("\"order-43\"") && says("MTrace") && says("32 hex digits"),
        "{}",
        unknown.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn red_prints_the_figures_of_a_running_server() {
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path()).start().await;
    assert_eq!(
        Sender::http(&server).send(batch(1, 1, 4)).await,
        Reply::Acked
    );
    let red = |arguments: &[&str]| {
        run(command()
            .arg("red")
            .args(["--server", &server.api])
            .args(arguments))
    };
    let services = red(&[]);
    assert_eq!(services.code, 0, "{}", services.stderr);
    let json = red(&["--json", "--last", "1d", "--by", "service,kind"]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let exact = red(&["--json", "--last", "1d", "--by", "service,kind", "--exact"]);
    let exact: serde_json::Value = serde_json::from_str(&exact.stdout).unwrap();
    assert_eq!(document["series"], exact["series"]);

    let unknown = red(&["nobody", "--by", "colour"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.stderr.contains("colour"), "{}", unknown.stderr);
    let nobody = red(&["nobody"]);
    assert_eq!(nobody.code, 0, "{}", nobody.stderr);
    assert!(nobody.stdout.contains("no requests"), "{}", nobody.stdout);
    assert_eq!(red(&["--last", "soon"]).code, 1);
    let elsewhere = run(command().args(["red", "--server", "https://x"]));
    assert_eq!(elsewhere.code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn wal_inspect_reads_the_log_of_a_running_server() {
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path()).start().await;
    let mut sender = Sender::http(&server);
    for number in 0..7 {
        assert_eq!(sender.send(batch(1, number, 4)).await, Reply::Acked);
    }
    let ran = run(command()
        .args(["wal", "inspect", "--data-dir"])
        .arg(directory.path()));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let records = ran
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("records "));
    assert_eq!(records.unwrap().trim(), "7", "{}", ran.stdout);

    let nothing = run(command().args(["wal", "inspect", "--data-dir", "/nowhere"]));
    assert_eq!(nothing.code, 1);
    assert!(nothing.stderr.contains("/nowhere"), "{}", nothing.stderr);
}
