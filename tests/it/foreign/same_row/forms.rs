//! One span in the form of each protocol: a failed call that a server took, with attributes, an
//! event, a link, a scope, a trace state, and the addresses of both sides.

use serde_json::{Value, json};

pub(super) const NAME: &str = "charge card";

pub(super) const SERVICE: &str = "payments";
pub(super) const START_MICROS: u64 = 1_795_446_245_123_456;
pub(super) const DURATION_MICROS: u64 = 7_890;
pub(super) const EVENT: &str = "retried";
pub(super) const EVENT_MICROS: u64 = START_MICROS + 1_000;
const MESSAGE: &str = "card declined: 漢字";
const SCOPE: &str = "payments-http";
const SCOPE_VERSION: &str = "1.4.0";
const TRACE_STATE: &str = "vendor=a=b,congo=t61rcWkgMzE";
const SPAN_ID: &str = "00f067aa0ba902b7";
const PARENT_ID: &str = "53995c3f42cd8ad8";
const LINKED_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const LINKED_SPAN: &str = "b7ad6b7169203331";
const SAMPLED: u32 = 1;

/// Attributes that are texts in all protocols.
pub(super) const TEXTS: [(&str, &str); 3] = [
    ("user.id", "u-1"),
    ("http.route", "/charges/{id}"),
    ("note", "漢字 \"quoted\""),
];

/// The sides of the call: service, address and port.
const LOCAL: (&str, &str, u16) = (SERVICE, "10.1.2.3", 8443);
pub(super) const REMOTE: (&str, &str, u16) = ("checkout", "10.1.2.4", 41_234);

/// What protocols without endpoints say in attributes.
const ENDPOINT_TEXTS: [(&str, &str); 3] = [
    ("network.local.address", LOCAL.1),
    ("network.peer.address", REMOTE.1),
    ("peer.service", REMOTE.0),
];
const ENDPOINT_NUMBERS: [(&str, u16); 2] = [
    ("network.local.port", LOCAL.2),
    ("network.peer.port", REMOTE.2),
];

/// What protocols with tags alone say in them.
const FIELDS: [(&str, &str); 5] = [
    ("otel.scope.name", SCOPE),
    ("otel.scope.version", SCOPE_VERSION),
    ("otel.status_code", "ERROR"),
    ("otel.status_description", MESSAGE),
    ("w3c.tracestate", TRACE_STATE),
];

fn nanos(micros: u64) -> String {
    (micros * 1_000).to_string()
}

/// A request of OTLP.
pub(super) fn otlp(trace_id: &str) -> Value {
    let text = |(key, text): &(&str, &str)| json!({"key": key, "value": {"stringValue": text}});
    let number = |(key, number): &(&str, u16)| json!({"key": key, "value": {"intValue": number.to_string()}});
    let texts = TEXTS.iter().chain(&ENDPOINT_TEXTS).map(text);
    let attributes: Vec<Value> = texts.chain(ENDPOINT_NUMBERS.iter().map(number)).collect();
    let span = json!({
        "traceId": trace_id,
        "spanId": SPAN_ID,
        "parentSpanId": PARENT_ID,
        "traceState": TRACE_STATE,
        "flags": SAMPLED,
        "name": NAME,
        "kind": 2,
        "startTimeUnixNano": nanos(START_MICROS),
        "endTimeUnixNano": nanos(START_MICROS + DURATION_MICROS),
        "attributes": attributes,
        "events": [{"timeUnixNano": nanos(EVENT_MICROS), "name": EVENT}],
        "links": [{
            "traceId": LINKED_TRACE,
            "spanId": LINKED_SPAN,
            "attributes": [text(&("opentracing.ref_type", "follows_from"))],
        }],
        "status": {"code": 2, "message": MESSAGE},
    });
    let scope = json!({"name": SCOPE, "version": SCOPE_VERSION});
    json!({"resourceSpans": [{
        "resource": {"attributes": [text(&("service.name", SERVICE))]},
        "scopeSpans": [{"scope": scope, "spans": [span]}],
    }]})
}

fn endpoint((service, address, port): (&str, &str, u16)) -> Value {
    json!({"serviceName": service, "ipv4": address, "port": port})
}

/// A span of Zipkin's version 2.
pub(super) fn zipkin_v2(trace_id: &str) -> Value {
    let tags: Value = TEXTS
        .iter()
        .chain(&FIELDS)
        .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
        .collect();
    json!({
        "traceId": trace_id,
        "id": SPAN_ID,
        "parentId": PARENT_ID,
        "name": NAME,
        "kind": "SERVER",
        "timestamp": START_MICROS,
        "duration": DURATION_MICROS,
        "localEndpoint": endpoint(LOCAL),
        "remoteEndpoint": endpoint(REMOTE),
        "tags": tags,
        "annotations": [{"timestamp": EVENT_MICROS, "value": EVENT}],
    })
}

/// A span of Zipkin's version 1.
pub(super) fn zipkin_v1(trace_id: &str) -> Value {
    let annotation = |timestamp: u64, value: &str| json!({"timestamp": timestamp, "value": value, "endpoint": endpoint(LOCAL)});
    let tag = |(key, value): &(&str, &str)| json!({"key": key, "value": value, "endpoint": endpoint(LOCAL)});
    let mut tags: Vec<Value> = TEXTS.iter().chain(&FIELDS).map(tag).collect();
    tags.push(json!({"key": "ca", "value": true, "endpoint": endpoint(REMOTE)}));
    json!({
        "traceId": trace_id,
        "id": SPAN_ID,
        "parentId": PARENT_ID,
        "name": NAME,
        "timestamp": START_MICROS,
        "duration": DURATION_MICROS,
        "annotations": [
            annotation(START_MICROS, "sr"),
            annotation(EVENT_MICROS, EVENT),
            annotation(START_MICROS + DURATION_MICROS, "ss"),
        ],
        "binaryAnnotations": tags,
    })
}

/// A batch of Jaeger, as jaeger.thrift has it.
pub(super) fn jaeger(trace_id: &str) -> Value {
    let number = |digits: &str| u64::from_str_radix(digits, 16).unwrap().cast_signed();
    let halves = |id: &str| {
        let (high, low) = id.split_at(16);
        (number(high), number(low))
    };
    let ((high, low), linked) = (halves(trace_id), halves(LINKED_TRACE));
    let text = |(key, text): &(&str, &str)| json!({"key": key, "vType": "STRING", "vStr": text});
    let long = |(key, number): &(&str, u16)| json!({"key": key, "vType": "LONG", "vLong": number});
    let texts = TEXTS
        .iter()
        .chain(&ENDPOINT_TEXTS)
        .chain(&FIELDS)
        .chain(&[("span.kind", "server")]);
    let mut tags: Vec<Value> = texts.map(text).collect();
    tags.extend(ENDPOINT_NUMBERS.iter().map(long));
    tags.push(json!({"key": "error", "vType": "BOOL", "vBool": true}));
    let reference = json!({
        "refType": "FOLLOWS_FROM",
        "traceIdHigh": linked.0,
        "traceIdLow": linked.1,
        "spanId": number(LINKED_SPAN),
    });
    let span = json!({
        "traceIdHigh": high,
        "traceIdLow": low,
        "spanId": number(SPAN_ID),
        "parentSpanId": number(PARENT_ID),
        "operationName": NAME,
        "references": [reference],
        "flags": SAMPLED,
        "startTime": START_MICROS,
        "duration": DURATION_MICROS,
        "tags": tags,
        "logs": [{"timestamp": EVENT_MICROS, "fields": [text(&("event", EVENT))]}],
    });
    json!({"process": {"serviceName": SERVICE}, "spans": [span]})
}

/// A span of MTrace, whose ids are call paths.
pub(super) fn mtrace(trace_id: &str) -> Value {
    let endpoint = |(service, address, port): (&str, &str, u16)| json!({"service": service, "address": address, "port": port});
    let mut annotations: serde_json::Map<String, Value> = TEXTS
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
        .collect();
    annotations.insert(EVENT.to_owned(), json!([{"time": nanos(EVENT_MICROS)}]));
    json!({
        "traceId": trace_id,
        "spanId": "0.1",
        "name": NAME,
        "service": SERVICE,
        "kind": "server",
        "start": nanos(START_MICROS),
        "duration": DURATION_MICROS * 1_000,
        "local": endpoint(LOCAL),
        "remote": endpoint(REMOTE),
        "status": {"code": "error", "message": MESSAGE},
        "annotations": annotations,
    })
}
