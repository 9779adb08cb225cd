//! Jaeger's protobuf model, api_v2/model.proto: written from batches, and read in its JSON forms.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use prost::Message;
use serde_json::{Map, Value, json};

use super::list;

#[derive(Clone, PartialEq, Message)]
struct PostSpansRequest {
    #[prost(message, optional, tag = "1")]
    batch: Option<Batch>,
}

#[derive(Clone, PartialEq, Message)]
struct Batch {
    #[prost(message, repeated, tag = "1")]
    spans: Vec<Span>,
    #[prost(message, optional, tag = "2")]
    process: Option<Process>,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(string, tag = "3")]
    operation_name: String,
    #[prost(message, repeated, tag = "4")]
    references: Vec<Reference>,
    #[prost(uint32, tag = "5")]
    flags: u32,
    #[prost(message, optional, tag = "6")]
    start_time: Option<Instant>,
    #[prost(message, optional, tag = "7")]
    duration: Option<Instant>,
    #[prost(message, repeated, tag = "8")]
    tags: Vec<KeyValue>,
    #[prost(message, repeated, tag = "9")]
    logs: Vec<Log>,
}

/// Both `google.protobuf.Timestamp` and `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct Instant {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Reference {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(int32, tag = "3")]
    ref_type: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Process {
    #[prost(string, tag = "1")]
    service_name: String,
    #[prost(message, repeated, tag = "2")]
    tags: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Log {
    #[prost(message, optional, tag = "1")]
    timestamp: Option<Instant>,
    #[prost(message, repeated, tag = "2")]
    fields: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(int32, tag = "2")]
    v_type: i32,
    #[prost(string, tag = "3")]
    v_str: String,
    #[prost(bool, tag = "4")]
    v_bool: bool,
    #[prost(int64, tag = "5")]
    v_int64: i64,
    #[prost(double, tag = "6")]
    v_float64: f64,
    #[prost(bytes = "vec", tag = "7")]
    v_binary: Vec<u8>,
}

/// The types of values: Thrift's names, and the model's in JSON. The number is the model's.
const TYPES: [(&str, &str); 5] = [
    ("STRING", "STRING"),
    ("BOOL", "BOOL"),
    ("LONG", "INT64"),
    ("DOUBLE", "FLOAT64"),
    ("BINARY", "BINARY"),
];

/// A batch of Thrift's form as the message of `CollectorService/PostSpans`.
pub(in crate::foreign) fn post_spans(batch: &Value) -> Vec<u8> {
    let process = Process {
        service_name: text(&batch["process"]["serviceName"]),
        tags: key_values(&batch["process"]["tags"]),
    };
    let batch = Batch {
        spans: list(&batch["spans"]).iter().map(span).collect(),
        process: Some(process),
    };
    PostSpansRequest { batch: Some(batch) }.encode_to_vec()
}

fn span(span: &Value) -> Span {
    let reference = |reference: &Value| Reference {
        trace_id: trace_id(reference),
        span_id: id(&reference["spanId"]).to_vec(),
        ref_type: i32::from(reference["refType"] == "FOLLOWS_FROM"),
    };
    let mut references: Vec<_> = list(&span["references"]).iter().map(reference).collect();
    // The model has no parent but the first reference of this kind.
    let parent = Reference {
        trace_id: trace_id(span),
        span_id: id(&span["parentSpanId"]).to_vec(),
        ref_type: 0,
    };
    if parent.span_id != [0; 8] && !references.contains(&parent) {
        references.insert(0, parent);
    }
    let log = |log: &Value| Log {
        timestamp: Some(instant(&log["timestamp"])),
        fields: key_values(&log["fields"]),
    };
    Span {
        trace_id: trace_id(span),
        span_id: id(&span["spanId"]).to_vec(),
        operation_name: text(&span["operationName"]),
        references,
        flags: u32::try_from(span["flags"].as_u64().unwrap_or_default()).unwrap(),
        start_time: Some(instant(&span["startTime"])),
        duration: Some(instant(&span["duration"])),
        tags: key_values(&span["tags"]),
        logs: list(&span["logs"]).iter().map(log).collect(),
    }
}

fn key_values(tags: &Value) -> Vec<KeyValue> {
    let key_value = |tag: &Value| {
        let r#type = TYPES.iter().position(|(name, _)| tag["vType"] == *name);
        KeyValue {
            key: text(&tag["key"]),
            v_type: i32::try_from(r#type.unwrap()).unwrap(),
            v_str: text(&tag["vStr"]),
            v_bool: tag["vBool"].as_bool().unwrap_or_default(),
            v_int64: tag["vLong"].as_i64().unwrap_or_default(),
            v_float64: tag["vDouble"].as_f64().unwrap_or_default(),
            v_binary: super::thrift::bytes_of(&tag["vBinary"]),
        }
    };
    list(tags).iter().map(key_value).collect()
}

fn instant(micros: &Value) -> Instant {
    let micros = micros.as_i64().unwrap();
    let nanos = i32::try_from(micros % 1_000_000 * 1_000).unwrap();
    Instant {
        seconds: micros / 1_000_000,
        nanos,
    }
}

fn id(number: &Value) -> [u8; 8] {
    number.as_i64().unwrap_or_default().to_be_bytes()
}

fn trace_id(owner: &Value) -> Vec<u8> {
    [id(&owner["traceIdHigh"]), id(&owner["traceIdLow"])].concat()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The batches, in Thrift's form, of a batch or trace of the model in JSON: one for each span, as each
/// may have its own process. Its fields are named as in protobuf or as in its JSON, times are cut
/// to microseconds, and bytes are base64.
pub(in crate::foreign) fn batches_of_model(model: &Value) -> Vec<Value> {
    let model = snake_case(model);
    let batch = |span: &Value| {
        let process = [&span["process"], &model["process"]];
        let process = process
            .into_iter()
            .find(|process| process.is_object())
            .unwrap();
        json!({
            "process": {"serviceName": process["service_name"], "tags": tags(&process["tags"])},
            "spans": [thrift_span(span)],
        })
    };
    list(&model["spans"]).iter().map(batch).collect()
}

fn snake_case(value: &Value) -> Value {
    let name = |name: &str| {
        let letter = |letter: char| match letter {
            'A'..='Z' => format!("_{}", letter.to_ascii_lowercase()),
            _ => letter.to_string(),
        };
        name.chars().map(letter).collect::<String>()
    };
    match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| (name(key), snake_case(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(values) => values.iter().map(snake_case).collect(),
        other => other.clone(),
    }
}

fn thrift_span(span: &Value) -> Value {
    let reference = |reference: &Value| {
        let (high, low) = trace_numbers(&reference["trace_id"]);
        let word = reference["ref_type"].as_str().unwrap_or("CHILD_OF");
        json!({"refType": word, "traceIdHigh": high, "traceIdLow": low, "spanId": number(&reference["span_id"])})
    };
    let references: Vec<Value> = list(&span["references"]).iter().map(reference).collect();
    let (high, low) = trace_numbers(&span["trace_id"]);
    let is_parent = |reference: &&Value| {
        reference["refType"] == "CHILD_OF"
            && (&reference["traceIdHigh"], &reference["traceIdLow"]) == (&high.into(), &low.into())
    };
    let parent = references.iter().find(is_parent);
    let log = |log: &Value| json!({"timestamp": micros(&log["timestamp"]), "fields": tags(&log["fields"])});
    json!({
        "traceIdHigh": high,
        "traceIdLow": low,
        "spanId": number(&span["span_id"]),
        "parentSpanId": parent.map_or(0.into(), |parent| parent["spanId"].clone()),
        "operationName": span["operation_name"],
        "references": references,
        "flags": 0,
        "startTime": micros(&span["start_time"]),
        "duration": duration_micros(&span["duration"]),
        "tags": tags(&span["tags"]),
        "logs": list(&span["logs"]).iter().map(log).collect::<Vec<_>>(),
    })
}

fn tags(key_values: &Value) -> Vec<Value> {
    let tag = |tag: &Value| {
        let word = tag["v_type"].as_str().unwrap_or("STRING");
        let by_name = TYPES.iter().position(|(_, name)| word == *name).unwrap();
        let position = tag["v_type"]
            .as_u64()
            .map_or(by_name, |number| usize::try_from(number).unwrap());
        let (r#type, _) = TYPES[position];
        let mut tag = json!({
            "key": tag["key"], "vType": r#type, "vStr": tag["v_str"], "vBool": tag["v_bool"],
            "vLong": tag["v_int64"], "vDouble": tag["v_float64"], "vBinary": tag["v_binary"],
        });
        // JSON leaves zeros out.
        if r#type == "LONG" && tag["vLong"].is_null() {
            tag["vLong"] = 0.into();
        }
        tag
    };
    list(key_values).iter().map(tag).collect()
}

fn number(id: &Value) -> i64 {
    let bytes = BASE64_STANDARD.decode(id.as_str().unwrap()).unwrap();
    i64::from_be_bytes(bytes.try_into().unwrap())
}

fn trace_numbers(id: &Value) -> (i64, i64) {
    let bytes = BASE64_STANDARD.decode(id.as_str().unwrap()).unwrap();
    let (high, low) = bytes.split_at(8);
    (
        i64::from_be_bytes(high.try_into().unwrap()),
        i64::from_be_bytes(low.try_into().unwrap()),
    )
}

/// Nanoseconds as a number, or as text such as `5000ns`.
fn duration_micros(duration: &Value) -> u64 {
    let nanos = match duration.as_str() {
        Some(text) => text.strip_suffix("ns").unwrap().parse().unwrap(),
        None => duration.as_u64().unwrap(),
    };
    nanos / 1_000
}

/// Microseconds since 1970 of a time of January 2017, such as `2017-01-26T21:46:31.639875Z` or
/// `2017-01-26T16:46:31.639875139-05:00`.
fn micros(time: &Value) -> u64 {
    let text = time.as_str().unwrap().strip_prefix("2017-01-").unwrap();
    let (text, hours_behind) = match text.strip_suffix("-05:00") {
        Some(text) => (text, 5),
        None => (text.strip_suffix('Z').unwrap(), 0),
    };
    let (day, time) = text.split_once('T').unwrap();
    let (time, fraction) = time.split_once('.').unwrap();
    let parts: Vec<u64> = time.split(':').map(|part| part.parse().unwrap()).collect();
    let fraction: String = fraction.chars().take(6).collect();
    let first_of_january_2017 = 1_483_228_800;
    let days = day.parse::<u64>().unwrap() - 1;
    let seconds = days * 86_400 + (parts[0] + hours_behind) * 3_600 + parts[1] * 60 + parts[2];
    (first_of_january_2017 + seconds) * 1_000_000 + fraction.parse::<u64>().unwrap()
}
