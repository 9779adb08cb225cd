//! Spans that others recorded, from the folder that `SPANHOUSE_FIXTURES` names; they are no part
//! of the repository.

use std::collections::BTreeSet;
use std::path::PathBuf;

use base64::prelude::{BASE64_STANDARD, Engine};

use super::*;
use crate::thrift::Type;
use crate::thrift::value::{Value as Sent, Written};

/// The JSON of a fixture; none without the fixtures.
fn fixture(path: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("SPANHOUSE_FIXTURES").map(PathBuf::from) else {
        eprintln!("NOT TESTED: SPANHOUSE_FIXTURES does not name the fixtures");
        return None;
    };
    let text = std::fs::read(folder.join(path)).expect("readable");
    Some(serde_json::from_slice(&text).expect("JSON"))
}

fn micros(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

#[test]
fn traces_recorded_by_zipkin_are_read_field_by_field() {
    let files = [
        ("zipkin/lens/ascend.json", 8),
        ("zipkin/lens/envoy.json", 1),
        ("zipkin/lens/messaging.json", 4),
        ("zipkin/lens/messaging-kafka.json", 28),
        ("zipkin/lens/simple-db-p6.json", 5),
        ("zipkin/lens/skew.json", 4),
        ("zipkin/lens/smartthings-oauth-authorization.json", 175),
        ("zipkin/bench/zipkin2-chinese.json", 1),
        ("zipkin/bench/zipkin2-client.json", 1),
        ("otel-collector/zipkinv2/zipkin_v2_single.json", 1),
        ("otel-collector/zipkinreceiver/sample1.json", 9),
    ];
    for (path, count) in files {
        let Some(sent) = fixture(path) else { return };
        // Those of the benches are one span, not a list.
        let sent = if sent.is_object() {
            json!([sent])
        } else {
            sent
        };
        let stored = v2_spans(&sent);
        assert_eq!(stored.len(), count, "{path}");
        for (sent, stored) in sent.as_array().expect("a list").iter().zip(&stored) {
            check_span(sent, stored);
        }
    }
}

/// Compares what needs no rules of its own.
fn check_span(sent: &Value, stored: &Span) {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let trace_id = stored.trace_id.to_string();
    assert!(trace_id.ends_with(&text(&sent["traceId"])), "{sent}");
    assert_eq!(stored.span_id.to_string(), text(&sent["id"]), "{sent}");
    let parent = stored.parent_span_id.map(|id| id.to_string());
    assert_eq!(
        parent.unwrap_or_default(),
        text(&sent["parentId"]),
        "{sent}"
    );
    assert_eq!(stored.name, text(&sent["name"]).to_lowercase());
    assert_eq!(
        stored.kind.name(),
        text(&sent["kind"]).to_lowercase(),
        "{sent}"
    );
    assert_eq!(stored.start.0, micros(&sent["timestamp"]) * 1_000, "{sent}");
    assert_eq!(
        stored.duration_nano,
        micros(&sent["duration"]) * 1_000,
        "{sent}"
    );
    let service = stored.resource.service_name().unwrap_or("");
    assert_eq!(
        service,
        text(&sent["localEndpoint"]["serviceName"]),
        "{sent}"
    );
    let attribute = |key: &str| stored.attributes.get_str(key).unwrap_or("").to_owned();
    for (endpoint, address) in [
        ("localEndpoint", "network.local.address"),
        ("remoteEndpoint", "network.peer.address"),
    ] {
        let sent = &sent[endpoint];
        let ipv4_or_6 = if sent["ipv4"].is_null() {
            &sent["ipv6"]
        } else {
            &sent["ipv4"]
        };
        let expect = text(ipv4_or_6).replace("7::0.128.128.127", "7::80:807f");
        assert_eq!(attribute(address), expect, "{sent}");
    }
    assert_eq!(
        attribute("peer.service"),
        text(&sent["remoteEndpoint"]["serviceName"])
    );
    let tags = sent["tags"].as_object().into_iter().flatten();
    for (key, value) in tags.filter(|(key, _)| *key != "error") {
        assert_eq!(attribute(key), text(value), "{sent}");
    }
    let annotations = sent["annotations"].as_array().map_or(0, Vec::len);
    assert_eq!(stored.events.len(), annotations, "{sent}");
}

#[test]
fn a_trace_of_train_ticket_is_folded() {
    let Some(sent) = fixture("train-ticket/example.json") else {
        return;
    };
    let spans = decode_with(decode_v1_json, sent.to_string().as_bytes());
    assert_eq!(
        (sent.as_array().map(Vec::len), spans.len()),
        (Some(79), 157)
    );
    let services: BTreeSet<_> = spans
        .iter()
        .filter_map(|span| span.resource.service_name())
        .collect();
    assert_eq!(services.len(), 16);
    let of_kind = |kind: &str| spans.iter().filter(|span| span.kind.name() == kind).count();
    assert_eq!((of_kind("client"), of_kind("server")), (78, 79));
    let shared = spans
        .iter()
        .filter(|span| span.attributes.get("zipkin.shared").is_some());
    assert_eq!(shared.count(), 78);
    let (client, server) = (&spans[1], &spans[2]);
    assert_eq!(client.span_id, server.span_id);
    assert_eq!(
        (
            client.start.0,
            client.duration_nano,
            server.start.0,
            server.duration_nano
        ),
        (
            1_530_611_842_353_000_000,
            32_000_000,
            1_530_611_842_365_500_000,
            7_000_000
        )
    );
    assert_eq!(
        [client, server].map(|span| span.attributes.get_str("spring.instance_id").unwrap_or("")),
        [
            "226402f4ebb5:ts-preserve-service:14568",
            "6d42bee89cdf:ts-sso-service:12349"
        ]
    );
    assert!(spans.iter().all(|span| span.events.is_empty()));
}

#[test]
fn bodies_of_the_collectors_tests_are_folded() {
    let Some(batch) = fixture("otel-collector/zipkinv1/zipkin_v1_single_batch.json") else {
        return;
    };
    let spans = decode_with(decode_v1_json, batch.to_string().as_bytes());
    let shown: Vec<_> = spans
        .iter()
        .map(|span| {
            let service = span.resource.service_name().unwrap_or("-");
            let shared = span
                .attributes
                .get("zipkin.shared")
                .map_or("", |_| " shared");
            let micros = (span.start.0 / 1_000, span.duration_nano / 1_000);
            format!(
                "{service} {}{shared} {}+{}",
                span.kind.name(),
                micros.0,
                micros.1
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "service1 server shared 1544805927448081+12021",
            "service1 client 1544805927453923+3740",
            "front-proxy client 1544805927446743+12956",
            "service2 server shared 1544805927454487+2833",
            "-  1544805927453923+3740",
        ]
    );
    assert_eq!(spans[3].attributes.get_str("processed"), Some("1.5"));

    let local = fixture("otel-collector/zipkinv1/zipkin_v1_local_component.json").expect("there");
    let spans = decode_with(decode_v1_json, local.to_string().as_bytes());
    let services = spans.iter().map(|span| span.resource.service_name());
    assert_eq!(services.collect::<Vec<_>>(), [None, Some("myservicename")]);
    assert!(
        spans
            .iter()
            .all(|span| span.attributes.get_str("lc") == Some("myLocalComponent"))
    );

    let bad = fixture("otel-collector/zipkinv1/zipkin_v1_error_batch.json").expect("there");
    let error = refusal_of(decode_v1_json, bad.to_string().as_bytes());
    assert!(error.contains("\"BADID\""), "{error}");
}

#[test]
fn thrift_of_the_collectors_tests_is_that_of_json() {
    for name in ["single_batch", "local_component"] {
        let Some(mut json) = fixture(&format!("otel-collector/zipkinv1/zipkin_v1_{name}.json"))
        else {
            return;
        };
        // A difference of theirs: an id.
        for span in json.as_array_mut().expect("a list") {
            if span["id"] == "fe351a053fbcac2f" {
                span["id"] = json!("fe351a053fbcac21");
            }
        }
        let rendered = fixture(&format!(
            "otel-collector/zipkinv1/zipkin_v1_thrift_{name}.json"
        ));
        let spans = rendered
            .expect("there")
            .as_array()
            .expect("a list")
            .iter()
            .map(sent_span)
            .collect();
        let bytes = Sent::List(Type::Struct, spans).write(Written::Binary);
        assert_eq!(
            decode_with(decode_v1_thrift, &bytes),
            decode_with(decode_v1_json, json.to_string().as_bytes()),
            "{name}"
        );
    }
}

/// A field's number, its rendering, and how it is sent.
type Rendered<'v> = (i16, &'v Value, fn(&Value) -> Sent);

/// The fields that the rendering has.
fn sent_struct(fields: &[Rendered<'_>]) -> Sent {
    let present = fields.iter().filter(|(_, value, _)| !value.is_null());
    Sent::Struct(
        present
            .map(|(number, value, sent)| (*number, sent(value)))
            .collect(),
    )
}

fn sent_text(value: &Value) -> Sent {
    Sent::text(value.as_str().expect("a text"))
}

fn sent_i64(value: &Value) -> Sent {
    Sent::I64(value.as_i64().expect("a number"))
}

fn sent_host(value: &Value) -> Sent {
    let number =
        |name: &str| i32::try_from(value[name].as_i64().expect("a number")).expect("32 bits");
    Sent::Struct(vec![
        (1, Sent::I32(number("ipv4"))),
        (
            2,
            Sent::I16(i16::try_from(number("port")).expect("16 bits")),
        ),
        (3, sent_text(&value["service_name"])),
    ])
}

fn sent_list(value: &Value, sent: fn(&Value) -> Sent) -> Sent {
    Sent::List(
        Type::Struct,
        value.as_array().expect("a list").iter().map(sent).collect(),
    )
}

fn sent_annotation(value: &Value) -> Sent {
    sent_struct(&[
        (1, &value["timestamp"], sent_i64),
        (2, &value["value"], sent_text),
        (3, &value["host"], sent_host),
    ])
}

fn sent_binary_annotation(value: &Value) -> Sent {
    sent_struct(&[
        (1, &value["key"], sent_text),
        (2, &value["value"], |value| {
            let text = value.as_str().expect("a text");
            Sent::Binary(BASE64_STANDARD.decode(text).expect("base64"))
        }),
        (3, &value["annotation_type"], |name| {
            let names = ["BOOL", "BYTES", "I16", "I32", "I64", "DOUBLE", "STRING"];
            let number = names
                .iter()
                .position(|known| name == known)
                .expect("a type");
            Sent::I32(number as i32)
        }),
        (4, &value["host"], sent_host),
    ])
}

fn sent_span(span: &Value) -> Sent {
    sent_struct(&[
        (1, &span["trace_id"], sent_i64),
        (3, &span["name"], sent_text),
        (4, &span["id"], sent_i64),
        (5, &span["parent_id"], sent_i64),
        (6, &span["annotations"], |list| {
            sent_list(list, sent_annotation)
        }),
        (8, &span["binary_annotations"], |list| {
            sent_list(list, sent_binary_annotation)
        }),
        (10, &span["timestamp"], sent_i64),
        (11, &span["duration"], sent_i64),
    ])
}
