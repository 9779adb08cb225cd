//! Which attribute keys occur in the columns of attributes without a column of their own.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use schemas::columns;
use serde::{Deserialize, Serialize};

/// The key of the Parquet file's metadata that holds a [`RestKeys`] as JSON.
pub(crate) const REST_KEYS_METADATA: &str = "spanhouse.rest_keys";

/// With more keys than this a column is taken to hold any key: senders that put data into keys
/// must not grow footers without bound.
const MOST_KEYS: usize = 1024;

/// Per column of typed-JSON attributes (`events` stands for the attributes of events) the keys
/// that occur in a file; no entry means that the file does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RestKeys(BTreeMap<String, BTreeSet<String>>);

impl RestKeys {
    /// Knows nothing yet of a file in which every column will be told by [`Self::add`].
    pub(crate) fn of_new_file() -> Self {
        let columns = [
            columns::SPAN_ATTRIBUTES,
            columns::RESOURCE_ATTRIBUTES,
            columns::SCOPE_ATTRIBUTES,
            columns::EVENTS,
        ];
        Self(
            columns
                .into_iter()
                .map(|id| (id.column().name.clone(), BTreeSet::new()))
                .collect(),
        )
    }

    /// Whether attributes under `key` may occur in `column`.
    pub(crate) fn may_have(&self, column: &str, key: &str) -> bool {
        self.0.get(column).is_none_or(|keys| keys.contains(key))
    }

    /// All keys that are told of.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &String> {
        self.0.values().flatten()
    }

    /// Adds the keys of a batch's rows.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        self.0.retain(|name, keys| {
            let Some(array) = batch.column_by_name(name) else {
                return true;
            };
            add_keys(keys, array);
            keys.len() <= MOST_KEYS
        });
    }
}

fn add_keys(keys: &mut BTreeSet<String>, array: &ArrayRef) {
    match array.data_type() {
        DataType::Utf8 => array
            .as_string::<i32>()
            .iter()
            .flatten()
            .for_each(|text| add_text(keys, text)),
        DataType::Dictionary(..) => {
            let values = array
                .as_dictionary::<Int32Type>()
                .values()
                .as_string::<i32>();
            values
                .iter()
                .flatten()
                .for_each(|text| add_text(keys, text));
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (Some(first), Some(last)) =
                (list.value_offsets().first(), list.value_offsets().last())
            else {
                return;
            };
            let range = usize::try_from(*first).unwrap_or(0)..usize::try_from(*last).unwrap_or(0);
            let events = list.values().as_struct();
            let attributes = events
                .column_by_name("attributes")
                .map(|column| column.slice(range.start, range.len()));
            attributes.iter().for_each(|column| add_keys(keys, column));
        }
        _ => {}
    }
}

/// Adds the top-level keys of one typed-JSON object, without parsing its values.
fn add_text(keys: &mut BTreeSet<String>, text: &str) {
    let mut depth = 0usize;
    let mut expects_key = false;
    let bytes = text.as_bytes();
    let mut position = 0;
    while let Some(byte) = bytes.get(position) {
        match byte {
            b'"' => {
                let end = string_end(bytes, position);
                if depth == 1 && expects_key {
                    // Quotes are single bytes, so the range between two of them is whole characters.
                    add_key(keys, text.get(position + 1..end).unwrap_or_default());
                    expects_key = false;
                }
                position = end;
            }
            b'{' | b'[' => {
                depth += 1;
                expects_key = depth == 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => expects_key = true,
            _ => {}
        }
        position += 1;
    }
}

/// The position of the quote that ends the string which begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut position = start + 1;
    while let Some(byte) = bytes.get(position) {
        match byte {
            b'"' => return position,
            b'\\' => position += 2,
            _ => position += 1,
        }
    }
    bytes.len()
}

fn add_key(keys: &mut BTreeSet<String>, escaped: &str) {
    if keys.contains(escaped) {
        return;
    }
    let key = if escaped.contains('\\') {
        serde_json::from_str(&format!("\"{escaped}\"")).unwrap_or_else(|_| escaped.to_owned())
    } else {
        escaped.to_owned()
    };
    keys.insert(key);
}

#[cfg(test)]
mod tests {
    use schemas::{AttributeRef, EventRow, SpanBatchBuilder, SpanId, SpanRow, TraceId};

    use super::*;

    fn keys_of(text: &str) -> Vec<String> {
        let mut keys = BTreeSet::new();
        add_text(&mut keys, text);
        keys.into_iter().collect()
    }

    #[test]
    fn only_the_outer_keys_count() {
        assert_eq!(
            keys_of(r#"{"a":1,"b":{"c":[{"d":"e"}]},"f":"x,\"g\":1","h\n":null}"#),
            ["a", "b", "f", "h\n"]
        );
        assert!(keys_of("{}").is_empty());
    }

    #[test]
    fn keys_of_spans_and_events_are_kept_apart() {
        let event_attributes = [("inner", AttributeRef::Int(1))];
        let events = [EventRow {
            name: "e",
            attributes: &event_attributes,
            ..EventRow::default()
        }];
        let attributes = [
            ("outer", AttributeRef::Bool(true)),
            ("user.id", AttributeRef::String("promoted")),
        ];
        let mut builder = SpanBatchBuilder::default();
        builder.push(&SpanRow {
            events: &events,
            attributes: &attributes,
            ..SpanRow::new(TraceId([1; 16]), SpanId([1; 8]))
        });
        let mut keys = RestKeys::of_new_file();
        keys.add(&builder.finish().to_record_batch(None));
        assert!(
            keys.may_have("span_attributes", "outer")
                && !keys.may_have("span_attributes", "user.id")
        );
        assert!(keys.may_have("events", "inner") && !keys.may_have("events", "outer"));
        assert!(!keys.may_have("resource_attributes", "outer"));
        assert!(RestKeys::default().may_have("events", "anything"));
    }

    #[test]
    fn too_many_keys_mean_any_key() {
        let mut builder = SpanBatchBuilder::default();
        for number in 0..=MOST_KEYS {
            let key = format!("key{number}");
            let attributes = [(key.as_str(), AttributeRef::Empty)];
            builder.push(&SpanRow {
                attributes: &attributes,
                ..SpanRow::new(TraceId([1; 16]), SpanId([1; 8]))
            });
        }
        let mut keys = RestKeys::of_new_file();
        keys.add(&builder.finish().to_record_batch(None));
        assert!(
            keys.may_have("span_attributes", "never seen")
                && !keys.may_have("events", "never seen")
        );
    }
}
