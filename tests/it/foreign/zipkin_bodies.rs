//! Zipkin's spans: the JSON forms of both versions, the bytes that they are in protobuf and Thrift,
//! and what is stored of them.

mod v1;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use prost::Message;
use serde_json::{Map, Value, json};

pub(super) use v1::{expected_of_v1, thrift_list, thrift_list_of_v1, v1_of_thrift};

#[derive(Clone, PartialEq, Message)]
struct ListOfSpans {
    #[prost(message, repeated, tag = "1")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    parent_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    id: Vec<u8>,
    #[prost(int32, tag = "4")]
    kind: i32,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(fixed64, tag = "6")]
    timestamp: u64,
    #[prost(uint64, tag = "7")]
    duration: u64,
    #[prost(message, optional, tag = "8")]
    local_endpoint: Option<Endpoint>,
    #[prost(message, optional, tag = "9")]
    remote_endpoint: Option<Endpoint>,
    #[prost(message, repeated, tag = "10")]
    annotations: Vec<Annotation>,
    #[prost(btree_map = "string, string", tag = "11")]
    tags: BTreeMap<String, String>,
    #[prost(bool, tag = "12")]
    debug: bool,
    #[prost(bool, tag = "13")]
    shared: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Endpoint {
    #[prost(string, tag = "1")]
    service_name: String,
    #[prost(bytes = "vec", tag = "2")]
    ipv4: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    ipv6: Vec<u8>,
    #[prost(int32, tag = "4")]
    port: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Annotation {
    #[prost(fixed64, tag = "1")]
    timestamp: u64,
    #[prost(string, tag = "2")]
    value: String,
}

/// A list of version 2 in protobuf.
pub(super) fn protobuf_list(spans: &[Value]) -> Vec<u8> {
    let spans = spans.iter().map(protobuf_span).collect();
    ListOfSpans { spans }.encode_to_vec()
}

fn protobuf_span(span: &Value) -> Span {
    const KINDS: [&str; 4] = ["CLIENT", "SERVER", "PRODUCER", "CONSUMER"];
    let kind = KINDS.iter().position(|kind| span["kind"] == *kind);
    let annotation = |annotation: &Value| Annotation {
        timestamp: annotation["timestamp"].as_u64().unwrap(),
        value: text(&annotation["value"]).to_owned(),
    };
    let tags = span["tags"].as_object().into_iter().flatten();
    Span {
        trace_id: id_bytes(&span["traceId"]),
        parent_id: id_bytes(&span["parentId"]),
        id: id_bytes(&span["id"]),
        kind: kind.map_or(0, |position| i32::try_from(position + 1).unwrap()),
        name: text(&span["name"]).to_owned(),
        timestamp: span["timestamp"].as_u64().unwrap_or_default(),
        duration: span["duration"].as_u64().unwrap_or_default(),
        local_endpoint: protobuf_endpoint(&span["localEndpoint"]),
        remote_endpoint: protobuf_endpoint(&span["remoteEndpoint"]),
        annotations: list(&span["annotations"]).iter().map(annotation).collect(),
        tags: tags
            .map(|(key, value)| (key.clone(), text(value).to_owned()))
            .collect(),
        debug: span["debug"] == true,
        shared: span["shared"] == true,
    }
}

fn protobuf_endpoint(endpoint: &Value) -> Option<Endpoint> {
    let ipv4 = endpoint["ipv4"]
        .as_str()
        .map(|text| text.parse::<Ipv4Addr>().unwrap());
    let ipv6 = endpoint["ipv6"]
        .as_str()
        .map(|text| text.parse::<Ipv6Addr>().unwrap());
    endpoint.as_object().map(|_| Endpoint {
        service_name: text(&endpoint["serviceName"]).to_owned(),
        ipv4: ipv4
            .map(|address| address.octets().to_vec())
            .unwrap_or_default(),
        ipv6: ipv6
            .map(|address| address.octets().to_vec())
            .unwrap_or_default(),
        port: i32::try_from(endpoint["port"].as_u64().unwrap_or_default()).unwrap(),
    })
}

/// The bytes of hexadecimal digits, of which there are 16 or 32, or none.
fn id_bytes(id: &Value) -> Vec<u8> {
    let digits = text(id);
    let number = u128::from_str_radix(digits, 16)
        .unwrap_or_default()
        .to_be_bytes();
    match digits.len() {
        0 => Vec::new(),
        1..=16 => number[8..].to_vec(),
        _ => number.to_vec(),
    }
}

/// What is stored of a list of version 2, in the form of `printed`.
pub(super) fn expected_of_v2(spans: &[Value]) -> Value {
    let expected: Vec<Value> = spans.iter().map(expected_span).collect();
    json!({"traceId": spans[0]["traceId"], "spans": expected})
}

fn expected_span(span: &Value) -> Value {
    let mut attributes = Map::new();
    let mut error = Value::Null;
    for (key, value) in span["tags"].as_object().into_iter().flatten() {
        match key.as_str() {
            "error" if value == "true" => error = "".into(),
            "error" if value != "false" => error = value.clone(),
            _ => drop(attributes.insert(key.clone(), value.clone())),
        }
    }
    let (local, remote) = (&span["localEndpoint"], &span["remoteEndpoint"]);
    for (key, value) in [
        ("network.local.port", &local["port"]),
        ("network.peer.port", &remote["port"]),
        ("network.local.address", &local["ipv4"]),
        ("network.peer.address", &remote["ipv4"]),
        ("peer.service", &lower_case(&remote["serviceName"])),
    ] {
        if !value.is_null() && value != 0 && value != "" {
            attributes.insert(key.to_owned(), value.clone());
        }
    }
    for (key, flag) in [
        ("zipkin.shared", &span["shared"]),
        ("zipkin.debug", &span["debug"]),
    ] {
        if *flag == true {
            attributes.insert(key.to_owned(), true.into());
        }
    }
    let event = |annotation: &Value| json!({"name": annotation["value"], "time": nanos(&annotation["timestamp"])});
    json!({
        "id": span["id"],
        "parent": text(&span["parentId"]),
        "name": lower_case(&span["name"]).as_str().unwrap_or_default(),
        "service": lower_case(&local["serviceName"]),
        "kind": span["kind"].as_str().map_or("unspecified".to_owned(), str::to_lowercase),
        "attributes": attributes,
        "events": list(&span["annotations"]).iter().map(event).collect::<Vec<_>>(),
        "error": error,
        "start": nanos(&span["timestamp"]),
        "duration": span["duration"].as_u64().unwrap_or_default() * 1_000,
    })
}

/// Zipkin keeps the names of spans and services in lower case.
fn lower_case(name: &Value) -> Value {
    name.as_str().map(str::to_lowercase).into()
}

fn nanos(micros: &Value) -> Value {
    micros
        .as_u64()
        .map(|micros| (micros * 1_000).to_string())
        .into()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
