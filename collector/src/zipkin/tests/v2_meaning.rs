//! What times, tags and endpoints become.

use schemas::StatusCode;

use super::*;

#[test]
fn a_span_without_timestamp_begins_with_what_is_known() {
    const T: i64 = 1_700_000_000_000_000;
    let check = |fields: Value, others: Value, expect: (i64, i64)| {
        let mut list = vec![with_ids(&fields)];
        list.extend(others.as_array().expect("a list").iter().map(with_ids));
        let span = v2_spans(&Value::from(list)).remove(0);
        assert_eq!(
            (span.start.0, span.duration_nano),
            expect,
            "{fields} {others}"
        );
    };
    let arrival = ARRIVAL.0;
    check(json!({}), json!([]), (arrival, 0));
    check(json!({ "duration": 5 }), json!([]), (arrival, 5_000));
    check(
        json!({ "timestamp": T }),
        json!([{ "id": "1", "timestamp": 1 }]),
        (T * 1_000, 0),
    );
    let annotations =
        json!([{ "timestamp": T + 7, "value": "b" }, { "timestamp": T + 3, "value": "a" }]);
    check(
        json!({ "annotations": annotations, "duration": 2 }),
        json!([{ "id": "1", "timestamp": 1 }]),
        ((T + 3) * 1_000, 2_000),
    );
    // Of its own trace only.
    let others = json!([
        { "id": "1", "timestamp": T + 9 },
        { "id": "2", "timestamp": T + 8 },
        { "id": "3", "timestamp": T, "traceId": "1" },
    ]);
    check(json!({}), others, ((T + 8) * 1_000, 0));
    check(
        json!({}),
        json!([{ "annotations": annotations }]),
        ((T + 3) * 1_000, 0),
    );
    check(
        json!({ "timestamp": -1, "duration": -1 }),
        json!([]),
        (arrival, 0),
    );
    // An annotation that does not know its time happens at the start.
    check(
        json!({ "annotations": [{ "timestamp": 0, "value": "a" }] }),
        json!([]),
        (arrival, 0),
    );
}

#[test]
fn tags_tell_the_status() {
    let check = |tags: Value, expect: (StatusCode, &str), attributes: &str| {
        let span = v2_span(&json!({ "tags": tags }));
        let status = (span.status.code, span.status.message.as_str());
        assert_eq!(
            (status, shown(&span.attributes).as_str()),
            (expect, attributes),
            "{tags}"
        );
    };
    use StatusCode::{Error, Ok, Unset};
    check(json!({}), (Unset, ""), "");
    check(json!({ "error": "" }), (Error, ""), "");
    check(json!({ "error": "true" }), (Error, ""), "");
    check(json!({ "error": "True" }), (Error, ""), "");
    check(json!({ "error": "timeout" }), (Error, "timeout"), "");
    check(json!({ "error": "false" }), (Unset, ""), "error=false");
    check(json!({ "otel.status_code": "OK" }), (Ok, ""), "");
    check(
        json!({ "otel.status_code": "ERROR", "error": "x" }),
        (Error, "x"),
        "",
    );
    check(json!({ "otel.status_code": "UNSET" }), (Unset, ""), "");
    check(
        json!({ "otel.status_code": "FINE" }),
        (Unset, ""),
        "otel.status_code=FINE",
    );
    check(
        json!({ "error": "x", "otel.status_code": "ERROR", "otel.status_description": "x" }),
        (Error, "x"),
        "",
    );
    check(
        json!({ "error": "x", "otel.status_code": "ERROR", "otel.status_description": "y" }),
        (Error, "y"),
        "error=x",
    );
    check(
        json!({ "error": "x", "otel.status_code": "OK" }),
        (Ok, ""),
        "error=x",
    );
}

#[test]
fn tags_tell_scope_and_trace_state() {
    let span = v2_span(&json!({ "tags": {
        "otel.scope.name": "http", "otel.library.name": "http", "otel.scope.version": "1.2",
        "otel.library.version": "1.3", "w3c.tracestate": "a=b",
    }}));
    assert_eq!(
        (span.scope.name.as_str(), span.scope.version.as_str()),
        ("http", "1.3")
    );
    assert_eq!(span.trace_state, "a=b");
    assert_eq!(shown(&span.attributes), "otel.scope.version=1.2");
}

#[test]
fn owners_change_from_span_to_span() {
    let of = |service: Value, scope: Value| {
        let local = json!({ "serviceName": service });
        with_ids(&json!({ "localEndpoint": local, "tags": { "otel.scope.name": scope } }))
    };
    let list = json!([
        with_ids(&json!({})),
        of(json!("a"), json!("x")),
        of(json!("a"), json!("y")),
        of(json!("b"), json!("y")),
        with_ids(&json!({})),
    ]);
    let owners = v2_spans(&list).into_iter().map(|span| {
        let service = span.resource.service_name().unwrap_or("-").to_owned();
        format!("{service}{}", span.scope.name)
    });
    assert_eq!(owners.collect::<Vec<_>>(), ["-", "ax", "ay", "by", "-"]);
}

#[test]
fn endpoints_become_attributes() {
    let check = |endpoint: Value, expect: &str| {
        let span = v2_span(&json!({ "remoteEndpoint": endpoint }));
        assert_eq!(shown(&span.attributes), expect, "{endpoint}");
    };
    check(json!({ "ipv4": "1.2.3.4" }), "network.peer.address=1.2.3.4");
    check(
        json!({ "ipv6": "2001:DB8:0:0::c001" }),
        "network.peer.address=2001:db8::c001",
    );
    check(
        json!({ "ipv6": "::ffff:1.2.3.4" }),
        "network.peer.address=1.2.3.4",
    );
    check(json!({ "ipv4": "::1" }), "network.peer.address=::1");
    check(
        json!({ "ipv4": "db.example" }),
        "network.peer.address=db.example",
    );
    check(
        json!({ "ipv6": "::1", "ipv4": "1.2.3.4" }),
        "network.peer.address=1.2.3.4 network.peer.ipv6=::1",
    );
    check(json!({ "port": 65_535 }), "network.peer.port:65535");
    check(json!({ "port": 0 }), "");
    check(json!({ "port": -1 }), "");
    check(json!({ "serviceName": "" }), "");
}

#[test]
fn a_tag_that_repeats_an_endpoint_is_told_once() {
    let check = |tags: Value, expect: &str| {
        let remote = json!({ "serviceName": "db", "ipv4": "1.2.3.4", "port": 5432 });
        let span = v2_span(&json!({ "remoteEndpoint": remote, "tags": tags }));
        assert_eq!(shown(&span.attributes), expect, "{tags}");
    };
    let all = "network.peer.address=1.2.3.4 network.peer.port:5432 peer.service=db";
    check(json!({}), all);
    check(
        json!({ "peer.service": "db", "network.peer.address": "1.2.3.4", "network.peer.port": "5432" }),
        all,
    );
    check(
        json!({ "peer.service": "Db", "network.peer.port": "" }),
        "network.peer.address=1.2.3.4 network.peer.port:5432 network.peer.port= peer.service=Db peer.service=db",
    );
}
