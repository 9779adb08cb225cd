//! Halves of calls: by stages, by kinds, and their ids.

use super::refused::check_refused;
use super::*;

fn stages(cs: u64, sr: u64, ss: u64, cr: u64) -> Value {
    json!({"cs": cs, "sr": sr, "ss": ss, "cr": cr})
}

/// The spans of a record that has no times but these stages.
fn decode_stages(kind: Option<&str>, annotations: &Value) -> Vec<Span> {
    let record = span(json!({
        "start": null,
        "duration": null,
        "kind": kind,
        "service": "shop",
        "remote": {"service": "stock", "address": "10.0.3.12", "port": 8443},
        "local": {"address": "10.0.0.7"},
        "status": "error",
        "annotations": annotations,
    }));
    spans(&record.to_string())
}

fn times(spans: &[Span]) -> Vec<(SpanKind, i64, i64)> {
    let times = spans
        .iter()
        .map(|span| (span.kind, span.start.0, span.duration_nano));
    times.collect()
}

#[test]
fn a_record_with_all_stages_becomes_both_halves() {
    let both = decode_stages(Some("client"), &stages(10, 20, 30, 50));
    assert_eq!(
        times(&both),
        [(SpanKind::Client, 10, 40), (SpanKind::Server, 20, 10)]
    );
    let [client, server] = both.as_slice() else {
        panic!("two halves");
    };
    assert_eq!(server.parent_span_id, Some(client.span_id));
    assert_eq!(
        (&client.call_path, &client.name),
        (&server.call_path, &server.name)
    );
    assert_eq!(
        client.resource.attributes.get_str("service.name"),
        Some("shop")
    );
    assert_eq!(
        server.resource.attributes.get_str("service.name"),
        Some("stock")
    );
    assert_eq!(
        (client.status.code, server.status.code),
        (StatusCode::Error, StatusCode::Unset)
    );
    assert_eq!(server.attributes.get_str("peer.service"), Some("shop"));
    assert_eq!(
        server.attributes.get_str("network.peer.address"),
        Some("10.0.0.7")
    );
    assert_eq!(
        server.attributes.get_str("network.local.address"),
        Some("10.0.3.12")
    );
    assert_eq!(
        server.attributes.get("network.local.port"),
        Some(&AttributeValue::Int(8443))
    );
    assert!(client.events.is_empty() && server.events.is_empty());

    // The other half is what the other side alone would have sent.
    let no_kind = decode_stages(None, &stages(10, 20, 30, 50));
    assert_eq!(no_kind, both);
    let of_server = decode_stages(Some("server"), &stages(10, 20, 30, 50));
    assert_eq!(
        times(&of_server),
        [(SpanKind::Server, 20, 10), (SpanKind::Client, 10, 40)]
    );
    assert_eq!(of_server[0].span_id, server.span_id);
    assert_eq!(of_server[1].span_id, client.span_id);
    let queue = decode_stages(Some("consumer"), &stages(10, 20, 30, 50));
    assert_eq!(
        times(&queue),
        [(SpanKind::Consumer, 20, 10), (SpanKind::Producer, 10, 40)]
    );
}

#[test]
fn the_stages_of_one_side_are_its_times() {
    let check = |kind: Option<&str>, annotations: Value, expect: (SpanKind, i64, i64)| {
        assert_eq!(times(&decode_stages(kind, &annotations)), [expect]);
    };
    check(
        None,
        json!({"cs": 10, "cr": "50"}),
        (SpanKind::Client, 10, 40),
    );
    check(
        None,
        json!({"sr": 10, "ss": 50}),
        (SpanKind::Server, 10, 40),
    );
    check(
        Some("producer"),
        json!({"cs": 10, "cr": 10}),
        (SpanKind::Producer, 10, 0),
    );
    check(
        Some("internal"),
        json!({"sr": 10, "ss": 50}),
        (SpanKind::Internal, 10, 40),
    );
    for (kind, annotations) in [
        ("client", json!({"sr": 10, "ss": 50})),
        ("server", json!({"cs": 10, "cr": 50})),
        ("server", json!({"sr": 10})),
    ] {
        let record = span(
            json!({"start": null, "duration": null, "kind": kind, "annotations": annotations}),
        );
        check_refused(
            &record,
            Refusal::Field,
            "no times: send start and duration, or the stages",
        );
    }
    let backwards =
        span(json!({"start": null, "duration": null, "annotations": stages(10, 30, 20, 50)}));
    check_refused(&backwards, Refusal::EndBeforeStart, "ss is before sr");
}

#[test]
fn stages_that_are_no_start_and_no_end_are_events() {
    let events = |span: &Span| -> Vec<(String, i64)> {
        let events = span
            .events
            .iter()
            .map(|event| (event.name.clone(), event.time.0));
        events.collect()
    };
    let of = |names: &[(&str, i64)]| -> Vec<(String, i64)> {
        names
            .iter()
            .map(|(name, time)| ((*name).to_owned(), *time))
            .collect()
    };
    let three = decode_stages(None, &json!({"cs": 10, "sr": 20, "cr": 50}));
    assert_eq!(events(&three[0]), of(&[("sr", 20)]));
    // Times that are sent count more than stages, which are then kept as they are.
    let record = span(json!({"kind": "server", "annotations": stages(10, 20, 30, 50)}));
    let both = spans(&record.to_string());
    assert_eq!(
        times(&both),
        [
            (SpanKind::Server, 1_785_000_000_000_000_000, 5_000),
            (SpanKind::Client, 10, 40)
        ]
    );
    assert_eq!(events(&both[0]), of(&[("sr", 20), ("ss", 30)]));
    // A span that is no call has no other half.
    let internal = decode_stages(Some("internal"), &stages(10, 20, 30, 50));
    assert_eq!(times(&internal), [(SpanKind::Internal, 20, 10)]);
    assert_eq!(events(&internal[0]), of(&[("cs", 10), ("cr", 50)]));
}

#[test]
fn parents_are_found_by_path_and_side() {
    let id = |path: &str, kind: &str| {
        let span = decode_one(json!({"spanId": path, "kind": kind}));
        (span.span_id, span.parent_span_id)
    };
    for root in ["server", "client", "internal", "consumer"] {
        assert_eq!(id("0", root).1, None);
    }
    assert_eq!(id("0.1", "client").1, Some(id("0", "server").0));
    assert_eq!(id("0.1", "server").1, Some(id("0.1", "client").0));
    assert_eq!(id("0.1", "consumer").1, Some(id("0.1", "producer").0));
    assert_eq!(id("0.1.2", "internal").1, Some(id("0.1", "server").0));
    assert_eq!(id("0.1.2.1", "producer").1, Some(id("0.1.2", "internal").0));
    assert_ne!(id("0.1", "client").0, id("0.1", "server").0);
}
