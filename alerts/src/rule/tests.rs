use serde_json::{Value, json};

use super::condition::Operator;
use super::*;

fn spec(value: Value) -> Result<RuleSpec, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// A rule with a few fields over right ones.
fn with(changes: Value) -> Value {
    let mut rule = json!({
        "name": "slow", "service": "checkout", "metric": "p99.9", "threshold": "> 300ms",
    });
    let fields = rule.as_object_mut().expect("an object");
    let Value::Object(changes) = changes else {
        panic!("changes are fields");
    };
    for (name, value) in changes {
        match value {
            Value::Null => fields.remove(&name),
            value => fields.insert(name, value),
        };
    }
    rule
}

fn checked(changes: Value) -> Rule {
    Rule::check(spec(with(changes)).expect("the shape of a rule")).expect("a right rule")
}

#[test]
fn a_threshold_has_units() {
    let check = |metric: &str, threshold: &str, operator, value| {
        let rule = checked(json!({"metric": metric, "threshold": threshold}));
        let Condition::Threshold { bound, .. } = rule.condition else {
            panic!("{threshold} is a threshold");
        };
        assert_eq!(
            bound,
            Comparison { operator, value },
            "{metric} {threshold}"
        );
    };
    check("p99.9", "> 300ms", Operator::Above, 3e8);
    check("max", ">=1.5s", Operator::AtLeast, 1.5e9);
    check("avg_time", "<= 2m", Operator::AtMost, 120e9);
    check("error_rate", "> 5%", Operator::Above, 0.05);
    check("success_rate", "< 0.99", Operator::Below, 0.99);
    check("qps", "< 10/s", Operator::Below, 10.0);
    check("calls", "< 10", Operator::Below, 10.0);
    check("apdex", "< 0.9", Operator::Below, 0.9);
}

#[test]
fn what_is_not_written_has_a_default() {
    let rule = checked(json!({"service": null}));
    let Subject::Spans(filter) = &rule.subject else {
        panic!("spans are counted by default");
    };
    assert_eq!(filter.by, [crate::Dimension::Service]);
    assert_eq!((rule.hold_for, rule.no_data), (Duration::ZERO, NoData::Ok));
    assert!(!rule.is_one_series());
    assert!(checked(json!({})).is_one_series());
    assert!(!rule.watches_absence());
    assert!(checked(json!({"metric": "calls", "threshold": "< 5"})).watches_absence());
}

#[test]
fn an_objective_has_the_usual_burn_rates() {
    let changes = json!({"metric": null, "threshold": null, "slo": "99.9%", "slow": "300ms"});
    let Condition::BurnRate(burn) = checked(changes).condition else {
        panic!("an objective burns");
    };
    assert!((burn.budget - 0.001).abs() < 1e-12);
    assert_eq!(burn.bad, BadCalls::SlowerThan { nanos: 300_000_000 });
    let factors: Vec<f64> = burn.windows.iter().map(|windows| windows.factor).collect();
    assert_eq!(factors, [14.4, 6.0]);
}

#[test]
fn wrong_rules_say_what_is_wrong() {
    let problems: Vec<String> = [
        json!({"name": " "}),
        json!({"metric": "p101"}),
        json!({"metric": "p"}),
        json!({"metric": null}),
        json!({"threshold": "300ms"}),
        json!({"threshold": "> 5%"}),
        json!({"metric": "error_rate", "threshold": "> 5"}),
        json!({"threshold": null}),
        json!({"ratio": "> 1.5"}),
        json!({"threshold": null, "ratio": "> 1.5"}),
        json!({"comparedWith": "1d"}),
        json!({"slow": "1s"}),
        json!({"threshold": null, "slo": "99.9%"}),
        json!({"threshold": null, "metric": null, "slo": "100%"}),
        json!({"threshold": null, "metric": null, "slo": "99%", "burn": [{"long": "5m", "short": "1h", "factor": 2.0}]}),
        json!({"window": "15s"}),
        json!({"window": "99d"}),
        json!({"for": "1"}),
        json!({"by": ["colour"]}),
        json!({"kind": "servant"}),
        json!({"caller": "web"}),
        json!({"scope": "edge"}),
        json!({"scope": "edge", "service": null, "connection": "wire"}),
        json!({"breaker": true}),
        json!({"labels": {"a-b": "c"}}),
        json!({"maxSeries": 0}),
    ]
    .into_iter()
    .map(|changes| {
        let spec = spec(with(changes.clone())).expect("the shape of a rule");
        let problem = Rule::check(spec).expect_err(&changes.to_string());
        problem.to_string()
    })
    .collect();
    insta::assert_snapshot!(problems.join("\n"));
}

#[test]
fn unknown_fields_and_values_are_refused() {
    let check = |changes: Value, expect: &str| {
        let problem = spec(with(changes)).expect_err(expect);
        assert!(problem.contains(expect), "{problem}");
    };
    check(json!({"treshold": "> 1"}), "unknown field `treshold`");
    check(json!({"scope": "moon"}), "unknown variant `moon`");
    check(json!({"noData": "panic"}), "unknown variant `panic`");
}

#[test]
fn a_rule_is_written_as_it_was_read() {
    let written = with(json!({"for": "1m", "minCalls": 3, "noData": "keep", "by": []}));
    let rule = spec(written.clone()).expect("the shape of a rule");
    assert_eq!(serde_json::to_value(rule).expect("JSON"), written);
}

#[test]
fn the_fields_are_those_of_the_description() {
    let description: Value = serde_json::from_str(&crate::openapi_json()).expect("JSON");
    let described = &description["components"]["schemas"]["RuleSpec"]["properties"];
    let described = described.as_object().expect("properties").keys();
    let snake_case = |name: &String| {
        let letters = name
            .chars()
            .map(|letter| match letter.is_ascii_uppercase() {
                true => format!("_{}", letter.to_ascii_lowercase()),
                false => letter.to_string(),
            });
        letters.collect::<String>()
    };
    let mut described: Vec<String> = described.map(snake_case).collect();
    described.sort_unstable();
    let mut fields = RuleSpec::FIELDS.map(str::to_owned);
    fields.sort_unstable();
    assert_eq!(described, fields);
}
