//! Tags that stand for a span's own fields, and logs that are events.

use super::sent::Tag;
use super::*;

fn with_tags(tags: &[Tag]) -> Span {
    land_one(Sent {
        tags: tags.to_vec(),
        ..plain()
    })
}

#[test]
fn a_status_is_told_by_tags_that_then_are_gone() {
    let check = |tags: &[Tag], expect: (StatusCode, &str), left: &[(&str, AttributeValue)]| {
        let span = with_tags(tags);
        let (code, message) = (span.status.code, span.status.message.as_str());
        assert_eq!((code, message), expect, "{tags:?}");
        assert_eq!(span.attributes, attributes(left), "{tags:?}");
    };
    let error = |value| ("error".to_owned(), value);
    let truth = |truth| error(TagValue::Bool(truth));
    check(&[truth(true)], (StatusCode::Error, ""), &[]);
    check(&[text("error", "true")], (StatusCode::Error, ""), &[]);
    check(
        &[truth(false)],
        (StatusCode::Unset, ""),
        &[("error", AttributeValue::Bool(false))],
    );
    check(
        &[text("error", "timeout")],
        (StatusCode::Unset, ""),
        &[("error", string("timeout"))],
    );
    check(
        &[error(TagValue::Long(1))],
        (StatusCode::Unset, ""),
        &[("error", AttributeValue::Int(1))],
    );
    let described = text("otel.status_description", "why");
    check(
        &[text("otel.status_code", "ERROR"), described.clone()],
        (StatusCode::Error, "why"),
        &[],
    );
    check(&[text("otel.status_code", "ok")], (StatusCode::Ok, ""), &[]);
    check(
        &[text("otel.status_code", "UNSET"), described],
        (StatusCode::Unset, "why"),
        &[("otel.status_code", string("UNSET"))],
    );
    // The tag `error` has the last word; what it overrules is kept.
    check(
        &[text("otel.status_code", "OK"), truth(true)],
        (StatusCode::Error, ""),
        &[("otel.status_code", string("OK"))],
    );
    check(
        &[
            text("otel.status_code", "OK"),
            text("otel.status_code", "ERROR"),
        ],
        (StatusCode::Ok, ""),
        &[("otel.status_code", string("ERROR"))],
    );
}

#[test]
fn a_kind_is_told_by_a_tag_that_then_is_gone() {
    for kind in SpanKind::ALL {
        let span = with_tags(&[text("span.kind", kind.name())]);
        assert_eq!(span.kind, kind);
        let is_left = kind == SpanKind::Unspecified;
        assert_eq!(span.attributes.0.len(), usize::from(is_left), "{kind:?}");
    }
    let span = with_tags(&[
        text("span.kind", "client"),
        text("span.kind", "client"),
        text("span.kind", "server"),
        ("span.kind".to_owned(), TagValue::Long(1)),
    ]);
    assert_eq!(span.kind, SpanKind::Client);
    let left = [
        ("span.kind", string("server")),
        ("span.kind", AttributeValue::Int(1)),
    ];
    assert_eq!(span.attributes, attributes(&left));
}

#[test]
fn scopes_are_told_by_tags_of_each_span() {
    let with_scope = |span_id, tags: &[Tag]| Sent {
        span_id,
        tags: tags.to_vec(),
        ..plain()
    };
    let old = [
        text("otel.library.name", "grpc"),
        text("otel.library.version", "2"),
    ];
    let both = [
        text("otel.scope.name", "grpc"),
        text("otel.library.name", "grpc"),
    ];
    let differing = [
        text("otel.scope.name", "grpc"),
        text("otel.library.name", "http"),
    ];
    let landed = land(&Batch::of(vec![
        with_scope(1, &[]),
        with_scope(2, &old),
        with_scope(3, &both),
        with_scope(4, &differing),
        with_scope(5, &[]),
    ]));
    let scopes: Vec<_> = landed
        .iter()
        .map(|span| (span.scope.name.as_str(), span.scope.version.as_str()))
        .collect();
    let expect = [
        ("", ""),
        ("grpc", "2"),
        ("grpc", ""),
        ("grpc", ""),
        ("", ""),
    ];
    assert_eq!(scopes, expect);
    let left: Vec<_> = landed.iter().map(|span| span.attributes.0.len()).collect();
    assert_eq!(left, [0, 0, 0, 1, 0]);
}

#[test]
fn the_field_event_or_else_message_names_an_event() {
    let check = |fields: &[Tag], name: &str, left: &[(&str, AttributeValue)]| {
        let span = land_one(Sent {
            logs: vec![(1_700_000_000_000_002, fields.to_vec())],
            ..plain()
        });
        let [event] = span.events.as_slice() else {
            panic!("{fields:?}: one event");
        };
        assert_eq!(event.name, name, "{fields:?}");
        assert_eq!(event.attributes, attributes(left), "{fields:?}");
        assert_eq!(event.time, UnixNanos(1_700_000_000_000_002_000));
    };
    check(&[], "", &[]);
    check(&[text("event", "a")], "a", &[]);
    check(
        &[text("level", "info"), text("message", "a")],
        "a",
        &[("level", string("info"))],
    );
    check(
        &[text("message", "m"), text("event", "e")],
        "e",
        &[("message", string("m"))],
    );
    // A name that would hide fields leaves them as they are.
    check(
        &[text("event", "a"), text("event", "b")],
        "a",
        &[("event", string("a")), ("event", string("b"))],
    );
    let number = ("event".to_owned(), TagValue::Long(5));
    check(
        &[number, text("message", "m")],
        "",
        &[("event", AttributeValue::Int(5)), ("message", string("m"))],
    );
    check(
        &[text("message", "m"), text("message", "n")],
        "",
        &[("message", string("m")), ("message", string("n"))],
    );
    check(&[text("event", "")], "", &[("event", string(""))]);
}

#[test]
fn flags_beyond_the_sampled_one_are_kept_as_an_attribute() {
    let check = |flags: u32, expect: u32, left: &[(&str, AttributeValue)]| {
        let span = land_one(Sent { flags, ..plain() });
        assert_eq!((span.flags, span.attributes), (expect, attributes(left)));
    };
    check(0, 0, &[]);
    check(1, 1, &[]);
    check(2, 0, &[("jaeger.flags", AttributeValue::Int(2))]);
    check(9, 1, &[("jaeger.flags", AttributeValue::Int(9))]);
    check(
        u32::MAX,
        1,
        &[("jaeger.flags", AttributeValue::Int(4_294_967_295))],
    );
}

#[test]
fn a_value_of_an_unknown_type_is_the_value_that_there_is() {
    let mut message = Batch::of(vec![plain()]).message();
    let span = &mut message.batch.as_mut().expect("there").spans[0];
    let unknown = |v_str: &str, v_int64| messages::KeyValue {
        key: b"k".to_vec(),
        v_type: 9,
        v_str: v_str.as_bytes().to_vec(),
        v_int64,
        ..messages::KeyValue::default()
    };
    span.tags = vec![unknown("text", 0), unknown("", 3), unknown("", 0)];
    let decoded = decode_protobuf(&prost::Message::encode_to_vec(&message)).expect("a request");
    let left = [
        ("k", string("text")),
        ("k", AttributeValue::Int(3)),
        ("k", AttributeValue::Empty),
    ];
    assert_eq!(spans(&decoded)[0].attributes, attributes(&left));
}
