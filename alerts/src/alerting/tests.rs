use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::FigureError;
use crate::fixtures::{FakeFigures, NOON, after_noon, labels, rule};
use crate::notification::AlertJson;
use crate::silence::Silence;

/// Alerts over made-up figures, in a directory that outlives them.
struct Bench {
    figures: Arc<FakeFigures>,
    directory: TempDir,
    rules: Vec<Value>,
}

impl Bench {
    fn new(rules: impl IntoIterator<Item = Value>) -> Self {
        Self {
            figures: Arc::default(),
            directory: TempDir::new().expect("a directory"),
            rules: rules.into_iter().collect(),
        }
    }

    fn open(&self) -> Alerting {
        self.try_open().expect("readable files")
    }

    fn try_open(&self) -> Result<Alerting, AlertsError> {
        open(self.directory.path(), self.figures.clone(), &self.rules)
    }
}

fn open(
    directory: &Path,
    figures: Arc<FakeFigures>,
    rules: &[Value],
) -> Result<Alerting, AlertsError> {
    let settings = AlertSettings {
        directory: directory.to_owned(),
        interval: Duration::from_secs(10),
        lag: Duration::from_secs(5),
        rules: rules.iter().cloned().map(rule).collect(),
        receivers: Vec::new(),
    };
    Alerting::open(settings, components(figures))
}

fn components(figures: Arc<FakeFigures>) -> Components {
    Components {
        figures,
        clock: || after_noon(100),
        client: || unreachable!("nobody is told"),
        mac: |_, _| [0; 32],
        stop: CancellationToken::new(),
    }
}

fn fails() -> Value {
    json!({"name": "fails", "metric": "error_rate", "threshold": "> 5%", "window": "10s", "for": "10s"})
}

/// The states of all alerts, with what makes their series.
fn states(alerting: &Alerting) -> Vec<String> {
    let alerts = AlertJson::all(&alerting.book(), alerting.now());
    let shown = alerts.iter().map(|alert| {
        let service = alert.labels.get("service").map_or("", String::as_str);
        format!("{} {} {}", alert.rule, service, alert.state)
    });
    shown.collect()
}

#[tokio::test]
async fn an_alert_goes_through_its_phases() {
    let bench = Bench::new([fails()]);
    for second in [0, 10, 20] {
        bench.figures.add("checkout", after_noon(second), 10, 1);
        bench.figures.add("cart", after_noon(second), 10, 0);
    }
    bench.figures.add("checkout", after_noon(30), 10, 0);
    let alerting = bench.open();
    let check = async |second, expect: &[&str]| {
        // The window that ends five seconds earlier at the latest: the lag.
        alerting.evaluate(after_noon(second)).await;
        assert_eq!(states(&alerting), expect, "at {second}");
    };
    check(10, &[]).await;
    check(15, &["fails checkout pending"]).await;
    check(25, &["fails checkout firing"]).await;
    check(35, &["fails checkout firing"]).await;
    check(45, &["fails checkout resolved"]).await;
    check(900, &["fails checkout resolved"]).await;
    check(945, &[]).await;
    assert_eq!(alerting.counters().evaluations, 7);
}

#[tokio::test]
async fn a_firing_alert_fires_on_after_a_restart() {
    let bench = Bench::new([fails()]);
    for second in [0, 10, 20, 30] {
        bench.figures.add("checkout", after_noon(second), 10, 1);
    }
    let alerting = bench.open();
    alerting.evaluate(after_noon(15)).await;
    drop(alerting);

    // Pending, and for long enough across the restart.
    let alerting = bench.open();
    assert_eq!(states(&alerting), ["fails checkout pending"]);
    alerting.evaluate(after_noon(25)).await;
    assert_eq!(states(&alerting), ["fails checkout firing"]);
    let before = AlertJson::all(&alerting.book(), NOON);
    drop(alerting);

    let alerting = bench.open();
    assert_eq!(AlertJson::all(&alerting.book(), NOON), before);
    alerting.evaluate(after_noon(35)).await;
    let after = AlertJson::all(&alerting.book(), NOON);
    assert_eq!(after[0].starts_at, before[0].starts_at);
    assert_eq!(states(&alerting), ["fails checkout firing"]);
}

#[tokio::test]
async fn the_alerts_of_a_rule_that_is_gone_are_resolved() {
    let mut bench = Bench::new([fails()]);
    bench.figures.add("checkout", NOON, 10, 1);
    bench.figures.add("checkout", after_noon(10), 10, 1);
    let alerting = bench.open();
    alerting.evaluate(after_noon(15)).await;
    alerting.evaluate(after_noon(25)).await;
    drop(alerting);
    bench.rules.clear();
    let alerting = bench.open();
    alerting.evaluate(after_noon(35)).await;
    assert_eq!(states(&alerting), ["fails checkout resolved"]);
}

#[tokio::test]
async fn what_cannot_be_evaluated_stays_as_it_was_and_says_so() {
    let bench = Bench::new([fails()]);
    bench.figures.add("checkout", NOON, 10, 1);
    let alerting = bench.open();
    alerting.evaluate(after_noon(15)).await;
    let failure = |failure| *bench.figures.failure.lock().expect("unpoisoned") = failure;
    failure(Some(FigureError::Unavailable(
        "too many questions".to_owned(),
    )));
    alerting.evaluate(after_noon(25)).await;
    assert_eq!(states(&alerting), ["fails checkout pending"]);
    let error = alerting.book().states["fails"].error.clone();
    assert_eq!(error.as_deref(), Some("too many questions"));
    let counters = alerting.counters();
    assert_eq!((counters.failures, counters.rules_in_error), (1, 1));

    failure(None);
    alerting.evaluate(after_noon(35)).await;
    assert_eq!(alerting.counters().rules_in_error, 0);
}

#[tokio::test]
async fn rules_with_one_question_ask_it_once() {
    let bench = Bench::new([
        fails(),
        json!({"name": "other", "metric": "calls", "threshold": "> 1", "window": "10s"}),
    ]);
    let alerting = bench.open();
    alerting.evaluate(after_noon(15)).await;
    assert_eq!(bench.figures.asked.lock().expect("unpoisoned").len(), 1);
}

#[tokio::test]
async fn rules_and_silences_of_the_api_survive_restarts() {
    let bench = Bench::new([fails()]);
    let alerting = bench.open();
    let slow = || {
        let spec = json!({"name": "slow", "metric": "p99", "threshold": "> 1s"});
        serde_json::from_value(spec).expect("a rule")
    };
    alerting.add_rule(slow()).await.expect("a new rule");
    let again = alerting.add_rule(slow()).await;
    assert!(matches!(again, Err(AlertsError::NameTaken(_))), "{again:?}");
    let of_file = serde_json::from_value(fails()).expect("a rule");
    let of_file = alerting.put_rule(of_file).await;
    assert!(
        matches!(of_file, Err(AlertsError::InFile(_))),
        "{of_file:?}"
    );
    let silence = Silence {
        id: String::new(),
        matchers: labels([("service", "checkout")]),
        from: NOON,
        until: after_noon(3_600),
        comment: "it moves".to_owned(),
        created_by: "ana".to_owned(),
    };
    let silence = alerting.add_silence(silence).await.expect("a silence");
    drop(alerting);

    let alerting = bench.open();
    let names: Vec<String> = alerting.book().rules.keys().cloned().collect();
    assert_eq!(names, ["fails", "slow"]);
    assert_eq!(alerting.book().silences[&silence.id], silence);
    for second in [0, 10] {
        bench.figures.add("checkout", after_noon(second), 10, 1);
    }
    alerting.evaluate(after_noon(15)).await;
    alerting.evaluate(after_noon(25)).await;
    assert_eq!(states(&alerting), ["fails checkout silenced"]);

    alerting
        .delete_silence(&silence.id)
        .await
        .expect("it is there");
    assert_eq!(states(&alerting), ["fails checkout firing"]);
    alerting.delete_rule("slow").await.expect("it is there");
    let gone = alerting.delete_rule("slow").await;
    assert!(matches!(gone, Err(AlertsError::NotFound(_))), "{gone:?}");
}

#[tokio::test]
async fn a_change_that_cannot_be_written_is_not_in_force() {
    let bench = Bench::new([]);
    let alerting = bench.open();
    // A directory in the place of the temporary file.
    let blocked = bench.directory.path().join("rules.tmp");
    std::fs::create_dir(blocked).expect("a directory");
    let spec = json!({"name": "slow", "metric": "p99", "threshold": "> 1s"});
    let added = alerting
        .add_rule(serde_json::from_value(spec).expect("a rule"))
        .await;
    assert!(matches!(added, Err(AlertsError::File { .. })), "{added:?}");
    assert!(alerting.book().rules.is_empty());
}

#[test]
fn names_are_taken_once_and_receivers_are_there() {
    let problem = |bench: &Bench| bench.try_open().expect_err("a problem").to_string();
    assert_eq!(
        problem(&Bench::new([fails(), fails()])),
        "`name`: another rule is called `fails` already; expected a name of its own"
    );
    let mut unknown = fails();
    unknown["receivers"] = json!(["ops"]);
    assert_eq!(
        problem(&Bench::new([unknown])),
        "`receivers`: the rule `fails` names `ops`, which is not there; expected a [[receiver]] of this name in the configuration file"
    );
}

#[test]
fn a_file_of_another_version_or_shape_is_not_overwritten() {
    for text in ["{\"version\": 2, \"rules\": {}, \"told\": {}}", "{", "[]"] {
        let bench = Bench::new([]);
        let path = bench.directory.path().join("state.json");
        std::fs::write(&path, text).expect("writable");
        let refused = bench.try_open();
        assert!(matches!(refused, Err(AlertsError::File { .. })), "{text}");
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), text);
    }
}

/// What the absence of a series means, of services that were there once.
#[tokio::test]
async fn a_series_that_vanishes_can_alert() {
    let gone = json!({"name": "gone", "metric": "calls", "threshold": "< 1", "window": "10s"});
    let silent = json!({"name": "silent", "metric": "p50", "threshold": "> 1h", "window": "10s", "noData": "alert"});
    let bench = Bench::new([gone, silent]);
    bench.figures.add("checkout", NOON, 1, 0);
    let alerting = bench.open();
    alerting.evaluate(after_noon(15)).await;
    assert!(states(&alerting).is_empty());
    drop(alerting);
    let alerting = bench.open();
    alerting.evaluate(after_noon(25)).await;
    let states: BTreeSet<String> = states(&alerting).into_iter().collect();
    let expect = ["gone checkout firing", "silent checkout firing"];
    assert_eq!(states, expect.map(str::to_owned).into());
}
