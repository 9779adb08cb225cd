//! Version 1: one span is a call as one or both of its sides saw it.

use std::net::Ipv4Addr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value, json};

use super::{list, lower_case, nanos, text};
use crate::foreign::thrift::{self, Protocol, Type, optional, required};

const ENDPOINT: Type = Type::Struct(&[
    optional(1, "ipv4", Type::I32),
    optional(2, "port", Type::I16),
    optional(3, "service_name", Type::Text),
]);

const ANNOTATION: Type = Type::Struct(&[
    optional(1, "timestamp", Type::I64),
    optional(2, "value", Type::Text),
    optional(3, "host", ENDPOINT),
]);

const BINARY_ANNOTATION: Type = Type::Struct(&[
    optional(1, "key", Type::Text),
    optional(2, "value", Type::Bytes),
    optional(
        3,
        "annotation_type",
        Type::Enum(&["BOOL", "BYTES", "I16", "I32", "I64", "DOUBLE", "STRING"]),
    ),
    optional(4, "host", ENDPOINT),
]);

const SPAN: Type = Type::Struct(&[
    required(1, "trace_id", Type::I64),
    required(3, "name", Type::Text),
    required(4, "id", Type::I64),
    optional(5, "parent_id", Type::I64),
    required(6, "annotations", Type::List(&ANNOTATION)),
    required(8, "binary_annotations", Type::List(&BINARY_ANNOTATION)),
    optional(9, "debug", Type::Bool),
    optional(10, "timestamp", Type::I64),
    optional(11, "duration", Type::I64),
    optional(12, "trace_id_high", Type::I64),
]);

/// A list in Thrift's binary protocol, of a JSON form with zipkincore.thrift's field names.
pub(in crate::foreign) fn thrift_list(spans: &[Value]) -> Vec<u8> {
    thrift::encode(&spans.into(), &Type::List(&SPAN), Protocol::Binary)
}

/// A list of the JSON of version 1 in Thrift's binary protocol.
pub(in crate::foreign) fn thrift_list_of_v1(spans: &[Value]) -> Vec<u8> {
    thrift_list(&spans.iter().map(thrift_of_v1).collect::<Vec<_>>())
}

fn thrift_of_v1(span: &Value) -> Value {
    let number = |id: &str| u64::from_str_radix(id, 16).unwrap().cast_signed();
    let trace_id = format!("{:0>32}", text(&span["traceId"]));
    let (high, low) = trace_id.split_at(16);
    let annotation = |annotation: &Value| {
        json!({
            "timestamp": annotation["timestamp"],
            "value": annotation["value"],
            "host": thrift_endpoint(&annotation["endpoint"]),
        })
    };
    let binary_annotation = |annotation: &Value| {
        let (r#type, value) = match annotation["value"].as_str() {
            Some(text) => ("STRING", BASE64_STANDARD.encode(text)),
            None => (
                "BOOL",
                BASE64_STANDARD.encode([u8::from(annotation["value"] == true)]),
            ),
        };
        json!({
            "key": annotation["key"],
            "value": value,
            "annotation_type": r#type,
            "host": thrift_endpoint(&annotation["endpoint"]),
        })
    };
    let annotations = list(&span["annotations"]).iter().map(annotation);
    let binary_annotations = list(&span["binaryAnnotations"])
        .iter()
        .map(binary_annotation);
    json!({
        "trace_id": number(low),
        "trace_id_high": number(high),
        "name": span["name"],
        "id": number(text(&span["id"])),
        "parent_id": span["parentId"].as_str().map(number),
        "annotations": annotations.collect::<Vec<_>>(),
        "binary_annotations": binary_annotations.collect::<Vec<_>>(),
        "timestamp": span["timestamp"],
        "duration": span["duration"],
        "debug": span["debug"],
    })
}

fn thrift_endpoint(endpoint: &Value) -> Value {
    let address = endpoint["ipv4"]
        .as_str()
        .map(|text| text.parse::<Ipv4Addr>().unwrap());
    let port = endpoint["port"]
        .as_u64()
        .map(|port| u16::try_from(port).unwrap().cast_signed());
    match endpoint {
        Value::Null => Value::Null,
        _ => json!({
            "ipv4": address.map_or(0, |address| address.to_bits().cast_signed()),
            "port": port.unwrap_or_default(),
            "service_name": endpoint["serviceName"],
        }),
    }
}

/// The JSON of version 1 for a span in the JSON form of Thrift. Truths that are no address mean
/// nothing to Zipkin.
pub(in crate::foreign) fn v1_of_thrift(span: &Value) -> Value {
    let hex = |number: &Value| number.as_i64().map(|number| format!("{number:016x}"));
    let trace_id =
        hex(&span["trace_id_high"]).unwrap_or_default() + &hex(&span["trace_id"]).unwrap();
    let annotation = |annotation: &Value| {
        json!({
            "timestamp": annotation["timestamp"],
            "value": annotation["value"],
            "endpoint": v1_endpoint(&annotation["host"]),
        })
    };
    let binary_annotation = |annotation: &Value| {
        let bytes = BASE64_STANDARD.decode(text(&annotation["value"])).unwrap();
        let first_eight = bytes.first_chunk().copied();
        let value: Value = match text(&annotation["annotation_type"]) {
            "I64" => i64::from_be_bytes(first_eight.unwrap()).to_string().into(),
            "DOUBLE" => f64::from_be_bytes(first_eight.unwrap()).to_string().into(),
            "STRING" => String::from_utf8(bytes).unwrap().into(),
            "BOOL" => true.into(),
            other => panic!("no fixture has {other}"),
        };
        let endpoint = v1_endpoint(&annotation["host"]);
        json!({"key": annotation["key"], "value": value, "endpoint": endpoint})
    };
    let annotations = list(&span["annotations"]).iter().map(annotation);
    let binary_annotations = list(&span["binary_annotations"])
        .iter()
        .map(binary_annotation);
    json!({
        "traceId": trace_id,
        "name": span["name"],
        "id": hex(&span["id"]),
        "parentId": hex(&span["parent_id"]),
        "timestamp": span["timestamp"],
        "duration": span["duration"],
        "annotations": annotations.collect::<Vec<_>>(),
        "binaryAnnotations": binary_annotations.collect::<Vec<_>>(),
    })
}

fn v1_endpoint(host: &Value) -> Value {
    let number = host["ipv4"].as_i64().unwrap_or_default();
    let address = Ipv4Addr::from_bits(i32::try_from(number).unwrap().cast_unsigned());
    match host {
        Value::Null => Value::Null,
        _ => {
            json!({"serviceName": host["service_name"], "ipv4": address.to_string(), "port": host["port"]})
        }
    }
}

/// What is stored of a list of version 1, in the form of `printed`: one span for each side of a
/// call that a span holds.
pub(in crate::foreign) fn expected_of_v1(spans: &[Value]) -> Value {
    let expected: Vec<Value> = spans.iter().flat_map(sides).collect();
    json!({"traceId": spans[0]["traceId"], "spans": expected})
}

const STAGES: [(&str, &str, &str); 2] = [("client", "cs", "cr"), ("server", "sr", "ss")];

fn sides(span: &Value) -> Vec<Value> {
    let stage = |name: &str| {
        let mut annotations = list(&span["annotations"]).iter();
        annotations.find(|each| each["value"] == name && each["endpoint"].is_object())
    };
    let calls: Vec<_> = STAGES
        .iter()
        .filter_map(|(kind, begin, end)| Some((*kind, stage(begin)?, stage(end)?)))
        .collect();
    if calls.is_empty() {
        let mut hosts = ["annotations", "binaryAnnotations"]
            .into_iter()
            .flat_map(|field| list(&span[field]))
            .map(|annotation| &annotation["endpoint"]);
        let host = hosts.find(|host| host.is_object()).unwrap_or(&Value::Null);
        return vec![side(
            span,
            "unspecified",
            host,
            [&span["timestamp"], &span["duration"]],
        )];
    }
    let has_both_sides = calls.len() > 1;
    let of_call = |(kind, begin, end): (&str, &Value, &Value)| {
        let (begin_time, end_time) = (&begin["timestamp"], &end["timestamp"]);
        let duration = (end_time.as_u64().unwrap() - begin_time.as_u64().unwrap()).into();
        let of_stages = [begin_time, &duration];
        let of_span = [&span["timestamp"], &span["duration"]];
        let is_second_side = has_both_sides && kind == "server";
        let is_told = !span["timestamp"].is_null() && !is_second_side;
        side(
            span,
            kind,
            &begin["endpoint"],
            if is_told { of_span } else { of_stages },
        )
    };
    calls.into_iter().map(of_call).collect()
}

fn side(span: &Value, kind: &str, host: &Value, [start, duration]: [&Value; 2]) -> Value {
    let is_here = |annotation: &&Value| {
        let service = &annotation["endpoint"]["serviceName"];
        service.is_null() || service == &host["serviceName"]
    };
    let is_stage = |name: &str| {
        STAGES
            .iter()
            .any(|(_, begin, end)| [*begin, *end].contains(&name))
    };
    let annotations = list(&span["annotations"]).iter().filter(is_here);
    let events = annotations
        .filter(|annotation| !is_stage(text(&annotation["value"])))
        .map(|annotation| json!({"name": annotation["value"], "time": nanos(&annotation["timestamp"])}));
    let tags = list(&span["binaryAnnotations"]).iter().filter(is_here);
    let tags: Map<String, Value> = tags
        .filter(|tag| tag["value"].is_string() && tag["value"] != "")
        .map(|tag| (text(&tag["key"]).to_owned(), tag["value"].clone()))
        .collect();
    json!({
        "id": span["id"],
        "parent": text(&span["parentId"]),
        "name": lower_case(&span["name"]),
        "service": lower_case(&host["serviceName"]),
        "kind": kind,
        "attributes": tags,
        "events": events.collect::<Vec<_>>(),
        "error": null,
        "start": nanos(start),
        "duration": duration.as_u64().unwrap_or_default() * 1_000,
    })
}
