//! `event_attribute_matches(events, 'key', 'value')`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray, ListArray, StringArray};
use arrow_schema::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use schemas::columns::EVENT_ATTRIBUTE_MATCHES;

use super::attribute_matches::texts_match;
use super::attribute_test::AttributeTest;
use super::literal_text;

/// The attribute as which an event's name is asked for.
const EVENT_NAME: &str = "event";

/// True for rows that have an event with the attribute; an event's name counts as its attribute
/// `event`. Never null.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct EventAttributeMatches {
    signature: Signature,
}

impl Default for EventAttributeMatches {
    fn default() -> Self {
        Self {
            signature: Signature::any(3, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for EventAttributeMatches {
    fn name(&self) -> &str {
        EVENT_ATTRIBUTE_MATCHES
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [column, key, value] = arguments.args.as_slice() else {
            return exec_err!("{EVENT_ATTRIBUTE_MATCHES} takes a column, a key and a value");
        };
        let key = literal_text(EVENT_ATTRIBUTE_MATCHES, key)?;
        let value = literal_text(EVENT_ATTRIBUTE_MATCHES, value)?;
        let column = column.to_array(arguments.number_rows)?;
        let matches = match column.data_type() {
            DataType::List(_) => lists_match(column.as_list(), key, value)?,
            DataType::Null => BooleanArray::from(vec![false; column.len()]),
            other => return exec_err!("{EVENT_ATTRIBUTE_MATCHES} takes the events, not {other}"),
        };
        Ok(ColumnarValue::Array(Arc::new(matches)))
    }
}

fn lists_match(lists: &ListArray, key: &str, value: &str) -> Result<BooleanArray> {
    let Some(events) = lists.values().as_struct_opt() else {
        return exec_err!("{EVENT_ATTRIBUTE_MATCHES} takes a list of structures");
    };
    let texts = |name: &str| {
        events
            .column_by_name(name)
            .and_then(|column| column.as_string_opt())
    };
    let (Some(names), Some(attributes)): (Option<&StringArray>, Option<&StringArray>) =
        (texts("name"), texts("attributes"))
    else {
        return exec_err!("{EVENT_ATTRIBUTE_MATCHES} takes events with a name and attributes");
    };
    // A slice of the column shares the events of all rows: only this slice's are tested.
    let offsets = lists.value_offsets();
    let first = lists
        .offsets()
        .first()
        .map_or(0, |offset| position(*offset));
    let last = lists.offsets().last().map_or(0, |offset| position(*offset));
    let test = AttributeTest::new(key, value);
    let has_attribute = texts_match(&attributes.slice(first, last - first), &test);
    let is_named =
        |event: usize| key == EVENT_NAME && names.is_valid(event) && names.value(event) == value;
    let matches = offsets.windows(2).enumerate().map(|(row, bounds)| {
        let mut events = position(bounds[0])..position(bounds[1]);
        let is_match = |event| has_attribute.value(event - first) || is_named(event);
        Some(lists.is_valid(row) && events.any(is_match))
    });
    Ok(matches.collect())
}

fn position(offset: i32) -> usize {
    usize::try_from(offset).expect("Arrow's list offsets are not negative")
}
