use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::fixtures::{Call, FakeFigures, NOON, SECOND, after_noon, labels, rule};

async fn read(figures: &FakeFigures, rule: &Rule, at: UnixNanos) -> Reading {
    let evaluation = evaluate(figures, rule, Instants::one(at), &[]).await;
    let series = evaluation.expect("figures").series;
    assert_eq!(series.len(), 1, "{series:?}");
    series[0].readings[0]
}

fn of_checkout(changes: Value) -> Rule {
    let mut spec = json!({"name": "r", "service": "checkout"});
    let fields = spec.as_object_mut().expect("an object");
    let Value::Object(changes) = changes else {
        panic!("changes are fields");
    };
    fields.extend(changes);
    rule(spec)
}

/// 100 calls at noon: the n-th takes n ms, and ten of them fail.
fn hundred() -> FakeFigures {
    let figures = FakeFigures::default();
    let call = |number: i64| Call {
        labels: labels([("service", "checkout")]),
        start: UnixNanos(NOON.0 + number),
        nanos: number * 1_000_000,
        is_error: number <= 10,
    };
    *figures.calls.lock().expect("unpoisoned") = (1..=100).map(call).collect();
    figures
}

#[tokio::test]
async fn metrics_are_what_they_say() {
    let figures = hundred();
    let check = async |metric: &str, threshold: &str, expect: f64| {
        let rule =
            of_checkout(json!({"metric": metric, "threshold": threshold, "satisfied": "20ms"}));
        let value = read(&figures, &rule, after_noon(60)).await.value;
        let value = value.expect("there are calls");
        assert!((value - expect).abs() < 1e-9 * expect, "{metric}: {value}");
    };
    check("qps", "> 1", 100.0 / 60.0).await;
    check("calls", "> 1", 100.0).await;
    check("errors", "> 1", 10.0).await;
    check("error_rate", "> 1%", 0.1).await;
    check("success_rate", "< 1%", 0.9).await;
    check("avg_time", "> 1s", 50.5e6).await;
    check("max", "> 1s", 100e6).await;
    check("p99", "> 1s", 99e6).await;
    // Ten of the fastest fail, so 10 satisfied, 60 tolerating (to 80 ms), 30 frustrated.
    check("apdex", "< 0.9", 0.4).await;
}

#[tokio::test]
async fn only_the_window_counts_and_its_end_does_not() {
    let figures = hundred();
    let rule = of_checkout(json!({"metric": "calls", "threshold": ">= 100", "window": "10s"}));
    let outcome = async |seconds| read(&figures, &rule, after_noon(seconds)).await.outcome;
    assert_eq!(outcome(0).await, Outcome::HoldsNot);
    assert_eq!(outcome(10).await, Outcome::Holds);
    assert_eq!(outcome(20).await, Outcome::HoldsNot);
}

#[tokio::test]
async fn few_calls_prove_nothing_and_none_are_no_data() {
    let figures = hundred();
    let check = async |changes: Value, at: i64, expect| {
        let reading = read(&figures, &of_checkout(changes.clone()), after_noon(at)).await;
        assert_eq!(reading.outcome, expect, "{changes}");
    };
    let fails = |min_calls: u64| json!({"metric": "error_rate", "threshold": "> 5%", "minCalls": min_calls});
    check(fails(100), 60, Outcome::Holds).await;
    check(fails(101), 60, Outcome::HoldsNot).await;
    check(fails(0), 600, Outcome::NoData).await;
    let quiet = json!({"metric": "qps", "threshold": "< 1"});
    check(quiet, 600, Outcome::Holds).await;
}

#[tokio::test]
async fn a_ratio_compares_with_the_same_window_earlier() {
    let figures = FakeFigures::default();
    figures.add("checkout", after_noon(-86_400), 100, 0);
    figures.add("checkout", NOON, 151, 0);
    let rule =
        |ratio: &str| of_checkout(json!({"metric": "calls", "comparedWith": "1d", "ratio": ratio}));
    let reading = read(&figures, &rule("> 1.5"), after_noon(60)).await;
    assert_eq!(
        (reading.outcome, reading.value),
        (Outcome::Holds, Some(1.51))
    );
    let reading = read(&figures, &rule("> 1.51"), after_noon(60)).await;
    assert_eq!(reading.outcome, Outcome::HoldsNot);
    // The day before there was nothing to compare with.
    let reading = read(&figures, &rule("> 1.5"), after_noon(60 - 86_400)).await;
    assert_eq!((reading.outcome, reading.value), (Outcome::HoldsNot, None));
}

#[tokio::test]
async fn burn_rates_are_those_computed_by_hand() {
    // 99.9 %: a budget of 1 in 1,000. In the hour 36,000 calls, 540 of which fail in the last five
    // minutes of 3,000: 540 / 36,000 / 0.001 = 15 over the hour, 540 / 3,000 / 0.001 = 180 at last.
    let figures = FakeFigures::default();
    figures.add("checkout", NOON, 33_000, 0);
    figures.add("checkout", after_noon(3_301), 3_000, 540);
    let burn = |factor: f64| {
        let burn = json!([{"long": "1h", "short": "5m", "factor": factor}]);
        of_checkout(json!({"slo": "99.9%", "burn": burn}))
    };
    let at = after_noon(3_600);
    let reading = read(&figures, &burn(14.4), at).await;
    assert_eq!(reading.outcome, Outcome::Holds);
    assert!(
        (reading.value.expect("calls") - 15.0).abs() < 1e-9,
        "{reading:?}"
    );
    assert_eq!(
        read(&figures, &burn(15.1), at).await.outcome,
        Outcome::HoldsNot
    );
    // Five minutes later nothing fails any more: the short window knows.
    figures.add("checkout", after_noon(3_700), 100, 0);
    let reading = read(&figures, &burn(14.4), after_noon(3_910)).await;
    assert_eq!(reading.outcome, Outcome::HoldsNot);
    assert_eq!(reading.value, Some(0.0));

    // All calls take 100 ms.
    let slow = async |slow: &str| {
        let rule = of_checkout(json!({"slo": "99%", "slow": slow}));
        read(&figures, &rule, at).await.value.expect("calls")
    };
    assert!((slow("99ms").await - 100.0).abs() < 1e-9);
    // 540 of 36,000 fail: 1.5 % of a budget of 1 %, over the hour the lesser of both rates.
    assert!((slow("100ms").await - 1.5).abs() < 1e-9);
}

#[tokio::test]
async fn the_busiest_series_are_looked_at() {
    let figures = FakeFigures::default();
    for number in 0..10 {
        figures.add(&format!("service-{number}"), NOON, 10 - number, 0);
    }
    let rule = rule(json!({"name": "r", "metric": "calls", "threshold": "> 0", "maxSeries": 3}));
    let known = [
        labels([("service", "service-9")]),
        labels([("service", "gone")]),
    ];
    let evaluation = evaluate(&figures, &rule, Instants::one(after_noon(60)), &known).await;
    let evaluation = evaluation.expect("figures");
    assert_eq!(evaluation.left_out, 7);
    let found: Vec<_> = evaluation
        .series
        .iter()
        .map(|series| (series.labels["service"].as_str(), series.readings[0].value))
        .collect();
    let expect = [
        ("gone", Some(0.0)),
        ("service-0", Some(10.0)),
        ("service-1", Some(9.0)),
        ("service-2", Some(8.0)),
        ("service-9", Some(1.0)),
    ];
    assert_eq!(found, expect);
}

/// A back-test reads the past as the evaluations did then.
#[tokio::test]
async fn many_instants_at_once_are_read_as_one_by_one() {
    let figures = FakeFigures::default();
    let mut state = 7_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 40
    };
    let call = |service: &str, random: &mut dyn FnMut() -> u64| Call {
        labels: labels([("service", service)]),
        start: UnixNanos(NOON.0 + (random() % 900) as i64 * SECOND),
        nanos: (random() % 1_000_000_000) as i64,
        is_error: random().is_multiple_of(5),
    };
    let calls = (0..400).map(|number| match number % 3 {
        0 => call("a", &mut random),
        _ => call("b", &mut random),
    });
    *figures.calls.lock().expect("unpoisoned") = calls.collect();
    let instants = Instants {
        first: after_noon(300),
        every: Duration::from_secs(20),
        count: 20,
    };
    for condition in [
        json!({"metric": "max", "threshold": "> 900ms", "window": "1m"}),
        json!({"metric": "avg_time", "threshold": "> 500ms", "window": "2m"}),
        json!({"metric": "p90", "threshold": "> 900ms", "window": "1m"}),
        json!({"metric": "apdex", "threshold": "< 0.9", "window": "40s", "satisfied": "100ms"}),
        json!({"metric": "p50", "comparedWith": "3m", "ratio": "> 1", "window": "1m"}),
        json!({"metric": "calls", "comparedWith": "1m", "ratio": "> 1.2", "window": "20s"}),
        json!({"slo": "90%", "burn": [{"long": "4m", "short": "40s", "factor": 1.5}]}),
    ] {
        let mut spec = json!({"name": "r"});
        let fields = spec.as_object_mut().expect("an object");
        fields.extend(condition.as_object().expect("an object").clone());
        let rule = rule(spec);
        let at_once = evaluate(&figures, &rule, instants, &[])
            .await
            .expect("figures");
        assert_eq!(at_once.series.len(), 2);
        for series in &at_once.series {
            for (position, reading) in series.readings.iter().enumerate() {
                let one = Instants::one(instants.at(position));
                let known = std::slice::from_ref(&series.labels);
                let alone = evaluate(&figures, &rule, one, known)
                    .await
                    .expect("figures");
                let alone = alone
                    .series
                    .iter()
                    .find(|alone| alone.labels == series.labels);
                let alone = alone.expect("it is known").readings[0];
                assert_eq!(
                    *reading, alone,
                    "{condition} {:?} at {position}",
                    series.labels
                );
            }
        }
    }
}
