use std::path::PathBuf;

use proptest::prelude::*;
use schemas::{
    AttributeValue, Attributes, Span, SpanId, SpanKind, SpanReader, StatusCode, TraceId, UnixNanos,
};
use serde_json::{Value, json};

use super::*;
use crate::fake_sink;

fn spans(request: &Value) -> (Vec<Span>, String) {
    let decoded = decode_json(request.to_string().as_bytes()).expect("a request");
    (
        SpanReader::new(&decoded.batch)
            .spans()
            .expect("own text parses"),
        decoded.reason,
    )
}

/// A request of one span with these fields beside valid ids.
fn with_fields(fields: &Value) -> Value {
    let mut span =
        json!({ "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174" });
    for (name, value) in fields.as_object().expect("an object") {
        span[name] = value.clone();
    }
    json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] })
}

fn one_span(fields: &Value) -> Span {
    let (mut spans, reason) = spans(&with_fields(fields));
    assert_eq!((spans.len(), reason.as_str()), (1, ""), "{fields}");
    spans.remove(0)
}

fn one_value(value: &Value) -> AttributeValue {
    let span = one_span(&json!({ "attributes": [{ "key": "k", "value": value }] }));
    span.attributes.get("k").expect("it is there").clone()
}

#[test]
fn ids_are_hex_in_any_case() {
    for id in [
        "5B8EFFF798038103D269B633813FC60C",
        "5b8efff798038103d269b633813fc60c",
        "5B8effF798038103d269b633813fc60c",
    ] {
        let span = one_span(&json!({ "traceId": id, "parentSpanId": "00000000000000AB" }));
        assert_eq!(
            span.trace_id,
            TraceId::parse("5b8efff798038103d269b633813fc60c").expect("valid")
        );
        assert_eq!(
            span.parent_span_id,
            Some(SpanId([0, 0, 0, 0, 0, 0, 0, 0xab]))
        );
    }
}

#[test]
fn ids_that_are_not_hex_refuse_their_span_only() {
    let check = |fields: Value, expect: &str| {
        let (spans, reason) = spans(&with_fields(&fields));
        assert!(
            spans.is_empty() && reason.contains(expect),
            "{fields}: {reason}"
        );
    };
    // Base64, as protobuf's own JSON form would have it, is not OTLP's.
    check(
        json!({ "traceId": "W47/95gDgQPSabYzgT/GDA==" }),
        "1 with trace_id",
    );
    check(
        json!({ "traceId": "5b8efff798038103d269b633813fc60g" }),
        "1 with trace_id",
    );
    check(json!({ "traceId": "" }), "1 with trace_id");
    check(json!({ "spanId": "eee19b7ec3c1b1" }), "1 with span_id");
    check(json!({ "spanId": null }), "1 with span_id");
    check(json!({ "parentSpanId": "xyz" }), "1 with parent_span_id");
    check(json!({ "links": [{ "traceId": "12" }] }), "1 with a link");
}

#[test]
fn a_64_bit_integer_is_a_number_or_text() {
    for time in [
        json!(1_544_712_660_000_000_000_u64),
        json!("1544712660000000000"),
        json!(1.54471266e18),
        json!("1.54471266e18"),
    ] {
        let span = one_span(&json!({ "startTimeUnixNano": time, "endTimeUnixNano": time }));
        assert_eq!(span.start, UnixNanos(1_544_712_660_000_000_000), "{time}");
    }
    for number in [json!(-7), json!("-7"), json!(-7.0)] {
        assert_eq!(
            one_value(&json!({ "intValue": number })),
            AttributeValue::Int(-7)
        );
    }
    assert_eq!(
        one_value(&json!({ "intValue": "9223372036854775807" })),
        AttributeValue::Int(i64::MAX)
    );
}

#[test]
fn an_enumeration_is_a_number_or_the_name_of_old_senders() {
    let check = |kind: Value, code: Value, expect: (SpanKind, StatusCode)| {
        let span = one_span(&json!({ "kind": kind, "status": { "code": code } }));
        assert_eq!((span.kind, span.status.code), expect);
    };
    check(json!(2), json!(2), (SpanKind::Server, StatusCode::Error));
    check(
        json!("SPAN_KIND_CLIENT"),
        json!("STATUS_CODE_OK"),
        (SpanKind::Client, StatusCode::Ok),
    );
    check(
        json!("SPAN_KIND_UNSPECIFIED"),
        json!("STATUS_CODE_UNSET"),
        (SpanKind::Unspecified, StatusCode::Unset),
    );
    check(
        json!("5"),
        json!(null),
        (SpanKind::Consumer, StatusCode::Unset),
    );
}

#[test]
fn unknown_fields_are_ignored_and_names_may_be_as_in_the_proto_file() {
    let span = one_span(&json!({
        "start_time_unix_nano": 5, "end_time_unix_nano": 9, "dropped_events_count": 3,
        "future": { "deep": [1, 2, {}] },
        "attributes": [{ "key": "k", "value": { "string_value": "v", "futureValue": 1 }, "future": true }],
    }));
    assert_eq!(
        (span.start, span.duration_nano, span.dropped_events_count),
        (UnixNanos(5), 4, 3)
    );
    assert_eq!(span.attributes.get_str("k"), Some("v"));
}

#[test]
fn missing_objects_and_nulls_are_fine() {
    let span = one_span(&json!({
        "parentSpanId": null, "traceState": null, "name": null, "kind": null, "startTimeUnixNano": null,
        "attributes": null, "events": null, "links": null, "status": null, "droppedLinksCount": null, "flags": null,
    }));
    assert_eq!(
        (span.parent_span_id, span.name.as_str(), span.kind),
        (None, "", SpanKind::Unspecified)
    );
    assert_eq!(one_value(&Value::Null), AttributeValue::Empty);
    assert_eq!(one_value(&json!({})), AttributeValue::Empty);
    assert_eq!(
        one_value(&json!({ "stringValue": null })),
        AttributeValue::Empty
    );
    for request in [
        "{}",
        r#"{"resourceSpans":null}"#,
        r#"{"resourceSpans":[{}]}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"scope":null}],"resource":null}]}"#,
    ] {
        assert_eq!(
            decode_json(request.as_bytes()).expect(request).batch.rows(),
            0
        );
    }
}

#[test]
fn bytes_are_base64_of_both_alphabets() {
    for text in ["+/8=", "+/8", "-_8=", "-_8"] {
        assert_eq!(
            one_value(&json!({ "bytesValue": text })),
            AttributeValue::Bytes(vec![0xfb, 0xff])
        );
    }
}

#[test]
fn doubles_may_be_texts() {
    assert_eq!(
        one_value(&json!({ "doubleValue": 3 })),
        AttributeValue::Double(3.0)
    );
    assert_eq!(
        one_value(&json!({ "doubleValue": "-Infinity" })),
        AttributeValue::Double(f64::NEG_INFINITY)
    );
    assert_eq!(
        one_value(&json!({ "doubleValue": "0.25" })),
        AttributeValue::Double(0.25)
    );
    assert!(
        matches!(one_value(&json!({ "doubleValue": "NaN" })), AttributeValue::Double(number) if number.is_nan())
    );
}

#[test]
fn arrays_and_maps_keep_the_types_within() {
    let value = json!({ "kvlistValue": { "values": [
        { "key": "a", "value": { "arrayValue": { "values": [{ "intValue": "1" }, { "doubleValue": 1 }, {}] } } },
        { "key": "b" },
    ] } });
    let array = vec![
        AttributeValue::Int(1),
        AttributeValue::Double(1.0),
        AttributeValue::Empty,
    ];
    let map = vec![
        ("a".to_owned(), AttributeValue::Array(array)),
        ("b".to_owned(), AttributeValue::Empty),
    ];
    assert_eq!(one_value(&value), AttributeValue::Map(Attributes(map)));
}

#[test]
fn a_lone_surrogate_refuses_its_span_only() {
    let good = with_fields(&json!({ "name": "good" })).to_string();
    let two = good.replace(
        "\"spans\":[",
        r#""spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b175","name":"cut \ud83d"},"#,
    );
    let decoded = decode_json(two.as_bytes()).expect("JSON");
    assert_eq!((decoded.batch.rows(), decoded.rejected), (1, 1));
    assert!(
        decoded.reason.contains("1 with text that is not UTF-8"),
        "{}",
        decoded.reason
    );
}

#[test]
fn deep_attributes_refuse_their_span_and_deeper_ones_the_request() {
    let nested = |levels: usize| {
        let (open, close) = (
            r#"{"arrayValue":{"values":["#.repeat(levels),
            "]}}".repeat(levels),
        );
        let request =
            with_fields(&json!({ "attributes": [{ "key": "k", "value": "here" }] })).to_string();
        decode_json(
            request
                .replace("\"here\"", &format!("{open}{{}}{close}"))
                .as_bytes(),
        )
    };
    assert_eq!(nested(24).expect("fits").rejected, 0);
    assert!(
        nested(25)
            .expect("one span refused")
            .reason
            .contains("nested too deep")
    );
    assert!(nested(1000).is_err());
}

#[test]
fn impossible_values_are_malformed() {
    let check = |fields: Value| {
        assert!(
            decode_json(with_fields(&fields).to_string().as_bytes()).is_err(),
            "{fields}"
        );
    };
    check(json!({ "startTimeUnixNano": -1 }));
    check(json!({ "startTimeUnixNano": "noon" }));
    check(json!({ "flags": 4_294_967_296_u64 }));
    check(json!({ "flags": 0.5 }));
    check(json!({ "name": 5 }));
    check(json!({ "kind": "SPAN_KIND_BUTLER" }));
    check(json!({ "attributes": {} }));
    check(
        json!({ "attributes": [{ "key": "k", "value": { "intValue": "9223372036854775808" } }] }),
    );
    check(json!({ "attributes": [{ "key": "k", "value": { "bytesValue": "!" } }] }));
    for text in ["", "[", "null", "{\"resourceSpans\":[}"] {
        assert!(decode_json(text.as_bytes()).is_err(), "{text:?}");
    }
}

#[test]
fn the_fixtures_of_other_projects_decode() {
    let Some(fixtures) = std::env::var_os("SPANHOUSE_FIXTURES").map(PathBuf::from) else {
        // The fixtures are no part of the repository.
        return;
    };
    let traces =
        std::fs::read_dir(fixtures.join("jaeger/storage-integration/traces")).expect("a folder");
    let files = traces.map(|entry| entry.expect("readable").path());
    for path in files.chain([fixtures.join("otlp-proto/trace.json")]) {
        let text = std::fs::read(&path).expect("readable");
        let decoded =
            decode_json(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            decoded.batch.rows() > 0 && decoded.rejected == 0,
            "{}: {}",
            path.display(),
            decoded.reason
        );
        SpanReader::new(&decoded.batch)
            .spans()
            .expect("own text parses");
    }
}

#[test]
fn both_encodings_of_a_request_give_the_same_batch() {
    let from_json = decode_json(&fake_sink::json(5, 2)).expect("JSON");
    let from_protobuf = crate::otlp::decode_protobuf(&fake_sink::protobuf(5, 2)).expect("protobuf");
    assert_eq!(
        from_json.batch.to_record_batch(None),
        from_protobuf.batch.to_record_batch(None)
    );
    assert_eq!(from_json.reason, from_protobuf.reason);
}

proptest! {
    #[test]
    fn any_text_at_all_is_read_or_refused(text in any::<String>()) {
        let is_structured = text.trim_start().starts_with(['{', '[']);
        prop_assert!(is_structured || decode_json(text.as_bytes()).is_err());
    }
}
