//! `schemas/mtrace-span.schema.json` takes what the decoder takes.

use serde_json::Map;

use super::*;

fn schema() -> Value {
    let text = include_str!("../../../../schemas/mtrace-span.schema.json");
    serde_json::from_str(text).expect("JSON")
}

/// The fields of a span, sorted.
pub(super) fn properties() -> Vec<String> {
    let schema = schema();
    let properties = schema["properties"].as_object().expect("an object");
    let mut names: Vec<_> = properties.keys().cloned().collect();
    names.sort_unstable();
    names
}

/// The keywords that the schema uses; another one fails the test.
fn is_valid(root: &Value, schema: &Value, value: &Value) -> bool {
    let keywords = schema.as_object().expect("an object").iter();
    keywords.fold(true, |so_far, (keyword, rule)| {
        so_far & keeps(root, (keyword, rule), schema, value)
    })
}

fn keeps(root: &Value, (keyword, rule): (&str, &Value), schema: &Value, value: &Value) -> bool {
    let count = |rule: &Value| {
        let rules = rule.as_array().expect("a list").iter();
        rules.filter(|rule| is_valid(root, rule, value)).count()
    };
    let names = |rule: &Value| {
        rule.as_array()
            .cloned()
            .unwrap_or_else(|| vec![rule.clone()])
    };
    match keyword {
        "$schema" | "$id" | "$defs" | "title" | "description" => true,
        "$ref" => {
            let pointer = rule.as_str().and_then(|text| text.strip_prefix('#'));
            let target = root.pointer(pointer.expect("a local reference"));
            is_valid(root, target.expect("it exists"), value)
        }
        "anyOf" => count(rule) > 0,
        "oneOf" => count(rule) == 1,
        "not" => !is_valid(root, rule, value),
        "enum" => names(rule).contains(value),
        "type" => names(rule).iter().any(|name| is_of_type(value, name)),
        "minimum" => value
            .as_u64()
            .is_some_and(|number| rule.as_u64() <= Some(number)),
        "maximum" => value
            .as_u64()
            .is_none_or(|number| rule.as_u64() >= Some(number)),
        "minLength" => value
            .as_str()
            .is_none_or(|text| rule.as_u64() <= Some(text.chars().count() as u64)),
        "maxLength" => value
            .as_str()
            .is_none_or(|text| rule.as_u64() >= Some(text.chars().count() as u64)),
        "pattern" => value
            .as_str()
            .is_none_or(|text| matches_pattern(text, rule)),
        "required" => value.as_object().is_none_or(|object| {
            names(rule)
                .iter()
                .all(|name| object.contains_key(name.as_str().expect("a name")))
        }),
        "items" => value
            .as_array()
            .is_none_or(|list| list.iter().all(|value| is_valid(root, rule, value))),
        "properties" => value.as_object().is_none_or(|object| {
            object.iter().all(|(name, value)| {
                rule.get(name)
                    .is_none_or(|rule| is_valid(root, rule, value))
            })
        }),
        "additionalProperties" => {
            let empty = Map::new();
            let listed = schema["properties"].as_object().unwrap_or(&empty);
            value.as_object().is_none_or(|object| {
                let mut others = object
                    .iter()
                    .filter(|(name, _)| !listed.contains_key(*name));
                others.all(|(_, value)| rule != &Value::Bool(false) && is_valid(root, rule, value))
            })
        }
        other => panic!("the schema has a new keyword {other}"),
    }
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("a name") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("a new type {other}"),
    }
}

/// The schema's patterns, in words.
fn matches_pattern(text: &str, pattern: &Value) -> bool {
    let is_zeros = text.bytes().all(|byte| byte == b'0');
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match pattern.as_str().expect("a text") {
        r"^0(\.(0|[1-9][0-9]{0,8})){0,255}$" => schemas::CallPath::parse(text).is_ok(),
        "^0{1,20}$|^0{32}$" => is_zeros && matches!(text.len(), 1..=20 | 32),
        "^[0-9]{1,19}$" => is_digits && (1..=19).contains(&text.len()),
        other => panic!("a new pattern {other}"),
    }
}

/// The decoder and the schema agree.
fn check(span: &Value, expect: bool) {
    let schema = schema();
    assert_eq!(
        is_valid(&schema, &schema, span),
        expect,
        "the schema of {span}"
    );
    let decoded = decode(span.to_string().as_bytes()).expect("JSON");
    assert_eq!(
        decoded.rejected == 0,
        expect,
        "{:?} of {span}",
        decoded.details
    );
}

#[test]
fn the_required_fields_are_those_that_the_decoder_requires() {
    let schema = schema();
    let required = schema["required"].as_array().expect("a list");
    for field in properties() {
        let is_required = required.contains(&Value::from(field.clone()));
        let times = field == "start" || field == "duration";
        check(&span(json!({field: null})), !is_required && !times);
    }
}

#[test]
fn the_schema_takes_the_examples_that_the_decoder_takes() {
    for example in document::examples() {
        let example: Value = serde_json::from_str(example).expect("JSON");
        let spans = example.as_array().cloned().unwrap_or_else(|| vec![example]);
        for span in spans {
            let decoded = decode(span.to_string().as_bytes()).expect("JSON");
            check(&span, decoded.rejected == 0);
        }
    }
}

/// A field with values of every kind, each on an otherwise valid span.
#[test]
fn the_schema_and_the_decoder_agree_on_every_field() {
    let ids = json!([
        1,
        u64::MAX,
        0,
        -1,
        "a",
        "",
        "0",
        "00",
        "0".repeat(16),
        "0".repeat(21),
        "0".repeat(32),
        "x".repeat(129)
    ]);
    let paths = json!([
        "0",
        "0.0",
        "0.12.3",
        "",
        "1",
        "0.",
        "0.01",
        "0.1234567890",
        "0.123456789",
        "a",
        0
    ]);
    let times = json!([
        0,
        -1,
        "1",
        "",
        "x",
        "+1",
        "00000000000000000001",
        u64::MAX,
        [],
        true
    ]);
    let objects = json!([{}, {"service": "a"}, {"address": null}, {"port": 65_535}, {"port": 65_536}, {"port": "1"}, {"x": 1}, [], "a"]);
    let kinds = json!([
        "client", "server", "producer", "consumer", "internal", "CLIENT", "", 1
    ]);
    let statuses = json!(["ok", "unset", "error", "bad", 1, {}, {"code": "ok"}, {"code": "ok", "message": 1}, {"message": "m"}, {"code": "error", "message": "m"}]);
    let annotations = json!([
        {}, [], "a", {"k": 1}, {"k": 1.5}, {"k": true}, {"k": null}, {"k": "v"}, {"k": {}}, {"k": [1]}, {"k": []},
        {"k": [{"time": 1}]}, {"k": [{"time": "1", "value": "v"}]}, {"k": [{"value": 1}]},
        {"k": [{"time": 1, "value": []}]}, {"k": [{"time": 1, "x": 1}]}, {"cs": 1}, {"cs": "1"}, {"cs": null},
        {"cs": {}}, {"cs": [{"time": 1}]}, {"cs": true},
    ]);
    let texts = json!(["", "a", 1, [], {}]);
    for (field, values) in [
        ("traceId", ids),
        ("spanId", paths),
        ("start", times.clone()),
        ("duration", times),
        ("local", objects.clone()),
        ("remote", objects),
        ("kind", kinds),
        ("status", statuses),
        ("annotations", annotations),
        ("name", texts.clone()),
        ("service", texts.clone()),
        ("tenant", texts),
    ] {
        let schema = schema();
        let (mut valid, mut invalid) = (0, 0);
        for value in values.as_array().expect("a list") {
            let span = span(json!({field: value}));
            let is_taken = is_valid(&schema, &schema, &span);
            check(&span, is_taken);
            *(if is_taken { &mut valid } else { &mut invalid }) += 1;
        }
        assert!(invalid > 0 && (valid > 0 || field == "tenant"), "{field}");
    }
}

#[test]
fn the_schema_and_the_decoder_agree_on_stages() {
    for kind in [
        Value::Null,
        json!("client"),
        json!("server"),
        json!("producer"),
        json!("consumer"),
        json!("internal"),
    ] {
        for present in 0_u8..16 {
            let mut annotations = Map::new();
            for (bit, name) in ["cs", "sr", "ss", "cr"].into_iter().enumerate() {
                if present >> bit & 1 == 1 {
                    annotations.insert(name.to_owned(), json!(bit));
                }
            }
            for times in [
                json!({"start": null, "duration": null}),
                json!({"start": null}),
                json!({}),
            ] {
                let mut span = span(times);
                span["kind"] = kind.clone();
                span["annotations"] = Value::Object(annotations.clone());
                let schema = schema();
                let is_taken = is_valid(&schema, &schema, &span);
                check(&span, is_taken);
            }
        }
    }
}
