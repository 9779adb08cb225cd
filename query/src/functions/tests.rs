use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field};
use datafusion::common::config::ConfigOptions;
use datafusion::logical_expr::{ScalarFunctionArgs, ScalarUDFImpl};
use proptest::prelude::*;
use schemas::typed_json::write_attributes;
use schemas::{
    AttributeRef, AttributeValue, Attributes, EventRow, ResourceRow, SpanBatch, SpanBatchBuilder,
    SpanId, SpanRow, TraceId, columns,
};

use super::attribute_test::AttributeTest;
use super::*;

fn holds(object: &str, key: &str, value: &str) -> bool {
    AttributeTest::new(key, value).holds_in(object)
}

#[test]
fn values_of_every_type_are_found_as_text() {
    let object = r#"{"s":"v","i":123,"f":72.5,"w":3.0,"b":true,"n":{"doubleValue":"NaN"},"s":"again","q\"":"\\"}"#;
    for (key, value) in [
        ("s", "v"),
        ("s", "again"),
        ("i", "123"),
        ("f", "72.5"),
        ("w", "3"),
        ("w", "3.0"),
        ("b", "true"),
        ("n", "NaN"),
        ("q\"", "\\"),
    ] {
        assert!(holds(object, key, value), "{key}={value}");
    }
    for (key, value) in [
        ("s", "V"),
        ("s", ""),
        ("i", "0123"),
        ("i", "123.0"),
        ("f", "72"),
        ("b", "1"),
        ("x", "v"),
    ] {
        assert!(!holds(object, key, value), "{key}={value}");
    }
}

#[test]
fn nested_entries_and_foreign_texts_are_not_found() {
    assert!(!holds(
        r#"{"a":{"key":"value"},"b":["key",1]}"#,
        "key",
        "value"
    ));
    assert!(holds(
        r#"{"a":{"key":"other"},"key":"value"}"#,
        "key",
        "value"
    ));
    assert!(!holds(r#"{"a":"\"key\":\"value\""}"#, "key", "value"));
    for text in [
        "",
        "{",
        "{}",
        "null",
        r#"{"key""#,
        r#"{"key":"#,
        r#"{"key":"value"#,
        r#"{"key":"va\"#,
        "{\"é",
    ] {
        assert!(!holds(text, "key", "value"), "{text}");
    }
}

fn shown(value: &AttributeValue) -> Option<String> {
    match value {
        AttributeValue::String(text) => Some(text.clone()),
        AttributeValue::Bool(truth) => Some(truth.to_string()),
        AttributeValue::Int(number) => Some(number.to_string()),
        AttributeValue::Double(number) => Some(number.to_string()),
        AttributeValue::Empty
        | AttributeValue::Bytes(_)
        | AttributeValue::Array(_)
        | AttributeValue::Map(_) => None,
    }
}

fn any_value() -> impl Strategy<Value = AttributeValue> {
    let scalar = prop_oneof![
        any::<String>().prop_map(AttributeValue::String),
        any::<bool>().prop_map(AttributeValue::Bool),
        any::<i64>().prop_map(AttributeValue::Int),
        prop::num::f64::NORMAL.prop_map(AttributeValue::Double),
    ];
    let nested = prop::collection::vec((any::<String>(), scalar.clone()), 0..3)
        .prop_map(|entries| AttributeValue::Map(Attributes(entries)));
    prop_oneof![4 => scalar, 1 => nested]
}

proptest! {
    #[test]
    fn every_scalar_attribute_is_found_among_any_others(
        entries in prop::collection::vec((any::<String>(), any_value()), 1..6),
        text in any::<String>(),
    ) {
        let attributes = Attributes(entries);
        let mut object = String::new();
        write_attributes(&mut object, &attributes);
        for (key, value) in &attributes.0 {
            if let Some(value) = shown(value) {
                prop_assert!(holds(&object, key, &value));
            }
        }
        let expected = attributes.0.iter().any(|(key, value)| *key == text && shown(value).as_deref() == Some(&text));
        prop_assert_eq!(holds(&object, &text, &text), expected);
        holds(&text, "key", "value");
    }
}

fn batch() -> SpanBatch {
    let mut builder = SpanBatchBuilder::default();
    builder.set_resource(&ResourceRow {
        attributes: &[("zone", AttributeRef::Int(3))],
        ..ResourceRow::default()
    });
    let span = |id: u8| SpanRow::new(TraceId([1; 16]), SpanId([id; 8]));
    builder.push(&span(1));
    let attributes = [("retries", AttributeRef::Int(2))];
    let events = [
        EventRow {
            name: "first",
            ..EventRow::default()
        },
        EventRow {
            name: "second",
            attributes: &attributes,
            ..EventRow::default()
        },
    ];
    builder.push(&SpanRow {
        attributes: &attributes,
        events: &events,
        ..span(2)
    });
    builder.set_resource(&ResourceRow::default());
    builder.push(&SpanRow {
        events: &events[..1],
        ..span(3)
    });
    builder.finish()
}

fn call(function: &impl ScalarUDFImpl, column: &ArrayRef, key: &str, value: &str) -> Vec<bool> {
    let literal = |text: &str| ColumnarValue::Scalar(ScalarValue::from(text));
    let arguments = ScalarFunctionArgs {
        args: vec![
            ColumnarValue::Array(Arc::clone(column)),
            literal(key),
            literal(value),
        ],
        arg_fields: Vec::new(),
        number_rows: column.len(),
        return_field: Arc::new(Field::new("matches", DataType::Boolean, false)),
        config_options: Arc::new(ConfigOptions::new()),
    };
    let matches = function
        .invoke_with_args(arguments)
        .expect("the columns fit");
    let matches = matches.to_array(column.len()).expect("an array");
    matches
        .as_boolean()
        .iter()
        .map(|truth| truth.expect("never null"))
        .collect()
}

#[test]
fn columns_of_both_kinds_are_tested_row_by_row() {
    let batch = batch();
    let rest = batch.column(columns::SPAN_ATTRIBUTES).expect("a rest");
    let function = AttributeMatches::default();
    assert_eq!(call(&function, rest, "retries", "2"), [false, true, false]);
    let resource = batch
        .column(columns::RESOURCE_ATTRIBUTES)
        .expect("a resource");
    assert_eq!(call(&function, resource, "zone", "3"), [true, true, false]);
    assert_eq!(
        call(&function, &resource.slice(1, 2), "zone", "3"),
        [true, false]
    );
}

#[test]
fn events_match_by_attribute_and_by_name() {
    let batch = batch();
    let events = batch.column(columns::EVENTS).expect("events");
    let function = EventAttributeMatches::default();
    assert_eq!(
        call(&function, events, "retries", "2"),
        [false, true, false]
    );
    assert_eq!(
        call(&function, events, "event", "first"),
        [false, true, true]
    );
    assert_eq!(
        call(&function, &events.slice(2, 1), "event", "first"),
        [true]
    );
    assert_eq!(
        call(&function, &events.slice(1, 2), "retries", "2"),
        [true, false]
    );
    assert_eq!(
        call(&function, events, "event", "third"),
        [false, false, false]
    );
}
