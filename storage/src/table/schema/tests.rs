//! Which tables are taken, and how they are made to fit.

use super::*;
use crate::table::{RED, SPANS};

fn table(edit: impl FnOnce(&mut Vec<StructField>)) -> Metadata {
    let mut schema = columns_of(&SPANS);
    edit(&mut schema.fields);
    Metadata {
        schema_string: to_json(&schema),
        ..new_table(&SPANS, Uuid::nil(), 0)
    }
}

fn field<'a>(fields: &'a mut [StructField], name: &str) -> &'a mut StructField {
    fields
        .iter_mut()
        .find(|field| field.name == name)
        .expect("a column")
}

fn event_fields(fields: &mut [StructField]) -> &mut Vec<StructField> {
    let DeltaType::Array(array) = &mut field(fields, "events").r#type else {
        panic!("a list")
    };
    let DeltaType::Struct(event) = &mut array.element_type else {
        panic!("of structs")
    };
    &mut event.fields
}

#[test]
fn each_kind_of_column_has_its_delta_type() {
    let json: Value =
        serde_json::from_str(&new_table(&SPANS, Uuid::nil(), 0).schema_string).expect("JSON");
    let check = |name: &str, nullable: bool, expect: Value| {
        let fields = json["fields"].as_array().expect("fields");
        let field = fields
            .iter()
            .find(|field| field["name"] == name)
            .expect("the column");
        assert_eq!(
            (&field["type"], field["nullable"].as_bool()),
            (&expect, Some(nullable)),
            "{name}"
        );
    };
    check("trace_id", false, "binary".into());
    check("start_time_unix_nano", false, "long".into());
    check("kind", false, "byte".into());
    check("service_name", true, "string".into());
    check("span_attributes", true, "string".into());
    check("date", true, "date".into());
    let nullable = |name: &str, kind: &str| serde_json::json!({"name": name, "type": kind, "nullable": true, "metadata": {}});
    let event = serde_json::json!({"type": "struct", "fields": [
        nullable("time_unix_nano", "long"), nullable("name", "string"), nullable("attributes", "string"),
        nullable("dropped_attributes_count", "long"),
    ]});
    check(
        "events",
        true,
        serde_json::json!({"type": "array", "elementType": event, "containsNull": true}),
    );
}

#[test]
fn a_table_that_has_everything_stays_as_it_is() {
    assert_eq!(adapt(&SPANS, &table(|_| {})).expect("fits"), None);
    let foreign = StructField {
        name: "theirs".to_owned(),
        r#type: DeltaType::Other(serde_json::json!({"type": "map"})),
        nullable: true,
        metadata: BTreeMap::new(),
    };
    assert_eq!(
        adapt(&SPANS, &table(|fields| fields.insert(0, foreign))).expect("fits"),
        None
    );
}

#[test]
fn missing_columns_are_added_as_nullable() {
    let full = table(|_| {});
    let lacking = table(|fields| {
        fields.retain(|field| field.name != "kind" && field.name != "flags");
        event_fields(fields).retain(|field| field.name != "name");
    });
    let adapted = adapt(&SPANS, &lacking).expect("fits").expect("changes");
    assert_eq!(adapt(&SPANS, &adapted).expect("fits"), None);
    let names = |metadata: &Metadata| {
        let schema: StructType = serde_json::from_str(&metadata.schema_string).expect("a schema");
        let mut names: Vec<_> = schema.fields.into_iter().map(|field| field.name).collect();
        names.sort();
        names
    };
    assert_eq!(names(&adapted), names(&full));
    assert_eq!(adapted.id, lacking.id);
}

#[test]
fn a_column_that_the_table_had_once_need_not_have_values() {
    let ours = columns_of(&RED);
    let former = StructField {
        name: "is_total".to_owned(),
        r#type: DeltaType::Primitive("boolean".to_owned()),
        nullable: false,
        metadata: BTreeMap::new(),
    };
    let fields = ours.fields.into_iter().chain([former]).collect();
    let schema_string = to_json(&StructType { fields, ..ours });
    let before = Metadata {
        schema_string,
        ..new_table(&RED, Uuid::nil(), 0)
    };
    let adapted = adapt(&RED, &before).expect("fits").expect("changes");
    assert_eq!(adapt(&RED, &adapted).expect("fits"), None);
    let mut schema: StructType = serde_json::from_str(&adapted.schema_string).expect("a schema");
    assert!(field(&mut schema.fields, "is_total").nullable);
    assert!(!field(&mut schema.fields, "count").nullable);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let check = |metadata: Metadata, part: &str| match adapt(&SPANS, &metadata) {
        Err(error @ StorageError::Incompatible { .. }) => {
            assert!(error.to_string().contains(part), "{error}");
        }
        other => panic!("{part}: {other:?}"),
    };
    check(
        table(|fields| field(fields, "kind").r#type = DeltaType::Primitive("integer".to_owned())),
        "\"kind\" with the type \"integer\", not \"byte\"",
    );
    check(
        table(|fields| field(fields, "flags").nullable = false),
        "\"flags\" that takes no nulls",
    );
    check(
        table(|fields| {
            field(fields, "name")
                .metadata
                .insert("delta.invariants".to_owned(), Value::Null);
        }),
        "\"name\" with the property \"delta.invariants\"",
    );
    check(
        table(|fields| event_fields(fields)[0].r#type = DeltaType::Primitive("string".to_owned())),
        "\"events.time_unix_nano\"",
    );
    check(
        table(|fields| {
            let unknown = StructField {
                name: "x".to_owned(),
                nullable: false,
                ..fields[0].clone()
            };
            fields.push(unknown);
        }),
        "unknown column \"x\"",
    );
    check(
        Metadata {
            partition_columns: vec![],
            ..table(|_| {})
        },
        "partitioned by []",
    );
    check(
        Metadata {
            schema_string: "{}".to_owned(),
            ..table(|_| {})
        },
        "cannot be read",
    );
}
