//! Jaeger's batches: one JSON form, which is jaeger.thrift's `Batch` with its field names, and the
//! bytes that it is in each encoding.

mod model;

use serde_json::{Map, Value, json};

use super::thrift::{self, Field, Protocol, Type, optional, required};
pub(super) use model::{batches_of_model, post_spans};

const TAG: Type = Type::Struct(&[
    required(1, "key", Type::Text),
    required(
        2,
        "vType",
        Type::Enum(&["STRING", "DOUBLE", "BOOL", "LONG", "BINARY"]),
    ),
    optional(3, "vStr", Type::Text),
    optional(4, "vDouble", Type::Double),
    optional(5, "vBool", Type::Bool),
    optional(6, "vLong", Type::I64),
    optional(7, "vBinary", Type::Bytes),
]);

const LOG: Type = Type::Struct(&[
    required(1, "timestamp", Type::I64),
    required(2, "fields", Type::List(&TAG)),
]);

const REFERENCE: Type = Type::Struct(&[
    required(1, "refType", Type::Enum(&["CHILD_OF", "FOLLOWS_FROM"])),
    required(2, "traceIdLow", Type::I64),
    required(3, "traceIdHigh", Type::I64),
    required(4, "spanId", Type::I64),
]);

const SPAN: Type = Type::Struct(&[
    required(1, "traceIdLow", Type::I64),
    required(2, "traceIdHigh", Type::I64),
    required(3, "spanId", Type::I64),
    required(4, "parentSpanId", Type::I64),
    required(5, "operationName", Type::Text),
    optional(6, "references", Type::List(&REFERENCE)),
    required(7, "flags", Type::I32),
    required(8, "startTime", Type::I64),
    required(9, "duration", Type::I64),
    optional(10, "tags", Type::List(&TAG)),
    optional(11, "logs", Type::List(&LOG)),
]);

const PROCESS: Type = Type::Struct(&[
    required(1, "serviceName", Type::Text),
    optional(2, "tags", Type::List(&TAG)),
]);

const BATCH: Type = Type::Struct(&[
    required(1, "process", PROCESS),
    required(2, "spans", Type::List(&SPAN)),
]);

const EMIT_BATCH: &[Field] = &[required(1, "batch", BATCH)];

/// The body of a post to the collector.
pub(super) fn thrift_batch(batch: &Value) -> Vec<u8> {
    thrift::encode(batch, &BATCH, Protocol::Binary)
}

/// A datagram to the agent.
pub(super) fn emit_batch(batch: &Value, protocol: Protocol) -> Vec<u8> {
    thrift::call("emitBatch", &json!({"batch": batch}), EMIT_BATCH, protocol)
}

/// What is stored of a batch, in the form of `printed`.
pub(super) fn expected(batch: &Value) -> Value {
    let process = &batch["process"];
    let spans: Vec<Value> = list(&batch["spans"])
        .iter()
        .map(|span| expected_span(span, process))
        .collect();
    json!({"traceId": trace_id(&batch["spans"][0]), "spans": spans})
}

fn expected_span(span: &Value, process: &Value) -> Value {
    let mut attributes = attributes(&span["tags"]);
    let kind = attributes
        .remove("span.kind")
        .unwrap_or("unspecified".into());
    let is_error = attributes
        .remove("error")
        .is_some_and(|error| error == true);
    let event = |log: &Value| {
        let mut attributes = self::attributes(&log["fields"]);
        let name = attributes
            .remove("event")
            .or_else(|| attributes.remove("message"));
        let name = name.unwrap_or("".into());
        json!({"name": name, "time": nanos(&log["timestamp"]), "attributes": attributes})
    };
    let parent = parent(span);
    let is_parent = |reference: &Value| {
        reference["refType"] == "CHILD_OF"
            && trace_id(reference) == trace_id(span)
            && id(&reference["spanId"]) == parent
    };
    let link = |reference: &Value| {
        let word = reference["refType"].as_str().unwrap().to_lowercase();
        json!({
            "trace": trace_id(reference),
            "span": id(&reference["spanId"]),
            "attributes": {"opentracing.ref_type": word},
        })
    };
    let references = list(&span["references"]).iter();
    json!({
        "id": id(&span["spanId"]),
        "parent": parent,
        "name": span["operationName"],
        "service": process["serviceName"],
        "kind": kind,
        "attributes": attributes,
        "events": list(&span["logs"]).iter().map(event).collect::<Vec<_>>(),
        "error": is_error.then_some(""),
        "start": nanos(&span["startTime"]),
        "duration": nanos(&span["duration"]),
        "resource": self::attributes(&process["tags"]),
        "links": references.filter(|each| !is_parent(each)).map(link).collect::<Vec<_>>(),
    })
}

/// The field, or else the first reference within the trace, children before followers; empty for none.
fn parent(span: &Value) -> String {
    let own = id(&span["parentSpanId"]);
    if span["parentSpanId"].as_i64().unwrap_or_default() != 0 {
        return own;
    }
    let first = |kind: &str| {
        let mut references = list(&span["references"]).iter();
        references.find(|each| each["refType"] == kind && trace_id(each) == trace_id(span))
    };
    let reference = first("CHILD_OF").or_else(|| first("FOLLOWS_FROM"));
    reference.map_or(String::new(), |reference| id(&reference["spanId"]))
}

fn attributes(tags: &Value) -> Map<String, Value> {
    let attribute = |tag: &Value| {
        let value = match tag["vType"].as_str().unwrap() {
            "DOUBLE" => tag["vDouble"].clone(),
            "BOOL" => tag["vBool"].clone(),
            "LONG" => tag["vLong"].clone(),
            "BINARY" => thrift::base64(&tag["vBinary"]).into(),
            _ => tag["vStr"].clone(),
        };
        (tag["key"].as_str().unwrap().to_owned(), value)
    };
    list(tags).iter().map(attribute).collect()
}

fn nanos(micros: &Value) -> String {
    (micros.as_u64().unwrap() * 1_000).to_string()
}

/// 16 digits of a signed number.
fn id(number: &Value) -> String {
    format!("{:016x}", number.as_i64().unwrap_or_default())
}

fn trace_id(owner: &Value) -> String {
    id(&owner["traceIdHigh"]) + &id(&owner["traceIdLow"])
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
