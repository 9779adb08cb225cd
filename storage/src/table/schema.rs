//! The tables' columns in Delta's terms, and what an existing table must look like.
//!
//! <https://github.com/delta-io/delta/blob/master/PROTOCOL.md#schema-serialization-format>

use std::collections::BTreeMap;

use arrow_schema::{DataType, Field, Fields};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::action::{Format, Metadata};
use super::checkpoint::CHECKPOINT_INTERVAL;
use super::{PartitionDate, TableDefinition};
use crate::error::StorageError;

/// A struct type; the table itself is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StructType {
    r#type: StructTag,
    fields: Vec<StructField>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StructTag {
    Struct,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StructField {
    name: String,
    r#type: DeltaType,
    nullable: bool,
    #[serde(default)]
    metadata: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum DeltaType {
    Primitive(String),
    Struct(StructType),
    Array(Box<ArrayType>),
    /// A type that no column of ours has.
    Other(Value),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArrayType {
    r#type: ArrayTag,
    element_type: DeltaType,
    contains_null: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ArrayTag {
    Array,
}

/// The metadata of a new table.
pub(super) fn new_table(table: &TableDefinition, id: Uuid, time_ms: i64) -> Metadata {
    let properties = [
        ("delta.checkpointInterval", CHECKPOINT_INTERVAL.to_string()),
        // Other engines, too, need no statistics of a hundred attribute columns.
        (
            "delta.dataSkippingStatsColumns",
            table.statistics_columns.to_owned(),
        ),
        // A collector commits about once a minute; a month of such entries would slow every open.
        ("delta.logRetentionDuration", "interval 7 days".to_owned()),
        (
            "delta.deletedFileRetentionDuration",
            table.deleted_files_stay.to_owned(),
        ),
    ];
    Metadata {
        id: id.to_string(),
        name: Some(table.name.to_owned()),
        description: Some(table.description.to_owned()),
        format: Format {
            provider: "parquet".to_owned(),
            options: BTreeMap::new(),
        },
        schema_string: to_json(&columns_of(table)),
        partition_columns: vec![PartitionDate::COLUMN.to_owned()],
        created_time: Some(time_ms),
        configuration: properties
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    }
}

/// Whether rows can be written to a table with this metadata: `Ok(None)` if so, `Ok(Some)` if so
/// once the table has this metadata, which adds the columns it lacks.
pub(super) fn adapt(
    table: &TableDefinition,
    metadata: &Metadata,
) -> Result<Option<Metadata>, StorageError> {
    let refuse = |mismatch: &str, source| refuse(table, mismatch, source);
    if metadata.format.provider != "parquet" {
        return refuse(
            &format!(
                "is kept in {:?} files, not Parquet",
                metadata.format.provider
            ),
            None,
        );
    }
    if metadata.partition_columns != [PartitionDate::COLUMN] {
        return refuse(
            &format!(
                "is partitioned by {:?}, not by date",
                metadata.partition_columns
            ),
            None,
        );
    }
    let schema: StructType = match serde_json::from_str(&metadata.schema_string) {
        Ok(schema) => schema,
        Err(error) => return refuse("has a schema that cannot be read", Some(error)),
    };
    let may_lack_values =
        |field: &StructField| field.nullable || table.former_columns.contains(&field.name.as_str());
    let existing = schema.fields.iter().map(|field| StructField {
        nullable: may_lack_values(field),
        ..field.clone()
    });
    let existing: Vec<StructField> = existing.collect();
    match merge_fields(&existing, &columns_of(table).fields, "") {
        Err(mismatch) => refuse(&mismatch, None),
        Ok(fields) if fields == schema.fields => Ok(None),
        Ok(fields) => {
            let schema_string = to_json(&StructType { fields, ..schema });
            Ok(Some(Metadata {
                schema_string,
                ..metadata.clone()
            }))
        }
    }
}

fn refuse(
    table: &TableDefinition,
    mismatch: &str,
    source: Option<serde_json::Error>,
) -> Result<Option<Metadata>, StorageError> {
    Err(StorageError::Incompatible {
        reason: format!(
            "{table} {mismatch}; it was made or changed by another program. Move the table away, and \
             spanhouse makes a new one"
        ),
        source: source.map(Into::into),
    })
}

/// The fields of a table that has `existing` and is to hold `ours`; or why it cannot.
fn merge_fields(
    existing: &[StructField],
    ours: &[StructField],
    parent: &str,
) -> Result<Vec<StructField>, String> {
    let mut merged = existing.to_vec();
    for field in &mut merged {
        let name = format!("{parent}{}", field.name);
        if let Some(key) = field.metadata.keys().find(|key| key.starts_with("delta.")) {
            return Err(format!("has the column {name:?} with the property {key:?}"));
        }
        match ours.iter().find(|our| our.name == field.name) {
            Some(our) if our.nullable && !field.nullable => {
                return Err(format!("has the column {name:?} that takes no nulls"));
            }
            Some(our) => field.r#type = merge_types(&field.r#type, &our.r#type, &name)?,
            None if field.nullable => {}
            None => {
                return Err(format!(
                    "has the unknown column {name:?} that takes no nulls"
                ));
            }
        }
    }
    let missing = ours
        .iter()
        .filter(|our| existing.iter().all(|field| field.name != our.name));
    // Rows that are there already have no value, so the column must allow for that.
    merged.extend(missing.map(|our| StructField {
        nullable: true,
        ..our.clone()
    }));
    Ok(merged)
}

fn merge_types(existing: &DeltaType, ours: &DeltaType, name: &str) -> Result<DeltaType, String> {
    match (existing, ours) {
        (DeltaType::Primitive(theirs), DeltaType::Primitive(our)) if theirs == our => {
            Ok(existing.clone())
        }
        (DeltaType::Struct(theirs), DeltaType::Struct(our)) => {
            let fields = merge_fields(&theirs.fields, &our.fields, &format!("{name}."))?;
            Ok(DeltaType::Struct(StructType { fields, ..*theirs }))
        }
        (DeltaType::Array(theirs), DeltaType::Array(our))
            if theirs.contains_null || !our.contains_null =>
        {
            let element_type = merge_types(&theirs.element_type, &our.element_type, name)?;
            Ok(DeltaType::Array(Box::new(ArrayType {
                element_type,
                ..**theirs
            })))
        }
        _ => Err(format!(
            "has the column {name:?} with the type {}, not {}",
            to_json(existing),
            to_json(ours)
        )),
    }
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("names and texts are JSON")
}

/// The table's columns and, last, the partition.
fn columns_of(table: &TableDefinition) -> StructType {
    let mut fields = struct_fields((table.schema)().fields());
    fields.push(StructField {
        name: PartitionDate::COLUMN.to_owned(),
        r#type: DeltaType::Primitive("date".to_owned()),
        nullable: true,
        metadata: BTreeMap::new(),
    });
    StructType {
        r#type: StructTag::Struct,
        fields,
    }
}

fn struct_fields(fields: &Fields) -> Vec<StructField> {
    let field = |field: &Field| StructField {
        name: field.name().clone(),
        r#type: delta_type(field.data_type()),
        nullable: field.is_nullable(),
        metadata: BTreeMap::new(),
    };
    fields.iter().map(|arrow| field(arrow)).collect()
}

fn delta_type(arrow: &DataType) -> DeltaType {
    let primitive = match arrow {
        DataType::Boolean => "boolean",
        DataType::Int8 => "byte",
        DataType::Int64 => "long",
        DataType::Float64 => "double",
        DataType::Utf8 => "string",
        DataType::Binary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "binary",
        DataType::Dictionary(_, values) => return delta_type(values),
        DataType::Struct(fields) => {
            return DeltaType::Struct(StructType {
                r#type: StructTag::Struct,
                fields: struct_fields(fields),
            });
        }
        DataType::List(item) => {
            return DeltaType::Array(Box::new(ArrayType {
                r#type: ArrayTag::Array,
                element_type: delta_type(item.data_type()),
                contains_null: item.is_nullable(),
            }));
        }
        other => unreachable!("no column of ours is {other}"),
    };
    DeltaType::Primitive(primitive.to_owned())
}

#[cfg(test)]
mod tests;
