//! The span table: one row a span, its columns in their fixed order.
//!
//! Column names are a stable surface: other engines read the table. Attributes with well-known
//! keys have a typed column of their own (`span.<key>`, `resource.<key>`), all others stand in the
//! *rest* columns `span_attributes`, `resource_attributes` and `scope_attributes` as
//! [typed JSON](crate::typed_json). A value whose type is not its column's stays in the rest, so
//! that no type is ever lost.

mod promoted;

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use hashbrown::HashMap;
use promoted::{PROMOTED_RESOURCE, PROMOTED_SPAN};

/// The position of a column in [`span_columns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub usize);

/// How a column's values look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// 16 bytes.
    TraceId,
    /// 8 bytes.
    SpanId,
    /// A signed 64-bit integer.
    Int64,
    /// A signed 8-bit integer.
    Int8,
    /// A double.
    Float64,
    /// A truth value.
    Bool,
    /// Text with few distinct values: dictionary-encoded in memory.
    Keyword,
    /// Text with many distinct values.
    Text,
    /// The span's events.
    Events,
    /// The span's links.
    Links,
}

/// One column of the span table.
#[derive(Clone, Debug)]
pub struct SpanColumn {
    /// Its name in the table.
    pub name: String,
    /// The form of its values.
    pub column_type: ColumnType,
    /// Whether a row may have no value, and a batch or a file therefore no such column.
    pub nullable: bool,
    /// Whether a Parquet file holds a bloom filter of it.
    pub bloom_filter: bool,
}

macro_rules! fixed_columns {
    ($($(#[$doc:meta])* $id:ident = $name:literal, $type:ident, $null:literal;)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "names become constants")]
        enum Position { $($id,)* Count }
        $($(#[$doc])* pub const $id: ColumnId = ColumnId(Position::$id as usize);)*
        const FIXED_COLUMNS: [(&str, ColumnType, bool); Position::Count as usize] =
            [$(($name, ColumnType::$type, $null),)*];
    };
}

fixed_columns! {
    /// The trace's id.
    TRACE_ID = "trace_id", TraceId, false;
    /// The span's id.
    SPAN_ID = "span_id", SpanId, false;
    /// The parent's id; null for a root.
    PARENT_SPAN_ID = "parent_span_id", SpanId, true;
    /// The hierarchical id as sent, for protocols that have one.
    CALL_PATH = "call_path", Text, true;
    /// Start, nanoseconds since 1970.
    START_TIME_UNIX_NANO = "start_time_unix_nano", Int64, false;
    /// Duration, nanoseconds.
    DURATION_NANO = "duration_nano", Int64, false;
    /// The operation's name.
    NAME = "name", Keyword, false;
    /// OTLP's number of the span kind.
    KIND = "kind", Int8, false;
    /// OTLP's number of the status code.
    STATUS_CODE = "status_code", Int8, false;
    /// The status message.
    STATUS_MESSAGE = "status_message", Keyword, true;
    /// The resource's `service.name`.
    SERVICE_NAME = "service_name", Keyword, true;
    /// The resource's `service.namespace`.
    SERVICE_NAMESPACE = "service_namespace", Keyword, true;
    /// The resource's `service.instance.id`.
    SERVICE_INSTANCE_ID = "service_instance_id", Keyword, true;
    /// The scope's name.
    SCOPE_NAME = "scope_name", Keyword, true;
    /// The scope's version.
    SCOPE_VERSION = "scope_version", Keyword, true;
    /// The scope's attributes, typed JSON.
    SCOPE_ATTRIBUTES = "scope_attributes", Keyword, true;
    /// Attributes that the sender dropped from the scope.
    SCOPE_DROPPED_ATTRIBUTES_COUNT = "scope_dropped_attributes_count", Int64, true;
    /// The schema URL of the scope.
    SCOPE_SCHEMA_URL = "scope_schema_url", Keyword, true;
    /// The resource's other attributes, typed JSON.
    RESOURCE_ATTRIBUTES = "resource_attributes", Keyword, true;
    /// Attributes that the sender dropped from the resource.
    RESOURCE_DROPPED_ATTRIBUTES_COUNT = "resource_dropped_attributes_count", Int64, true;
    /// The schema URL of the resource.
    RESOURCE_SCHEMA_URL = "resource_schema_url", Keyword, true;
    /// The resource's entity references, a JSON array.
    RESOURCE_ENTITY_REFS = "resource_entity_refs", Keyword, true;
    /// W3C tracestate.
    TRACE_STATE = "trace_state", Keyword, true;
    /// OTLP's flags, an unsigned 32-bit number.
    FLAGS = "flags", Int64, true;
    /// Attributes that the sender dropped from the span.
    DROPPED_ATTRIBUTES_COUNT = "dropped_attributes_count", Int64, true;
    /// Events that the sender dropped.
    DROPPED_EVENTS_COUNT = "dropped_events_count", Int64, true;
    /// Links that the sender dropped.
    DROPPED_LINKS_COUNT = "dropped_links_count", Int64, true;
    /// The span's events.
    EVENTS = "events", Events, true;
    /// The span's links.
    LINKS = "links", Links, true;
    /// The span's other attributes, typed JSON.
    SPAN_ATTRIBUTES = "span_attributes", Text, true;
}

/// The prefix of a promoted span attribute's column.
pub const SPAN_PREFIX: &str = "span.";
/// The prefix of a promoted resource attribute's column.
pub const RESOURCE_PREFIX: &str = "resource.";

/// The function by which queries ask for an attribute in a rest column:
/// `attribute_matches(column, 'key', 'value as text')`. Storage knows it by this name and answers
/// `false` for files in whose column the key does not occur.
pub const ATTRIBUTE_MATCHES: &str = "attribute_matches";
/// As [`ATTRIBUTE_MATCHES`], for the attributes of events: `event_attribute_matches(events, 'key', 'value')`.
pub const EVENT_ATTRIBUTE_MATCHES: &str = "event_attribute_matches";

/// Attributes of the resource that are fixed columns, by key.
pub const RESOURCE_FIXED: [(&str, ColumnId); 3] = [
    ("service.name", SERVICE_NAME),
    ("service.namespace", SERVICE_NAMESPACE),
    ("service.instance.id", SERVICE_INSTANCE_ID),
];

struct Table {
    columns: Vec<SpanColumn>,
    schema: SchemaRef,
    by_name: HashMap<String, ColumnId>,
    span_keys: HashMap<&'static str, ColumnId>,
    resource_keys: HashMap<&'static str, ColumnId>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut columns: Vec<SpanColumn> = FIXED_COLUMNS
        .iter()
        .map(|&(name, column_type, nullable)| SpanColumn {
            name: name.to_owned(),
            column_type,
            nullable,
            bloom_filter: name == "trace_id",
        })
        .collect();
    let mut promote = |prefix: &str, keys: &'static [promoted::PromotedKey]| {
        let mut ids = HashMap::new();
        for key in keys {
            ids.insert(key.key, ColumnId(columns.len()));
            columns.push(SpanColumn {
                name: format!("{prefix}{}", key.key),
                column_type: key.column_type,
                nullable: true,
                bloom_filter: key.bloom_filter,
            });
        }
        ids
    };
    let span_keys = promote(SPAN_PREFIX, PROMOTED_SPAN);
    let mut resource_keys = promote(RESOURCE_PREFIX, PROMOTED_RESOURCE);
    resource_keys.extend(RESOURCE_FIXED);
    let by_name = columns
        .iter()
        .enumerate()
        .map(|(id, column)| (column.name.clone(), ColumnId(id)))
        .collect();
    let fields: Fields = columns
        .iter()
        .map(|column| {
            Field::new(
                &column.name,
                column.column_type.arrow_type(),
                column.nullable,
            )
        })
        .collect();
    Table {
        columns,
        schema: Arc::new(Schema::new(fields)),
        by_name,
        span_keys,
        resource_keys,
    }
});

/// All columns of the span table, in order.
pub fn span_columns() -> &'static [SpanColumn] {
    &TABLE.columns
}

/// The Arrow schema of the whole span table in memory: [`ColumnType::Keyword`] columns are
/// dictionaries.
pub fn span_schema() -> &'static SchemaRef {
    &TABLE.schema
}

/// The column called `name`.
pub fn column_by_name(name: &str) -> Option<ColumnId> {
    TABLE.by_name.get(name).copied()
}

/// The column of the span attribute `key`, when it has one.
pub fn span_attribute_column(key: &str) -> Option<ColumnId> {
    TABLE.span_keys.get(key).copied()
}

/// The column of the resource attribute `key`, when it has one.
pub fn resource_attribute_column(key: &str) -> Option<ColumnId> {
    TABLE.resource_keys.get(key).copied()
}

/// The promoted attributes of spans: key and column, in column order.
pub fn promoted_span_attributes() -> impl Iterator<Item = (&'static str, ColumnId)> {
    let first = FIXED_COLUMNS.len();
    PROMOTED_SPAN
        .iter()
        .enumerate()
        .map(move |(index, key)| (key.key, ColumnId(first + index)))
}

/// The attributes of resources that have columns: key and column, fixed ones first.
pub fn promoted_resource_attributes() -> impl Iterator<Item = (&'static str, ColumnId)> {
    let first = FIXED_COLUMNS.len() + PROMOTED_SPAN.len();
    let promoted = PROMOTED_RESOURCE
        .iter()
        .enumerate()
        .map(move |(index, key)| (key.key, ColumnId(first + index)));
    RESOURCE_FIXED.into_iter().chain(promoted)
}

impl ColumnId {
    /// The column's definition.
    pub fn column(self) -> &'static SpanColumn {
        &TABLE.columns[self.0]
    }
}

impl ColumnType {
    /// The Arrow type of the column in memory.
    pub fn arrow_type(self) -> DataType {
        match self {
            Self::TraceId => DataType::FixedSizeBinary(16),
            Self::SpanId => DataType::FixedSizeBinary(8),
            Self::Int64 => DataType::Int64,
            Self::Int8 => DataType::Int8,
            Self::Float64 => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Keyword => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            Self::Text => DataType::Utf8,
            Self::Events => list_of(event_fields()),
            Self::Links => list_of(link_fields()),
        }
    }
}

fn list_of(fields: Fields) -> DataType {
    DataType::List(list_item(fields))
}

/// The field of a list's elements, under the name that Delta readers expect.
pub(crate) fn list_item(fields: Fields) -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Struct(fields), true))
}

/// The fields of one event.
pub fn event_fields() -> Fields {
    Fields::from(vec![
        Field::new("time_unix_nano", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("attributes", DataType::Utf8, true),
        Field::new("dropped_attributes_count", DataType::Int64, true),
    ])
}

/// The fields of one link.
pub fn link_fields() -> Fields {
    Fields::from(vec![
        Field::new("trace_id", DataType::FixedSizeBinary(16), true),
        Field::new("span_id", DataType::FixedSizeBinary(8), true),
        Field::new("trace_state", DataType::Utf8, true),
        Field::new("attributes", DataType::Utf8, true),
        Field::new("dropped_attributes_count", DataType::Int64, true),
        Field::new("flags", DataType::Int64, true),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_found_by_its_name_and_attribute() {
        for (index, column) in span_columns().iter().enumerate() {
            assert_eq!(column_by_name(&column.name), Some(ColumnId(index)));
        }
        for (key, id) in promoted_span_attributes() {
            assert_eq!(span_attribute_column(key), Some(id));
            assert_eq!(id.column().name, format!("span.{key}"));
        }
        for (key, id) in promoted_resource_attributes() {
            assert_eq!(resource_attribute_column(key), Some(id));
        }
        assert_eq!(SERVICE_NAME.column().name, "service_name");
        assert_eq!(SPAN_ATTRIBUTES.column().name, "span_attributes");
    }
}
