//! The form in which the apps under tests/clients print what they sent, and its comparison with the
//! native JSON.
//!
//! `{"traceId": …, "spans": […]}`, where a span is an object with
//!
//! - `id`, `parent` (empty for none), `name`, `service`;
//! - `kind`: a kind's name in the native JSON. Zipkin has no word for `internal`, so that
//!   `unspecified` answers it too;
//! - `attributes`: those that must be there, by key, as plain JSON values;
//! - `events`: all of them in order, each a name or an object with `name` and, if they are compared,
//!   `time` and `attributes`;
//! - `error`: the status message of a failed span, null for another;
//! - if they are compared: `start` and `duration` in nanoseconds, `resource` (attributes), and
//!   `links` that must be there (objects with `trace`, `span` and `attributes`).
//!
//! Two spans of one id are the two halves of one call, as Zipkin's clients record it.

use serde_json::{Map, Value, json};

/// Checks that an answer is the trace that was sent: every span, and the tree that they make.
pub(super) fn check(trace: &Value, sent: &Value) {
    assert_eq!(trace["traceId"], padded(&sent["traceId"], 32));
    check_spans(trace, sent);
    check_tree(trace, sent);
}

/// Checks that an answer has the spans that were sent and no others; those sent twice once.
pub(super) fn check_spans(trace: &Value, sent: &Value) {
    let mut distinct: Vec<&Value> = Vec::new();
    for span in sent["spans"].as_array().unwrap() {
        if !distinct.contains(&span) {
            distinct.push(span);
        }
    }
    assert_eq!(trace["spanCount"], distinct.len(), "{trace:#}");
    for sent in distinct {
        check_span(trace, found(trace, sent), sent);
    }
}

fn padded(id: &Value, digits: usize) -> String {
    format!("{:0>digits$}", id.as_str().unwrap())
}

/// The span that was sent, among those of an answer. Others may have its id: the other half of a
/// call, and what a service did for each message of a batch.
fn found<'a>(trace: &'a Value, sent: &Value) -> &'a Value {
    let id = padded(&sent["id"], 16);
    let is_it = |span: &&Value| {
        let is_other = span["spanId"] != id
            || span["name"] != sent["name"]
            || !is_kind(span, sent)
            || (!sent["start"].is_null()
                && text(&span["startTimeUnixNano"]) != text(&sent["start"]));
        if is_other {
            return false;
        }
        let resource = resource_attributes(trace, span);
        *resource.get("service.name").unwrap_or(&Value::Null) == sent["service"]
    };
    let mut spans = stored(trace).filter(is_it);
    let span = spans
        .next()
        .unwrap_or_else(|| panic!("not there: {sent:#}\n{trace:#}"));
    assert!(spans.next().is_none(), "there twice: {sent:#}\n{trace:#}");
    span
}

/// All spans of an answer: those of its entries, whose called side may be a span too, but for
/// placeholders of what is not stored.
fn stored(trace: &Value) -> impl Iterator<Item = &Value> {
    let entries = list(&trace["spans"]).iter();
    let halves = entries.flat_map(|entry| [Some(entry), entry.get("serverHalf")]);
    halves.flatten().filter(|span| span["resource"].is_u64())
}

fn resource_attributes(trace: &Value, span: &Value) -> Map<String, Value> {
    let position = span["resource"].as_u64().unwrap();
    let position = usize::try_from(position).unwrap();
    plain_attributes(&trace["resources"][position]["attributes"])
}

fn check_span(trace: &Value, found: &Value, sent: &Value) {
    let context = || format!("\nsent: {sent:#}\nfound: {found:#}");
    let parent = match sent["parent"].as_str().unwrap() {
        "" => Value::Null,
        _ => padded(&sent["parent"], 16).into(),
    };
    assert_eq!(found["parentSpanId"], parent, "parent{}", context());
    let attributes = plain_attributes(&found["attributes"]);
    check_attributes(&attributes, &sent["attributes"], &context);
    if sent["resource"].is_object() {
        let resource = resource_attributes(trace, found);
        check_attributes(&resource, &sent["resource"], &context);
    }
    check_status(found, &sent["error"], &context);
    check_events(found, sent, &context);
    check_links(found, sent, &context);
    if !sent["duration"].is_null() {
        let durations = (text(&found["durationNano"]), text(&sent["duration"]));
        assert_eq!(durations.0, durations.1, "duration{}", context());
    }
}

fn is_kind(found: &Value, sent: &Value) -> bool {
    found["kind"] == sent["kind"] || (sent["kind"] == "internal" && found["kind"] == "unspecified")
}

/// A number as text, which it is already where JavaScript would round it.
fn text(number: &Value) -> String {
    number.as_str().map_or(number.to_string(), str::to_owned)
}

fn check_status(found: &Value, error: &Value, context: &impl Fn() -> String) {
    let Some(message) = error.as_str() else {
        assert_ne!(found["statusCode"], "error", "status{}", context());
        return;
    };
    assert_eq!(found["statusCode"], "error", "status{}", context());
    let found = found["statusMessage"].as_str().unwrap_or_default();
    assert_eq!(found, message, "status message{}", context());
}

fn check_events(found: &Value, sent: &Value, context: &impl Fn() -> String) {
    let (found, sent) = (list(&found["events"]), list(&sent["events"]));
    assert_eq!(found.len(), sent.len(), "events{}", context());
    for (found, sent) in found.iter().zip(sent) {
        let name = if sent.is_string() {
            sent
        } else {
            &sent["name"]
        };
        let found_name = found["name"].as_str().unwrap_or_default();
        assert_eq!(found_name, name.as_str().unwrap(), "event{}", context());
        if let Some(time) = sent.get("time") {
            assert_eq!(&found["timeUnixNano"], time, "event's time{}", context());
        }
        if let Some(attributes) = sent.get("attributes") {
            let found = plain_attributes(&found["attributes"]);
            check_attributes(&found, attributes, context);
        }
    }
}

fn check_links(found: &Value, sent: &Value, context: &impl Fn() -> String) {
    let Some(sent) = sent["links"].as_array() else {
        return;
    };
    let found = list(&found["links"]);
    for link in sent {
        let attributes = link["attributes"].as_object().unwrap();
        let is_it = |found: &&Value| {
            let found_attributes = plain_attributes(&found["attributes"]);
            (&found["traceId"], &found["spanId"]) == (&link["trace"], &link["span"])
                && attributes
                    .iter()
                    .all(|(key, value)| found_attributes.get(key) == Some(value))
        };
        assert!(
            found.iter().any(|found| is_it(&found)),
            "link {link}{}",
            context()
        );
    }
}

/// Numbers are compared as such: some clients know no whole ones.
fn check_attributes(found: &Map<String, Value>, sent: &Value, context: &impl Fn() -> String) {
    for (key, value) in sent.as_object().unwrap() {
        let found = found.get(key).unwrap_or(&Value::Null);
        let is_same = found == value
            || (found.is_number() && value.is_number() && found.as_f64() == value.as_f64());
        assert!(is_same, "attribute {key}: {found}{}", context());
    }
}

/// OTLP's list of attributes as plain JSON values; bytes as base64 text, lists as they are.
pub(super) fn plain_attributes(attributes: &Value) -> Map<String, Value> {
    let plain = |value: &Value| {
        let (r#type, value) = value.as_object()?.iter().next()?;
        match r#type.as_str() {
            "intValue" => serde_json::from_str(value.as_str()?).ok(),
            _ => Some(value.clone()),
        }
    };
    let entries = list(attributes).iter().map(|entry| {
        let key = entry["key"].as_str().unwrap().to_owned();
        (key, plain(&entry["value"]).unwrap_or_default())
    });
    entries.collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// There is one root, and each span is where its parent says: the halves of a call together, all
/// others one level below.
fn check_tree(trace: &Value, sent: &Value) {
    assert_eq!(trace["roots"], json!(["0"]), "{trace:#}");
    let spans = sent["spans"].as_array().unwrap();
    for sent in spans {
        let span = found(trace, sent);
        let path = span["callPath"].as_str().unwrap();
        let odd = list(&span["marks"]).iter().filter(|mark| {
            ["orphan", "cycle", "duplicate", "missing"].contains(&mark.as_str().unwrap())
        });
        assert_eq!(odd.count(), 0, "{span:#}");
        let halves = spans.iter().filter(|other| other["id"] == sent["id"]);
        for half in halves {
            assert_eq!(found(trace, half)["callPath"], path, "{trace:#}");
        }
        let parent = spans.iter().find(|other| other["id"] == sent["parent"]);
        let above = parent.map(|parent| found(trace, parent)["callPath"].clone());
        let expected = path.rsplit_once('.').map(|(above, _)| Value::from(above));
        assert_eq!(above, expected, "{trace:#}");
    }
}
