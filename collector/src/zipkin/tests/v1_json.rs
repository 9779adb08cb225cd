use super::*;

#[test]
fn what_zipkin_refuses_is_refused_as_a_whole() {
    let check = |fields: Value, why: &str| {
        let list = json!([with_ids(&json!({})), with_ids(&fields)]);
        let error = refusal_of(decode_v1_json, list.to_string().as_bytes());
        assert!(
            error.starts_with("not a JSON list of Zipkin v1 spans: ") && error.contains(why),
            "{fields}: {error}"
        );
    };
    check(json!({ "tags": {} }), "POST /api/v2/spans");
    check(
        json!({ "localEndpoint": { "serviceName": "a" } }),
        "POST /api/v2/spans",
    );
    check(json!({ "remoteEndpoint": {} }), "POST /api/v2/spans");
    check(json!({ "traceId": null }), "expected an id");
    check(json!({ "id": "ABCD" }), "lower-case hex digits");
    check(json!({ "parentId": "BADID" }), "lower-case hex digits");
    check(
        json!({ "annotations": [{ "timestamp": 1 }] }),
        "missing field `value`",
    );
    check(
        json!({ "annotations": [{ "value": "cs" }] }),
        "an annotation has no timestamp",
    );
    check(
        json!({ "binaryAnnotations": [{ "value": "a" }] }),
        "missing field `key`",
    );
    check(
        json!({ "binaryAnnotations": [{ "key": null }] }),
        "expected a string",
    );
    check(
        json!({ "binaryAnnotations": [{ "key": "a", "value": [] }] }),
        "expected a text",
    );
    let single = with_ids(&json!({})).to_string();
    assert!(refusal_of(decode_v1_json, single.as_bytes()).contains("expected a list of spans"));
    assert!(refusal_of(decode_v1_json, b"[{\"id\":\"1\"}]").contains("missing field `traceId`"));
}

#[test]
fn what_zipkin_accepts_is_accepted() {
    for empty in ["", "[]"] {
        assert_eq!(decode_with(decode_v1_json, empty.as_bytes()), []);
    }
    let one = |fields: Value| {
        let list = json!([with_ids(&fields)]).to_string();
        decode_with(decode_v1_json, list.as_bytes()).remove(0)
    };
    let nulls = one(json!({
        "parentId": null, "name": null, "timestamp": null, "duration": null, "annotations": null,
        "binaryAnnotations": null, "debug": null, "tags": null, "localEndpoint": null,
        "remoteEndpoint": null, "unknown": { "x": [1] },
    }));
    assert_eq!(nulls, one(json!({})));
    let annotations = json!([{ "timestamp": 5, "value": "a", "endpoint": null, "unknown": 1 }]);
    assert_eq!(
        shown_events(&one(json!({ "annotations": annotations }))),
        "a@5"
    );
    let empty_host = json!([{ "timestamp": 5, "value": "cs", "endpoint": { "serviceName": "" } }]);
    assert_eq!(
        shown_events(&one(json!({ "annotations": empty_host }))),
        "cs@5"
    );
}

#[test]
fn ids_names_and_debug_are_those_of_version_2() {
    let endpoint = json!({ "serviceName": "FRONT" });
    let span = with_ids(&json!({
        "traceId": "1",
        "parentId": "2",
        "name": "GET",
        "debug": true,
        "annotations": [{ "timestamp": 5, "value": "cs", "endpoint": endpoint }],
        "binaryAnnotations": [{ "key": "error", "value": "boom", "endpoint": endpoint }],
    }));
    let v1 = decode_with(decode_v1_json, json!([span]).to_string().as_bytes());
    let v2 = v2_span(&json!({
        "traceId": "1", "parentId": "2", "name": "get", "kind": "CLIENT", "timestamp": 5, "debug": true,
        "localEndpoint": { "serviceName": "front" }, "tags": { "error": "boom" },
    }));
    assert_eq!(v1, [v2]);
}
