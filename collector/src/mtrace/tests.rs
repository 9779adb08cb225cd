mod document;
mod halves;
mod properties;
mod refused;
mod schema;

use schemas::{AttributeValue, Attributes, Span, SpanKind, SpanReader, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::Refusal;

/// The spans of a body that has no invalid ones.
fn spans(body: &str) -> Vec<Span> {
    let decoded = decode(body.as_bytes()).expect(body);
    assert_eq!(decoded.details, Vec::<String>::new(), "{body}");
    read(&decoded)
}

fn read(decoded: &Decoded) -> Vec<Span> {
    let spans = SpanReader::new(&decoded.batch).spans();
    spans.expect("own text parses")
}

/// A span that is valid, with these fields added or replaced; null takes one away.
fn span(changes: Value) -> Value {
    let mut span = json!({
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "spanId": "0.1",
        "name": "GET /stock",
        "start": 1_785_000_000_000_000_000_u64,
        "duration": 5_000,
    });
    let Value::Object(changes) = changes else {
        panic!("changes are an object");
    };
    for (key, value) in changes {
        match value {
            Value::Null => span.as_object_mut().expect("an object").remove(&key),
            value => span.as_object_mut().expect("an object").insert(key, value),
        };
    }
    span
}

fn decode_one(changes: Value) -> Span {
    let body = span(changes).to_string();
    let mut spans = spans(&body);
    assert_eq!(spans.len(), 1, "{body}");
    spans.remove(0)
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::String(text.to_owned())
}

fn attributes<const N: usize>(entries: [(&str, AttributeValue); N]) -> Attributes {
    let entries = entries.map(|(key, value)| (key.to_owned(), value));
    Attributes(entries.into())
}

#[test]
fn a_span_with_everything_becomes_a_row() {
    let span = decode_one(json!({
        "service": "shop",
        "kind": "client",
        "local": {"service": "shop", "address": "10.0.0.7", "port": 0},
        "remote": {"service": "stock", "address": "fd00::1", "port": 8443},
        "status": {"code": "error", "message": "no \"stock\""},
        "annotations": {
            "user.id": "u-1",
            "vip": true,
            "empty": null,
            "items": -3,
            "big": 18_446_744_073_709_551_615_u64,
            "price": 1.5,
            "retry": [{"time": "1785000000000000001", "value": 2}, {"time": 7}],
        },
    }));
    assert_eq!(
        span.resource.attributes,
        attributes([("service.name", text("shop"))])
    );
    assert_eq!(
        span.trace_id.to_string(),
        "4bf92f3577b34da6a3ce929d0e0e4736"
    );
    assert_eq!(span.call_path.as_deref(), Some("0.1"));
    assert_eq!(
        (span.name.as_str(), span.kind),
        ("GET /stock", SpanKind::Client)
    );
    assert_eq!(
        (span.start.0, span.duration_nano),
        (1_785_000_000_000_000_000, 5_000)
    );
    assert_eq!(span.status.code, StatusCode::Error);
    assert_eq!(span.status.message, "no \"stock\"");
    for (key, value) in [
        ("network.local.address", text("10.0.0.7")),
        ("network.local.port", AttributeValue::Int(0)),
        ("peer.service", text("stock")),
        ("network.peer.address", text("fd00::1")),
        ("network.peer.port", AttributeValue::Int(8443)),
        ("user.id", text("u-1")),
        ("vip", AttributeValue::Bool(true)),
        ("empty", AttributeValue::Empty),
        ("items", AttributeValue::Int(-3)),
        ("big", AttributeValue::Double(18_446_744_073_709_551_615.0)),
        ("price", AttributeValue::Double(1.5)),
    ] {
        assert_eq!(span.attributes.get(key), Some(&value), "{key}");
    }
    assert_eq!(span.attributes.0.len(), 11);
    let events: Vec<_> = span
        .events
        .iter()
        .map(|event| (event.time.0, event.name.as_str()))
        .collect();
    assert_eq!(events, [(1_785_000_000_000_000_001, "retry"), (7, "retry")]);
    assert_eq!(
        span.events[0].attributes,
        attributes([("value", AttributeValue::Int(2))])
    );
    assert!(span.events[1].attributes.is_empty());
}

#[test]
fn a_span_with_little_has_nothing_else() {
    let span = decode_one(json!({"spanId": "0"}));
    assert_eq!(
        (span.kind, span.status.code),
        (SpanKind::Unspecified, StatusCode::Unset)
    );
    assert!(span.resource.attributes.is_empty() && span.attributes.is_empty());
    assert_eq!(span.parent_span_id, None);
    let nulls = r#"{"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "0", "name": "GET /stock", "service": null,
        "start": 1785000000000000000, "duration": 5000, "kind": null, "local": null, "remote": {"port": null},
        "status": null, "annotations": null}"#;
    assert_eq!(spans(nulls), [span]);
}

#[test]
fn trace_ids_map_by_their_form() {
    let check = |sent: Value, id: &str, is_kept: bool| {
        let span = decode_one(json!({"traceId": sent}));
        assert_eq!(span.trace_id.to_string(), id, "{sent}");
        let sent = sent
            .as_str()
            .map_or_else(|| sent.to_string(), str::to_owned);
        let kept = span.attributes.get_str("mtrace.trace_id");
        assert_eq!(kept, is_kept.then_some(sent.as_str()));
    };
    let decimal = "0000000000000000112210f47de98115";
    check(json!(1_234_567_890_123_456_789_u64), decimal, true);
    check(json!("1234567890123456789"), decimal, true);
    check(json!("01234567890123456789"), decimal, true);
    check(json!(u64::MAX), "0000000000000000ffffffffffffffff", true);
    check(
        json!("18446744073709551615"),
        "0000000000000000ffffffffffffffff",
        true,
    );
    check(json!("7"), "00000000000000000000000000000007", true);
    check(
        json!("1234567890123456"),
        "00000000000000001234567890123456",
        false,
    );
    check(
        json!("ABCDEF0123456789"),
        "0000000000000000abcdef0123456789",
        false,
    );
    check(
        json!("4BF92F3577B34DA6A3CE929D0E0E4736"),
        "4bf92f3577b34da6a3ce929d0e0e4736",
        false,
    );
    // SHA-256 of the text.
    check(json!("abc"), "ba7816bf8f01cfea414140de5dae2223", true);
    check(
        json!("order-20260725-000042"),
        "40df68563bdd792e5343159a7661bb38",
        true,
    );
    let hashed = decode_one(json!({"traceId": "18446744073709551616"})).trace_id;
    assert_eq!(hashed.to_string(), "8b292fc2d32f1fd491784610c61b90dc");
    decode_one(json!({"traceId": "ü".repeat(128)}));
}
