//! What spans of version 1 become: one line for each span of version 2.

use super::*;

fn host(service: &str) -> Value {
    match service {
        "" => Value::Null,
        "front" => json!({ "serviceName": "front", "ipv4": "127.0.0.1" }),
        "front2" => json!({ "serviceName": "front", "ipv4": "127.0.0.2", "port": 9 }),
        "back" => json!({ "serviceName": "back", "ipv4": "10.0.0.1", "port": 80 }),
        "nameless" => json!({ "ipv4": "10.9.9.9" }),
        other => json!({ "serviceName": other }),
    }
}

/// A span of annotations as `(value, host, time)` and of binary annotations as `(key, host,
/// value)`; other fields are `fields`.
fn v1_span(fields: Value, events: &[(&str, &str, u64)], binary: &[(&str, &str, Value)]) -> Value {
    let annotations = events.iter().map(|&(value, service, timestamp)| {
        json!({ "timestamp": timestamp, "value": value, "endpoint": host(service) })
    });
    let binary_annotations = binary.iter().map(
        |(key, service, value)| json!({ "key": key, "value": value, "endpoint": host(service) }),
    );
    let mut span = with_ids(&json!({
        "name": "get",
        "annotations": annotations.collect::<Vec<_>>(),
        "binaryAnnotations": binary_annotations.collect::<Vec<_>>(),
    }));
    if let (Some(span), Value::Object(fields)) = (span.as_object_mut(), fields) {
        span.extend(fields);
    }
    span
}

/// Service, kind, start + duration in microseconds, events and attributes; `now` is a start that
/// was not told.
fn shown_span(span: &Span) -> String {
    let service = span.resource.service_name().unwrap_or("-");
    let kind = span.kind.name();
    let start = if span.start == ARRIVAL {
        "now".to_owned()
    } else {
        (span.start.0 / 1_000).to_string()
    };
    let duration = span.duration_nano / 1_000;
    let events = shown_events(span);
    let attributes = shown(&span.attributes);
    let words = [
        service,
        kind,
        &format!("{start}+{duration}"),
        &events,
        &attributes,
    ];
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words
        .join(" ")
        .replace(" network.local.address=127.0.0.1", "")
        .replace(
            " network.local.address=127.0.0.2 network.local.port:9",
            "/2",
        )
        .replace(" network.local.address=10.0.0.1 network.local.port:80", "")
}

fn check(
    fields: Value,
    events: &[(&str, &str, u64)],
    binary: &[(&str, &str, Value)],
    expect: &[&str],
) {
    let list = json!([v1_span(fields, events, binary)]);
    let spans = decode_with(decode_v1_json, list.to_string().as_bytes());
    let lines: Vec<_> = spans.iter().map(shown_span).collect();
    assert_eq!(lines, expect, "{list}");
}

#[test]
fn one_side_of_a_call_is_one_span() {
    check(
        json!({}),
        &[("cs", "front", 1), ("cr", "front", 4)],
        &[],
        &["front client 1+3"],
    );
    check(
        json!({ "timestamp": 2, "duration": 7 }),
        &[("cs", "front", 1), ("cr", "front", 4)],
        &[],
        &["front client 2+7"],
    );
    check(
        json!({ "timestamp": 2 }),
        &[("cs", "front", 1), ("cr", "front", 4)],
        &[],
        &["front client 1+3"],
    );
    check(
        json!({ "timestamp": 1, "duration": 3 }),
        &[("sr", "back", 1), ("foo", "back", 2), ("ss", "back", 4)],
        &[],
        &["back server 1+3 foo@2"],
    );
    // An end before its start gives no duration.
    check(
        json!({}),
        &[("cs", "front", 4), ("cr", "front", 1)],
        &[],
        &["front client 4+0"],
    );
}

#[test]
fn a_server_that_did_not_begin_its_span_shares_it() {
    let shared = "back server 1+3 zipkin.shared:true";
    check(
        json!({}),
        &[("sr", "back", 1), ("ss", "back", 4)],
        &[],
        &[shared],
    );
    check(
        json!({ "timestamp": 1 }),
        &[("sr", "back", 1), ("ss", "back", 4)],
        &[],
        &[shared],
    );
    check(
        json!({}),
        &[("sr", "back", 1)],
        &[],
        &["back server 1+0 zipkin.shared:true"],
    );
    check(
        json!({ "timestamp": 1 }),
        &[("sr", "back", 1)],
        &[],
        &["back server 1+0"],
    );
}

#[test]
fn a_side_without_its_other_end_keeps_what_it_knows() {
    check(json!({}), &[("cs", "front", 1)], &[], &["front client 1+0"]);
    check(
        json!({ "timestamp": 1, "duration": 5 }),
        &[("cs", "front", 1)],
        &[],
        &["front client 1+5"],
    );
    check(
        json!({}),
        &[("cr", "front", 4)],
        &[],
        &["front client 4+0 cr@4"],
    );
    check(
        json!({}),
        &[("ss", "back", 4)],
        &[],
        &["back server 4+0 ss@4"],
    );
    // The start follows from an end that is the span's.
    check(
        json!({ "timestamp": 1, "duration": 3 }),
        &[("cr", "front", 4)],
        &[],
        &["front client 1+3"],
    );
    check(
        json!({ "timestamp": 1, "duration": 3 }),
        &[("ss", "back", 4)],
        &[],
        &["back server 1+3"],
    );
    check(
        json!({ "timestamp": 1, "duration": 9 }),
        &[("ss", "back", 4)],
        &[],
        &["back server 1+9 ss@4"],
    );
}

#[test]
fn a_call_of_two_hosts_becomes_two_spans() {
    let call = [
        ("cs", "front", 1),
        ("sr", "back", 2),
        ("ss", "back", 4),
        ("cr", "front", 7),
    ];
    check(
        json!({ "timestamp": 1, "duration": 6 }),
        &call,
        &[],
        &["front client 1+6", "back server 2+2 zipkin.shared:true"],
    );
    check(
        json!({}),
        &call,
        &[],
        &["front client 1+6", "back server 2+2 zipkin.shared:true"],
    );
    check(
        json!({}),
        &[call[2], call[3], call[0], call[1]],
        &[],
        &["back server 2+2 zipkin.shared:true", "front client 1+6"],
    );
    let events = [
        &call[..],
        &[
            ("seen", "back", 3),
            ("seen", "front", 3),
            ("odd", "", 5),
            ("lost", "third", 6),
        ],
    ]
    .concat();
    let tags = [
        ("path", "back", json!("/b")),
        ("path", "front", json!("/f")),
        ("of", "", json!("first")),
        ("of", "front2", json!("second")),
        ("sa", "back", json!(true)),
        ("ca", "front2", json!(true)),
    ];
    check(
        json!({ "debug": true }),
        &events,
        &tags,
        &[
            "front client 1+6 seen@3 odd@5 network.peer.address=10.0.0.1 network.peer.port:80 of=first of=second \
             path=/f peer.service=back zipkin.debug:true",
            "back server 2+2 seen@3 network.peer.address=127.0.0.2 network.peer.port:9 path=/b peer.service=front \
             zipkin.debug:true zipkin.shared:true",
            "third 6+0 lost@6 zipkin.debug:true",
        ],
    );
    // Nobody waits for the answer.
    check(
        json!({}),
        &[call[0], call[1]],
        &[],
        &["front client 1+0", "back server 2+0 zipkin.shared:true"],
    );
}

#[test]
fn a_service_that_calls_itself_has_two_sides() {
    check(
        json!({ "timestamp": 1, "duration": 6 }),
        &[
            ("cs", "front", 1),
            ("sr", "front2", 2),
            ("ss", "front2", 4),
            ("cr", "front", 7),
        ],
        &[("sa", "front2", json!(true))],
        &[
            "front client 1+6 network.peer.address=127.0.0.2 network.peer.port:9 peer.service=front",
            "front server 2+2/2 zipkin.shared:true",
        ],
    );
    check(
        json!({}),
        &[("ms", "front", 1), ("mr", "front", 5)],
        &[("ma", "kafka", json!(true))],
        &[
            "front producer 1+0 peer.service=kafka",
            "front consumer 5+0 peer.service=kafka zipkin.shared:true",
        ],
    );
}

#[test]
fn messages_have_a_producer_and_a_consumer() {
    check(
        json!({}),
        &[("ms", "front", 1)],
        &[],
        &["front producer 1+0"],
    );
    check(
        json!({}),
        &[("ms", "front", 1), ("ws", "front", 3)],
        &[],
        &["front producer 1+2"],
    );
    check(json!({}), &[("mr", "back", 5)], &[], &["back consumer 5+0"]);
    check(
        json!({}),
        &[("wr", "back", 4), ("mr", "back", 5)],
        &[],
        &["back consumer 4+1"],
    );
    check(
        json!({ "timestamp": 1, "duration": 9 }),
        &[("wr", "back", 4), ("mr", "back", 5)],
        &[],
        &["back consumer 1+9"],
    );
    check(
        json!({}),
        &[
            ("ms", "front", 1),
            ("ws", "front", 2),
            ("wr", "back", 4),
            ("mr", "back", 9),
        ],
        &[("ma", "kafka", json!(true))],
        &[
            "front producer 1+1 peer.service=kafka",
            "back consumer 4+5 peer.service=kafka zipkin.shared:true",
        ],
    );
    check(
        json!({ "timestamp": 1 }),
        &[("ws", "front", 2), ("wr", "front", 3)],
        &[],
        &["front 1+0 ws@2 wr@3"],
    );
}

#[test]
fn addresses_tell_the_other_side() {
    let truth = || json!(true);
    check(
        json!({ "timestamp": 1 }),
        &[],
        &[("sa", "back", truth())],
        &["- 1+0 network.peer.address=10.0.0.1 network.peer.port:80 peer.service=back"],
    );
    check(
        json!({ "timestamp": 1 }),
        &[],
        &[("ca", "third", truth())],
        &["- server 1+0 peer.service=third"],
    );
    check(
        json!({ "timestamp": 1 }),
        &[],
        &[("ca", "third", truth()), ("sa", "fourth", truth())],
        &["third 1+0 peer.service=fourth"],
    );
    check(
        json!({ "timestamp": 1, "duration": 2 }),
        &[],
        &[("lc", "front", json!("")), ("sa", "third", truth())],
        &["front 1+2 peer.service=third"],
    );
    check(
        json!({}),
        &[("cs", "front", 1)],
        &[("sa", "front2", truth())],
        &["front client 1+0 network.peer.address=127.0.0.2 network.peer.port:9 peer.service=front"],
    );
    check(
        json!({}),
        &[("cr", "front", 1)],
        &[("sa", "third", truth())],
        &["front client 1+0 cr@1 peer.service=third"],
    );
    // A server's own name for the socket of its client.
    check(
        json!({ "timestamp": 1 }),
        &[("sr", "front", 1)],
        &[("ca", "front2", truth())],
        &["front server 1+0 network.peer.address=127.0.0.2 network.peer.port:9"],
    );
    check(
        json!({ "timestamp": 1 }),
        &[("sr", "front", 1)],
        &[("ca", "front", truth())],
        &["front server 1+0"],
    );
    check(
        json!({ "timestamp": 1 }),
        &[("ss", "back", 1)],
        &[("ca", "third", truth())],
        &["back server 1+0 ss@1 peer.service=third"],
    );
}

#[test]
fn spans_within_a_service_have_no_kind() {
    check(
        json!({ "timestamp": 1, "duration": 2 }),
        &[],
        &[("lc", "front", json!("finatra"))],
        &["front 1+2 lc=finatra"],
    );
    check(
        json!({ "timestamp": 1, "duration": 2 }),
        &[],
        &[("lc", "", json!("finatra"))],
        &["- 1+2 lc=finatra"],
    );
    check(
        json!({}),
        &[("b", "front", 4), ("a", "front", 2)],
        &[],
        &["front 2+0 a@2 b@4"],
    );
    check(json!({}), &[], &[], &["- now+0"]);
    check(
        json!({}),
        &[("a", "nameless", 4)],
        &[],
        &["- 4+0 a@4 network.local.address=10.9.9.9"],
    );
}

#[test]
fn a_stage_without_a_host_is_an_annotation() {
    check(json!({}), &[("cs", "", 1)], &[], &["- 1+0 cs@1"]);
    check(
        json!({ "timestamp": 1 }),
        &[("sr", "", 1), ("ss", "", 2)],
        &[],
        &["- 1+0 sr@1 ss@2"],
    );
}

#[test]
fn values_become_tags() {
    let binary = [
        ("text", "front", json!("t")),
        ("number", "front", json!(7)),
        ("double", "front", json!(0.5)),
        ("true", "front", json!(true)),
        ("none", "front", Value::Null),
        ("sa", "back", json!(false)),
        ("ca", "", json!(true)),
        ("ma", "front", json!("text")),
    ];
    check(
        json!({ "timestamp": 1 }),
        &[],
        &binary,
        &["front 1+0 double=0.5 ma=text number=7 text=t true=true"],
    );
}

#[test]
fn many_hosts_are_no_work() {
    let names: Vec<_> = (0..20_000)
        .map(|number| format!("service{number}"))
        .collect();
    let mut events: Vec<_> = names.iter().map(|name| ("a", name.as_str(), 1)).collect();
    events.extend(names.iter().map(|name| ("b", name.as_str(), 2)));
    let list = json!([v1_span(json!({}), &events, &[])]);
    let spans = decode_with(decode_v1_json, list.to_string().as_bytes());
    assert_eq!(spans.len(), 20_000);
    assert!(spans.iter().all(|span| shown_events(span) == "a@1 b@2"));
}
