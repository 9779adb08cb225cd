//! What is refused, alone or as a whole, and how it is told.

use super::*;

/// The span is refused alone, for this reason.
pub(super) fn check_refused(span: &Value, refusal: Refusal, expect: &str) {
    let body = json!([span, super::span(json!({}))]).to_string();
    let decoded = decode(body.as_bytes()).expect(&body);
    assert_eq!(decoded.batch.rows(), 1, "{body}");
    let [detail] = decoded.details.as_slice() else {
        panic!("{body}: {:?}", decoded.details);
    };
    assert!(detail.contains(expect), "{detail} lacks {expect}");
    assert_eq!(decoded.refused[refusal as usize], 1, "{body}");
}

/// Valid spans with these changes are refused alone.
fn check<const N: usize>(refusal: Refusal, changes: [(Value, &str); N]) {
    for (changes, expect) in changes {
        check_refused(&span(changes), refusal, expect);
    }
}

#[test]
fn paths_from_elsewhere_than_the_root_are_refused() {
    let too_deep = format!("0{}", ".1".repeat(256));
    check(
        Refusal::CallPath,
        [
            (
                json!({"spanId": "0..1"}),
                "span 1 (spanId \"0..1\"): an empty part",
            ),
            (
                json!({"spanId": "01"}),
                "span 1 (spanId \"01\"): a leading zero",
            ),
            (
                json!({"spanId": "1"}),
                "span 1 (spanId \"1\"): it does not start at 0",
            ),
            (
                json!({"spanId": "0.x"}),
                "span 1 (spanId \"0.x\"): not a number",
            ),
            (json!({"spanId": too_deep}), "too deep: at most 256 parts"),
        ],
    );
}

#[test]
fn trace_ids_that_are_none_are_refused() {
    check(
        Refusal::TraceId,
        [
            (json!({"traceId": ""}), "an empty traceId"),
            (json!({"traceId": 0}), "a traceId of zeros only"),
            (json!({"traceId": "0"}), "a traceId of zeros only"),
            (
                json!({"traceId": "0".repeat(16)}),
                "a traceId of zeros only",
            ),
            (
                json!({"traceId": "0".repeat(32)}),
                "a traceId of zeros only",
            ),
            (
                json!({"traceId": "ü".repeat(129)}),
                "more than 128 characters",
            ),
        ],
    );
    for trace_id in [json!(-1), json!(1.5), json!([]), json!(true)] {
        let changes = json!({"traceId": trace_id});
        check(Refusal::Field, [(changes, "expected a trace id")]);
    }
}

#[test]
fn times_that_are_none_are_refused() {
    for time in [
        json!("soon"),
        json!(""),
        json!("+1"),
        json!(-1),
        json!(1.5),
        json!("0".repeat(20)),
    ] {
        check(
            Refusal::Field,
            [(json!({"start": time}), "expected nanoseconds")],
        );
    }
    check(
        Refusal::Field,
        [
            (json!({"start": null}), "duration without start"),
            (json!({"duration": null}), "start without duration"),
            (json!({"start": null, "duration": null}), "no times"),
            (
                json!({"annotations": {"cs": [{"time": 1}]}}),
                "expected nanoseconds",
            ),
        ],
    );
    check(
        Refusal::TimeOutOfRange,
        [
            (json!({"start": i64::MAX}), "its end is after the year 2262"),
            (
                json!({"duration": u64::MAX}),
                "its end is after the year 2262",
            ),
            (
                json!({"annotations": {"e": [{"time": u64::MAX}]}}),
                "e is after",
            ),
            (json!({"annotations": {"sr": u64::MAX}}), "sr is after"),
        ],
    );
}

#[test]
fn fields_that_are_missing_unknown_or_of_another_type_are_refused() {
    check(
        Refusal::Field,
        [
            (json!({"traceId": null}), "missing field `traceId`"),
            (json!({"spanId": null}), "missing field `spanId`"),
            (json!({"name": null}), "missing field `name`"),
            (json!({"kind": "CLIENT"}), "unknown variant `CLIENT`"),
            (json!({"status": "failed"}), "unknown variant `failed`"),
            (json!({"status": {"code": 2}}), "expected a text"),
            (json!({"tags": {}}), "unknown field `tags`"),
            (json!({"local": ["shop"]}), "expected an object"),
            (json!({"remote": {"port": 65_536}}), "expected u16"),
            (json!({"service": "a", "local": {"service": "b"}}), "differ"),
            (
                json!({"annotations": {"cart": {"items": 3}}}),
                "array of timed events",
            ),
            (json!({"annotations": {"cart": [1]}}), "expected an object"),
            (
                json!({"annotations": {"cart": [{"value": 1}]}}),
                "missing field `time`",
            ),
        ],
    );
    for other in [
        json!(3),
        json!([]),
        json!("span"),
        json!(null),
        json!([["t", "0", "n"]]),
    ] {
        check_refused(&other, Refusal::Field, "span 1: invalid type");
    }
}

#[test]
fn what_is_json_but_no_span_does_not_spoil_its_neighbours() {
    let good = span(json!({})).to_string();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let surrogate =
        r#"{"spanId": "0.7", "name": "\ud800", "traceId": "1", "start": 1, "duration": 1}"#;
    let twice =
        r#"{"spanId": "0", "name": "a", "name": "b", "traceId": "1", "start": 1, "duration": 1}"#;
    let huge = r#"{"spanId": "0", "name": "a", "traceId": "1", "start": 1, "duration": 1, "annotations": {"n": 1e999}}"#;
    for (bad, expect) in [
        (deep.as_str(), "span 2: invalid type"),
        (surrogate, "span 2: unexpected end of hex escape"),
        (twice, "span 2: duplicate field `name`"),
        (huge, "span 2 (spanId \"0\"): number out of range"),
    ] {
        for body in [
            format!("[{good}, {bad} ,{good}]"),
            format!("{good}\n{bad}\n\n{good}\n"),
        ] {
            let decoded = decode(body.as_bytes()).expect("JSON");
            assert_eq!((decoded.batch.rows(), decoded.rejected), (2, 1));
            assert!(
                decoded.details[0].starts_with(expect),
                "{}",
                decoded.details[0]
            );
        }
    }
    let mut not_utf8 = format!("{good}\n").into_bytes();
    not_utf8.extend(br#"{"spanId": "0", "name": ""#);
    not_utf8.extend([0xff]);
    not_utf8.extend(br#"", "traceId": "1", "start": 1, "duration": 1}"#);
    let decoded = decode(&not_utf8).expect("JSON");
    assert_eq!((decoded.batch.rows(), decoded.rejected), (1, 1));
}

#[test]
fn what_is_not_json_is_refused_as_a_whole() {
    let good = span(json!({})).to_string();
    let check = |body: &str, expect: &str| {
        let error = decode(body.as_bytes()).expect_err(body).to_string();
        assert!(error.contains(expect), "{body}: {error}");
    };
    check("", "the body is empty");
    check(" \n", "the body is empty");
    check("spans", "line 1 column 1");
    check(&format!("[{good}"), "EOF while parsing a list");
    check(&format!("[{good},]"), "expected value");
    check(&format!("[,{good}]"), "expected value");
    check(&format!("[{good} {good}]"), "expected `,` or `]`");
    check(&format!("[{good}] {good}"), "trailing characters");
    check(&format!("[{good}\u{c}]"), "expected `,` or `]`");
    check(&format!("{good},{good}"), "expected value");
    check(
        &format!("{good}\n{{\"traceId\": }}\n{good}"),
        "line 2 column 13",
    );
    check(
        &format!("{good}\n{{\"traceId\": \"1\""),
        "EOF while parsing an object at line 2",
    );
    check("3x", "trailing characters");
}

#[test]
fn many_refusals_are_counted_and_the_first_are_told_in_short() {
    let long = "x".repeat(10_000);
    let body = vec![span(json!({"spanId": long, &long: 1})); 150];
    let decoded = decode(json!(body).to_string().as_bytes()).expect("JSON");
    assert_eq!((decoded.rejected, decoded.details.len()), (150, 100));
    assert!(decoded.details.iter().all(|detail| detail.len() < 450));
    assert!(decoded.details[99].starts_with("span 100 (spanId \"xxx"));
}
