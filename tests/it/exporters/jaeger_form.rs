//! What Jaeger's JSON shows of sent spans (facts/jaeger-query-api.yaml).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The largest integer that a browser keeps.
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// Checks a Jaeger answer against the spans in the form of `sent`.
pub(super) fn check(answer: &Value, sent: &[Value]) {
    assert_eq!(answer["errors"], Value::Null);
    let traces = answer["data"].as_array().unwrap();
    assert_eq!(traces.len(), 1);
    let trace = &traces[0];
    assert_eq!(
        (&trace["traceID"], &trace["warnings"]),
        (&sent[0]["traceId"], &Value::Null)
    );
    let mut spans = trace["spans"].as_array().unwrap().clone();
    spans.sort_by_key(|span| span["spanID"].as_str().unwrap().to_owned());
    assert_eq!(spans.len(), sent.len());
    let ids: BTreeSet<&str> = sent
        .iter()
        .filter_map(|span| span["spanId"].as_str())
        .collect();
    for (found, sent) in spans.iter().zip(sent) {
        let process = &trace["processes"][found["processID"].as_str().unwrap()];
        let mut found = found.as_object().unwrap().clone();
        found.remove("processID");
        found["tags"] = sorted(&found["tags"]);
        for log in found["logs"].as_array_mut().unwrap() {
            log["fields"] = sorted(&log["fields"]);
        }
        let mut expected = expected_span(sent);
        if let Some(parent) = sent["parentSpanId"].as_str().filter(|id| !ids.contains(id)) {
            expected["warnings"] = json!([format!(
                "parent span ID={parent} is not in the trace; skipping clock skew adjustment"
            )]);
        }
        assert_eq!(
            Value::Object(found),
            expected,
            "Jaeger JSON of {}",
            sent["name"]
        );
        let found =
            json!({"serviceName": process["serviceName"], "tags": sorted(&process["tags"])});
        assert_eq!(
            found,
            expected_process(sent),
            "Jaeger's process of {}",
            sent["name"]
        );
    }
}

/// Tags by key; texts that are JSON are compared as JSON, in which the order of keys means nothing.
fn sorted(tags: &Value) -> Value {
    let mut tags = tags.as_array().unwrap().clone();
    tags.sort_by_key(|tag| tag["key"].as_str().unwrap().to_owned());
    for tag in &mut tags {
        let text = tag["value"].as_str().unwrap_or_default();
        if text.starts_with(['[', '{']) {
            tag["value"] = serde_json::from_str(text).unwrap();
        }
    }
    tags.into()
}

fn expected_span(sent: &Value) -> Value {
    let mut tags: Vec<Value> = tags(&sent["attributes"]);
    let mut text = |key: &str, text: &str| {
        if !text.is_empty() {
            tags.push(json!({"key": key, "type": "string", "value": text}));
        }
    };
    let kinds = ["", "internal", "server", "client", "producer", "consumer"];
    text(
        "span.kind",
        kinds[usize::try_from(sent["kind"].as_u64().unwrap()).unwrap()],
    );
    let code = sent["status"]["code"].as_u64().unwrap();
    text(
        "otel.status_code",
        ["", "OK", "ERROR"][usize::try_from(code).unwrap()],
    );
    text(
        "otel.status_description",
        sent["status"]["message"].as_str().unwrap(),
    );
    text("otel.scope.name", sent["scope"]["name"].as_str().unwrap());
    text(
        "otel.scope.version",
        sent["scope"]["version"].as_str().unwrap(),
    );
    text("w3c.tracestate", sent["traceState"].as_str().unwrap());
    if code == 2 {
        tags.push(json!({"key": "error", "type": "bool", "value": true}));
    }

    let reference = |kind: &str, trace: &Value, span: &Value| json!({"refType": kind, "traceID": trace, "spanID": span});
    let mut references = vec![reference(
        "CHILD_OF",
        &sent["traceId"],
        &sent["parentSpanId"],
    )];
    let links = sent["links"].as_array().unwrap();
    references.extend(
        links
            .iter()
            .map(|link| reference("FOLLOWS_FROM", &link["traceId"], &link["spanId"])),
    );
    let log = |event: &Value| {
        let mut fields = self::tags(&event["attributes"]);
        fields.push(json!({"key": "event", "type": "string", "value": event["name"]}));
        json!({"timestamp": nanos(event, "timeUnixNano") / 1_000, "fields": sorted(&fields.into())})
    };
    let start = nanos(sent, "startTimeUnixNano");
    let mut span = json!({
        "traceID": sent["traceId"],
        "spanID": sent["spanId"],
        "operationName": sent["name"],
        "references": references,
        "startTime": start / 1_000,
        "duration": (nanos(sent, "endTimeUnixNano") - start) / 1_000,
        "tags": sorted(&tags.into()),
        "logs": sent["events"].as_array().unwrap().iter().map(log).collect::<Vec<_>>(),
        "warnings": null,
    });
    let flags = sent["flags"].as_u64().unwrap() & 0xff;
    if flags != 0 {
        span["flags"] = flags.into();
    }
    span
}

fn expected_process(sent: &Value) -> Value {
    let attributes = sent["resource"]["attributes"].as_array().unwrap();
    let (names, others): (Vec<Value>, Vec<Value>) = attributes
        .iter()
        .cloned()
        .partition(|entry| entry[0] == "service.name");
    json!({"serviceName": names[0][1]["stringValue"], "tags": sorted(&tags(&others.into()).into())})
}

fn nanos(owner: &Value, name: &str) -> u64 {
    owner[name].as_str().unwrap().parse().unwrap()
}

fn tags(attributes: &Value) -> Vec<Value> {
    attributes
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| tag(&entry[0], &entry[1]))
        .collect()
}

/// A typed tag of a value in OTLP's JSON form.
fn tag(key: &Value, value: &Value) -> Value {
    let Some((r#type, inner)) = value.as_object().unwrap().iter().next() else {
        return json!({"key": key, "type": "string", "value": ""});
    };
    let (r#type, value) = match r#type.as_str() {
        "stringValue" => ("string", inner.clone()),
        "boolValue" => ("bool", inner.clone()),
        "intValue" => ("int64", integer(inner)),
        "doubleValue" => ("float64", double(inner)),
        "bytesValue" => ("binary", inner.clone()),
        _ => ("string", plain(value).to_string().into()),
    };
    json!({"key": key, "type": r#type, "value": value})
}

fn integer(text: &Value) -> Value {
    let number: i64 = text.as_str().unwrap().parse().unwrap();
    match number.unsigned_abs() <= MAX_SAFE_INTEGER.unsigned_abs() {
        true => number.into(),
        false => text.clone(),
    }
}

/// JSON has no number for what is not finite; Jaeger writes Go's names or Rust's alike as text.
fn double(value: &Value) -> Value {
    match value.as_str() {
        Some("Infinity") => "inf".into(),
        Some("-Infinity") => "-inf".into(),
        _ => value.clone(),
    }
}

/// An array or a map as JSON without types.
fn plain(value: &Value) -> Value {
    let Some((r#type, inner)) = value.as_object().unwrap().iter().next() else {
        return Value::Null;
    };
    let entries = || inner["values"].as_array().unwrap().iter();
    match r#type.as_str() {
        "intValue" => inner.as_str().unwrap().parse::<i64>().unwrap().into(),
        "doubleValue" => double(inner),
        "arrayValue" => entries().map(plain).collect(),
        "kvlistValue" => {
            let entry = |entry: &Value| {
                (
                    entry["key"].as_str().unwrap().to_owned(),
                    plain(&entry["value"]),
                )
            };
            Value::Object(entries().map(entry).collect::<Map<_, _>>())
        }
        _ => inner.clone(),
    }
}
