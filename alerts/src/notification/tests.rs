use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use schemas::UnixNanos;
use serde_json::{Value, json};

use super::deliver::judge;
use super::request::{Request, request};
use super::*;
use crate::book::{Book, ListedRule, Told};
use crate::evaluation::{Evaluation, Outcome, Reading, SeriesReadings};
use crate::fixtures::{after_noon, labels, rule};
use crate::silence::Silence;

fn receiver(changes: Value) -> Receiver {
    let mut spec = json!({"name": "ops", "type": "webhook", "url": "http://127.0.0.1:1/hook"});
    let fields = spec.as_object_mut().expect("an object");
    let Value::Object(changes) = changes else {
        panic!("changes are fields");
    };
    fields.extend(changes);
    let spec = serde_json::from_value(spec).expect("the shape of a receiver");
    Receiver::check(spec).expect("a right receiver")
}

/// A book with a rule, in which the services that are named fire, and others do not.
struct Shop {
    book: Book,
}

impl Shop {
    fn new() -> Self {
        let rule = rule(json!({
            "name": "结账失败", "metric": "error_rate", "threshold": "> 5%", "severity": "critical",
            "description": "顾客无法付款 \"now\"", "labels": {"team": "shop"},
        }));
        let mut book = Book::default();
        let listed = ListedRule {
            rule: Arc::new(rule),
            is_in_file: true,
        };
        book.rules.insert(listed.rule.name().to_owned(), listed);
        Self { book }
    }

    fn evaluate(&mut self, second: i64, firing: &[&str]) {
        let services = ["cart", "checkout"];
        let series = services.map(|service| {
            let fires = firing.contains(&service);
            let reading = Reading {
                outcome: if fires {
                    Outcome::Holds
                } else {
                    Outcome::HoldsNot
                },
                value: Some(if fires { 0.12 } else { 0.0 }),
                threshold: 0.05,
            };
            SeriesReadings {
                labels: labels([("service", service)]),
                readings: vec![reading],
            }
        });
        let evaluation = Evaluation {
            series: series.into(),
            left_out: 0,
        };
        let listed = self.book.rules.values().next().expect("one rule").clone();
        self.book
            .record(&listed.rule, &evaluation, after_noon(second));
        self.book.tidy(after_noon(second));
    }

    /// What a receiver is told at a second, in short; it is remembered.
    fn tell(&mut self, receiver: &Receiver, second: i64) -> Vec<String> {
        let mut told = Vec::new();
        for due in due(receiver, &self.book, after_noon(second)) {
            let names = |alerts: &[crate::book::Alert]| {
                let names = alerts.iter().map(|alert| alert.series["service"].clone());
                names.collect::<Vec<_>>().join("+")
            };
            told.push(format!("{}|{}", names(&due.firing), names(&due.resolved)));
            self.remember(receiver, &due.rule, due.told);
        }
        told
    }

    fn remember(&mut self, receiver: &Receiver, rule: &str, told: Told) {
        let by_rule = self.book.told.entry(receiver.name.clone()).or_default();
        by_rule.insert(rule.to_owned(), told);
    }
}

#[test]
fn a_receiver_is_told_of_what_is_new_and_repeatedly_of_what_lasts() {
    let mut shop = Shop::new();
    let ops = receiver(json!({"repeat": "1h"}));
    assert!(shop.tell(&ops, 0).is_empty());
    shop.evaluate(10, &["checkout"]);
    assert_eq!(shop.tell(&ops, 10), ["checkout|"]);
    assert!(shop.tell(&ops, 20).is_empty());
    shop.evaluate(30, &["checkout", "cart"]);
    assert_eq!(shop.tell(&ops, 30), ["cart+checkout|"]);
    assert!(shop.tell(&ops, 3_629).is_empty());
    assert_eq!(shop.tell(&ops, 3_630), ["cart+checkout|"]);
    shop.evaluate(3_640, &["cart"]);
    assert_eq!(shop.tell(&ops, 3_640), ["cart|checkout"]);
    shop.evaluate(3_650, &[]);
    assert_eq!(shop.tell(&ops, 3_650), ["|cart"]);
    assert!(shop.tell(&ops, 10_000).is_empty());
}

#[test]
fn a_silence_keeps_quiet_and_ends_nothing() {
    let mut shop = Shop::new();
    let ops = receiver(json!({"repeat": "1h"}));
    shop.evaluate(10, &["checkout"]);
    assert_eq!(shop.tell(&ops, 10), ["checkout|"]);
    let silence = Silence {
        id: "1".to_owned(),
        matchers: labels([("service", "c*")]),
        from: after_noon(20),
        until: after_noon(8_000),
        comment: String::new(),
        created_by: String::new(),
    };
    shop.book.silences.insert("1".to_owned(), silence);
    shop.evaluate(20, &["checkout", "cart"]);
    assert!(shop.tell(&ops, 20).is_empty());
    assert!(shop.tell(&ops, 7_999).is_empty());
    assert_eq!(shop.tell(&ops, 8_000), ["cart+checkout|"]);
}

#[test]
fn ends_are_not_told_to_whoever_does_not_want_them() {
    let mut shop = Shop::new();
    let ops = receiver(json!({"send_resolved": false}));
    shop.evaluate(10, &["checkout", "cart"]);
    assert_eq!(shop.tell(&ops, 10), ["cart+checkout|"]);
    shop.evaluate(20, &["cart"]);
    assert_eq!(shop.tell(&ops, 20), ["|"]);
    shop.evaluate(30, &["cart", "checkout"]);
    assert_eq!(shop.tell(&ops, 30), ["cart+checkout|"]);
}

#[test]
fn a_rule_tells_its_own_receivers_and_those_that_it_told_before() {
    let mut shop = Shop::new();
    let (ops, dev) = (receiver(json!({})), receiver(json!({"name": "dev"})));
    shop.evaluate(10, &["checkout"]);
    assert_eq!(shop.tell(&dev, 10), ["checkout|"]);
    let spec = json!({"name": "结账失败", "metric": "error_rate", "threshold": "> 5%", "receivers": ["ops"]});
    let only_ops = ListedRule {
        rule: Arc::new(rule(spec)),
        is_in_file: true,
    };
    shop.book.rules.insert("结账失败".to_owned(), only_ops);
    shop.evaluate(20, &["checkout"]);
    assert_eq!(shop.tell(&ops, 20), ["checkout|"]);
    assert!(shop.tell(&dev, 20).is_empty());
    // The rule goes: whoever knows of the alert learns that it is over.
    shop.book.rules.clear();
    shop.book.tidy(after_noon(30));
    assert_eq!(shop.tell(&dev, 30), ["|checkout"]);
    assert_eq!(shop.tell(&ops, 30), ["|checkout"]);
}

/// The request for what a shop has to tell: one firing, then one resolved.
fn requests(receiver: &Receiver) -> Vec<Request> {
    let mut shop = Shop::new();
    let mut requests = Vec::new();
    for (second, firing) in [(10, &["checkout"][..]), (20, &[])] {
        shop.evaluate(second, firing);
        let now = after_noon(second);
        for due in due(receiver, &shop.book, now) {
            requests.push(request(receiver, &due, now, |_, _| [7; 32]).expect("a body"));
            shop.remember(receiver, &due.rule, due.told);
        }
    }
    requests
}

fn check_golden(name: &str, requests: &[Request]) {
    let shown: Vec<Value> = requests
        .iter()
        .map(|request| json!({"url": request.url.as_str(), "body": request.body}))
        .collect();
    insta::assert_json_snapshot!(name, shown);
}

#[test]
fn each_type_of_receivers_has_its_form() {
    let check = |name: &str, changes: Value| check_golden(name, &requests(&receiver(changes)));
    check("webhook", json!({}));
    check(
        "alertmanager",
        json!({"type": "alertmanager", "url": "http://am:9093/"}),
    );
    check(
        "feishu",
        json!({"type": "feishu", "language": "zh", "secret": "s"}),
    );
    let dingtalk = "https://oapi.dingtalk.com/robot/send?access_token=t";
    check(
        "dingtalk",
        json!({"type": "dingtalk", "url": dingtalk, "language": "zh", "secret": "SEC"}),
    );
    check("slack", json!({"type": "slack"}));
    let template = "{\"what\": {{ rule | tojson }}, \"how\": [{% for a in alerts %}{{ a.valueText | tojson }}{% endfor %}]}";
    check("own_template", json!({"template": template}));
}

#[test]
fn wrong_receivers_say_what_is_wrong() {
    let problems = [
        json!({"name": ""}),
        json!({"type": "pager"}),
        json!({"url": "ftp://example.com"}),
        json!({"url": "example.com"}),
        json!({"secret": "s"}),
        json!({"type": "feishu", "template": "{{ rule"}),
        json!({"type": "slack", "template": "{{ rule }}"}),
        json!({"type": "slack", "template": "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"}),
        json!({"type": "slack", "language": "fr"}),
        json!({"type": "breakers", "template": "{}"}),
        json!({"repeat": "10ms"}),
        json!({"headers": {"a b": "c"}}),
    ]
    .map(|changes| {
        let mut spec = json!({"name": "ops", "type": "webhook", "url": "http://h/"});
        let fields = spec.as_object_mut().expect("an object");
        fields.extend(changes.as_object().expect("an object").clone());
        let spec = serde_json::from_value(spec).expect("the shape of a receiver");
        Receiver::check(spec).expect_err(&changes.to_string()).to_string()
    });
    insta::assert_snapshot!(problems.join("\n"));
}

#[test]
fn an_answer_is_judged_by_its_status_and_the_codes_of_chats() {
    let check = |status: u16, answer: &str, is_taken: bool| {
        let status = reqwest::StatusCode::from_u16(status).expect("a status");
        assert_eq!(
            judge(status, answer.as_bytes()).is_ok(),
            is_taken,
            "{answer}"
        );
    };
    check(200, "", true);
    check(204, "", true);
    check(200, "ok", true);
    check(200, "{\"code\": 0, \"msg\": \"success\"}", true);
    check(
        200,
        "{\"errcode\": 310000, \"errmsg\": \"sign not match\"}",
        false,
    );
    check(200, "{\"StatusCode\": 19021}", false);
    check(500, "", false);
    check(404, "{\"code\": 0}", false);
}

#[tokio::test]
async fn what_a_receiver_does_not_take_is_sent_again_later_and_later() {
    let mut shop = Shop::new();
    shop.evaluate(0, &["checkout"]);
    let attempts = Arc::new(Attempts::default());
    let ops = receiver(json!({}));
    let mut worker = Worker::new(ops.clone(), |_, _| [0; 32], Arc::clone(&attempts));
    let sent = Mutex::new(0);
    let mut deliver = async |book: &Book, now: UnixNanos, is_up: bool| {
        let remembered = Mutex::new(BTreeMap::new());
        let send = |_: Request| {
            *sent.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            std::future::ready(if is_up {
                Ok(())
            } else {
                Err("down".to_owned())
            })
        };
        let remember = |rule: &str, told: Told| {
            let mut remembered = remembered.lock().unwrap_or_else(PoisonError::into_inner);
            remembered.insert(rule.to_owned(), told);
        };
        let retry_at = worker.deliver_due(book, now, send, remember).await;
        (
            retry_at,
            remembered
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
        )
    };
    for (second, next) in [(0, 1), (1, 3), (3, 7), (7, 15)] {
        let (retry_at, told) = deliver(&shop.book, after_noon(second), false).await;
        assert_eq!(retry_at, Some(after_noon(next)));
        assert!(told.is_empty());
        // Too early: nothing is tried.
        deliver(&shop.book, UnixNanos(after_noon(next).0 - 1), true).await;
    }
    let (retry_at, told) = deliver(&shop.book, after_noon(15), true).await;
    assert_eq!(retry_at, None);
    assert_eq!(told["结账失败"].firing.len(), 1);
    assert_eq!(*sent.lock().expect("unpoisoned"), 5);
    assert_eq!(attempts.sent.load(Ordering::Relaxed), 1);
    assert_eq!(attempts.failed.load(Ordering::Relaxed), 4);
}
