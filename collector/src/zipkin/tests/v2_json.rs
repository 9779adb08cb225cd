use schemas::{SpanId, SpanKind, StatusCode, TraceId};

use super::*;
use crate::Refusal;

#[test]
fn every_field_of_a_span_is_read() {
    let span = v2_span(&json!({
        "parentId": "6b221d5bc9e6496c",
        "kind": "CLIENT",
        "name": "get /cart",
        "timestamp": 1_700_000_000_000_001_i64,
        "duration": 207,
        "localEndpoint": { "serviceName": "front", "ipv4": "127.0.0.1", "port": 8080 },
        "remoteEndpoint": { "serviceName": "back", "ipv4": "10.1.2.3", "ipv6": "2001:db8::c001", "port": 9000 },
        "annotations": [{ "timestamp": 1_700_000_000_000_005_i64, "value": "ws" }],
        "tags": { "http.path": "/cart", "error": "boom" },
        "debug": true,
        "shared": true,
    }));
    assert_eq!(span.trace_id, TraceId::parse(TRACE).expect("an id"));
    assert_eq!(span.span_id, SpanId::parse(ID).expect("an id"));
    let parent = SpanId::parse("6b221d5bc9e6496c").expect("an id");
    assert_eq!(span.parent_span_id, Some(parent));
    assert_eq!(
        (span.name.as_str(), span.kind),
        ("get /cart", SpanKind::Client)
    );
    assert_eq!(
        (span.start.0, span.duration_nano),
        (1_700_000_000_000_001_000, 207_000)
    );
    assert_eq!(shown_events(&span), "ws@1700000000000005");
    assert_eq!(
        (span.status.code, span.status.message.as_str()),
        (StatusCode::Error, "boom")
    );
    assert_eq!(shown(&span.resource.attributes), "service.name=front");
    assert_eq!(
        shown(&span.attributes),
        "http.path=/cart network.local.address=127.0.0.1 network.local.port:8080 network.peer.address=10.1.2.3 \
         network.peer.ipv6=2001:db8::c001 network.peer.port:9000 peer.service=back zipkin.debug:true \
         zipkin.shared:true"
    );
}

#[test]
fn what_zipkin_refuses_is_refused_as_a_whole() {
    let check = |fields: Value, why: &str| {
        let list = json!([with_ids(&json!({ "name": "fine" })), with_ids(&fields)]);
        let error = refusal_of(decode_v2_json, list.to_string().as_bytes());
        assert!(
            error.starts_with("not a JSON list of Zipkin v2 spans: ") && error.contains(why),
            "{fields}: {error}"
        );
    };
    let hex = "lower-case hex digits";
    check(json!({ "traceId": TRACE.to_uppercase() }), hex);
    check(json!({ "id": ID.to_uppercase() }), hex);
    check(json!({ "parentId": "A1" }), hex);
    check(
        json!({ "traceId": null }),
        "invalid type: null, expected an id",
    );
    check(json!({ "id": null }), "invalid type: null, expected an id");
    check(json!({ "id": "" }), "the id \"\" should have 1 to 16");
    check(json!({ "id": "48485a3953bb61240" }), "1 to 16");
    check(json!({ "parentId": "48485a3953bb61240" }), "1 to 16");
    check(json!({ "traceId": format!("{TRACE}0") }), "1 to 32");
    check(json!({ "id": "48485a3953bb612g" }), hex);
    check(json!({ "traceId": "4 8" }), hex);
    check(json!({ "traceId": "é" }), hex);
    check(json!({ "id": 7 }), "invalid type: integer");
    check(
        json!({ "tags": { "a": null } }),
        "invalid type: null, expected a text",
    );
    check(
        json!({ "tags": { "a": [] } }),
        "invalid type: sequence, expected a text",
    );
    check(
        json!({ "tags": [] }),
        "invalid type: sequence, expected an object of tags",
    );
    check(
        json!({ "annotations": [{ "timestamp": 1 }] }),
        "missing field `value`",
    );
    check(
        json!({ "annotations": [{ "timestamp": 1, "value": null }] }),
        "invalid type: null",
    );
    check(
        json!({ "annotations": [{ "value": "a" }] }),
        "an annotation has no timestamp",
    );
    check(
        json!({ "annotations": [{ "timestamp": null, "value": "a" }] }),
        "an annotation has no timestamp",
    );
    check(json!({ "timestamp": "noon" }), "64-bit integer");
    check(json!({ "timestamp": 0.5 }), "64-bit integer");
    check(json!({ "name": 5 }), "expected a string");
    check(json!({ "localEndpoint": "front" }), "expected an endpoint");
    check(json!({ "shared": "yes" }), "expected a boolean");
    check(json!({ "binaryAnnotations": [] }), "POST /api/v1/spans");
}

#[test]
fn a_body_that_is_no_list_of_spans_is_refused() {
    let check = |body: &[u8], why: &str| {
        let error = refusal_of(decode_v2_json, body);
        assert!(error.contains(why), "{body:?}: {error}");
    };
    check(
        with_ids(&json!({})).to_string().as_bytes(),
        "expected a list of spans",
    );
    check(b"hello", "expected value at line 1 column 1");
    check(b"[", "EOF while parsing");
    check(b"[{\"id\":\"1\"}]", "missing field `traceId`");
    check(b"[{\"traceId\":\"1\"}]", "missing field `id`");
    check(b"[null]", "invalid type: null, expected a span");
    check(b"[1]", "invalid type: integer `1`, expected a span");
    check(b"[] []", "trailing characters");
    let deep = b"[{\"x\":".repeat(100_000);
    assert!(refusal_of(decode_v2_json, &deep).contains("EOF while parsing"));
}

#[test]
fn what_zipkin_accepts_is_accepted() {
    for empty in ["", " \n", "[]", " [ ] "] {
        assert_eq!(
            decode_with(decode_v2_json, empty.as_bytes()),
            [],
            "{empty:?}"
        );
    }
    let nulls = v2_span(&json!({
        "parentId": null, "kind": null, "name": null, "timestamp": null, "duration": null,
        "localEndpoint": null, "remoteEndpoint": null, "annotations": null, "tags": null,
        "debug": null, "shared": null, "binaryAnnotations": null,
    }));
    assert_eq!(nulls, v2_span(&json!({})));
    let nothing = json!({ "serviceName": null, "ipv4": null, "ipv6": null, "port": null });
    let endpoints = json!({ "localEndpoint": nothing, "remoteEndpoint": {} });
    assert_eq!(v2_span(&endpoints), nulls);
    let zeros =
        json!({ "timestamp": 0, "duration": 0, "annotations": [], "tags": {}, "shared": false });
    assert_eq!(v2_span(&zeros), nulls);
    let unknown =
        json!({ "x": { "y": [1, null, { "z": "\u{1f600}" }] }, "localEndpoint": { "zone": "a" } });
    assert_eq!(v2_span(&unknown), nulls);
    let as_text = json!({ "timestamp": "1700000000000000", "duration": 207.0 });
    let as_number = json!({ "timestamp": 1_700_000_000_000_000_i64, "duration": 207 });
    assert_eq!(v2_span(&as_text), v2_span(&as_number));
    assert_eq!(
        shown(&v2_span(&json!({ "tags": { "empty": "" } })).attributes),
        "empty="
    );
    // Zipkin would not take the last one.
    let scalars = json!({ "tags": { "n": 200, "f": -0.5, "t": "\u{e9}", "b": true } });
    assert_eq!(
        shown(&v2_span(&scalars).attributes),
        "b=true f=-0.5 n=200 t=\u{e9}"
    );
}

#[test]
fn ids_are_padded_and_a_parent_is_another_span() {
    let check = |fields: Value, expect: [&str; 3]| {
        let span = v2_span(&fields);
        let parent = span.parent_span_id.map(|id| id.to_string());
        let ids = [
            span.trace_id.to_string(),
            span.span_id.to_string(),
            parent.unwrap_or_default(),
        ];
        assert_eq!(ids, expect, "{fields}");
    };
    let zeros = "0000000000000000";
    check(
        json!({ "traceId": "1", "id": "abc" }),
        [&format!("{zeros}0000000000000001"), "0000000000000abc", ""],
    );
    check(json!({ "traceId": ID }), [&format!("{zeros}{ID}"), ID, ""]);
    check(
        json!({ "traceId": format!("{zeros}{ID}") }),
        [&format!("{zeros}{ID}"), ID, ""],
    );
    check(
        json!({ "traceId": "1a2fb4a1d1a96d312" }),
        ["0000000000000001a2fb4a1d1a96d312", ID, ""],
    );
    check(json!({ "parentId": "b" }), [TRACE, ID, "000000000000000b"]);
    check(json!({ "parentId": ID }), [TRACE, ID, ""]);
    check(json!({ "parentId": zeros }), [TRACE, ID, ""]);
}

#[test]
fn names_are_lower_case() {
    let span = v2_span(&json!({
        "name": "GET /Straße/ÄÖ",
        "localEndpoint": { "serviceName": "FrontEnd" },
        "remoteEndpoint": { "serviceName": "订单Service" },
        "tags": { "Path": "/Cart" },
    }));
    assert_eq!(span.name, "get /straße/äö");
    assert_eq!(span.resource.service_name(), Some("frontend"));
    assert_eq!(
        shown(&span.attributes),
        "Path=/Cart peer.service=订单service"
    );
}

#[test]
fn annotations_are_ordered_and_told_once() {
    let at = |timestamp: u64, value: &str| json!({ "timestamp": timestamp, "value": value });
    let first = with_ids(&json!({ "annotations": [at(2, "b")] }));
    let second = json!([at(3, "c"), at(2, "b"), at(2, "a"), at(3, "c"), at(2, "b")]);
    let second = with_ids(&json!({ "annotations": second }));
    let spans = v2_spans(&json!([first, second, first]));
    let shown: Vec<_> = spans.iter().map(shown_events).collect();
    assert_eq!(shown, ["b@2", "a@2 b@2 c@3", "b@2"]);
}

#[test]
fn kinds_are_read_and_others_are_told() {
    let check = |kind: &str, expect: SpanKind| {
        assert_eq!(v2_span(&json!({ "kind": kind })).kind, expect, "{kind}");
    };
    check("CLIENT", SpanKind::Client);
    check("SERVER", SpanKind::Server);
    check("PRODUCER", SpanKind::Producer);
    check("CONSUMER", SpanKind::Consumer);
    check("", SpanKind::Unspecified);
    let body = json!([with_ids(&json!({ "kind": "BUTLER" }))]).to_string();
    let decoded = decode_v2_json(body.as_bytes(), ARRIVAL).expect("JSON");
    assert_eq!((decoded.batch.rows(), decoded.rejected), (1, 0));
    assert!(
        decoded.reason.starts_with("1 span kept with a kind"),
        "{}",
        decoded.reason
    );
}

#[test]
fn single_spans_are_refused_for_what_no_span_can_have() {
    let check = |fields: &str, refusal: Refusal| {
        let fine = with_ids(&json!({}));
        let body = format!("[{fine},{{\"traceId\":\"1\",\"id\":\"2\",{fields}}},{fine}]");
        let decoded = decode_v2_json(body.as_bytes(), ARRIVAL).expect("JSON");
        assert_eq!((decoded.batch.rows(), decoded.rejected), (2, 1), "{fields}");
        assert_eq!(decoded.refused[refusal as usize], 1, "{}", decoded.reason);
    };
    check(r#""traceId":"0""#, Refusal::TraceId);
    check(r#""id":"0000000000000000""#, Refusal::SpanId);
    check(r#""timestamp":9223372036854776"#, Refusal::TimeOutOfRange);
    check(
        r#""timestamp":9223372036854775,"duration":1"#,
        Refusal::TimeOutOfRange,
    );
    check(
        r#""annotations":[{"timestamp":9223372036854775807,"value":"a"}]"#,
        Refusal::TimeOutOfRange,
    );
    // Half of a character, cut off by JavaScript.
    check(r#""name":"a\ud83d""#, Refusal::NotUtf8);
    check(r#""tags":{"a":"b\ud83d"}"#, Refusal::NotUtf8);
    check(
        r#""localEndpoint":{"serviceName":"\ude00"}"#,
        Refusal::ResourceNotUtf8,
    );
}

#[test]
fn the_fault_that_stands_furthest_is_told() {
    let body = format!(r#"[{{"traceId":"{TRACE}","tags":{{"a":"\ud83d"}},"id":"X"}}]"#);
    let error = refusal_of(decode_v2_json, body.as_bytes());
    assert!(error.contains("the id \"X\""), "{error}");
}
