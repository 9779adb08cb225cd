//! `attribute_matches(column, 'key', 'value')`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, BooleanArray, StringArray};
use arrow_schema::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use schemas::columns::ATTRIBUTE_MATCHES;

use super::attribute_test::AttributeTest;
use super::literal_text;

/// True for rows whose attributes, a typed-JSON object in a text or dictionary column, have an
/// entry with the key whose value, shown as text, is the one asked for. Never null.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct AttributeMatches {
    signature: Signature,
}

impl Default for AttributeMatches {
    fn default() -> Self {
        Self {
            signature: Signature::any(3, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for AttributeMatches {
    fn name(&self) -> &str {
        ATTRIBUTE_MATCHES
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [column, key, value] = arguments.args.as_slice() else {
            return exec_err!("{ATTRIBUTE_MATCHES} takes a column, a key and a value");
        };
        let key = literal_text(ATTRIBUTE_MATCHES, key)?;
        let test = AttributeTest::new(key, literal_text(ATTRIBUTE_MATCHES, value)?);
        let column = column.to_array(arguments.number_rows)?;
        let matches = match column.data_type() {
            DataType::Utf8 => texts_match(column.as_string(), &test),
            DataType::Dictionary(key_type, _) if **key_type == DataType::Int32 => {
                let dictionary = column.as_dictionary::<Int32Type>();
                let Some(values) = dictionary.values().as_string_opt::<i32>() else {
                    return exec_err!("{ATTRIBUTE_MATCHES} takes a dictionary of Utf8");
                };
                let of_value = texts_match(values, &test);
                let of_row = |key: Option<i32>| {
                    let position = key.and_then(|key| usize::try_from(key).ok());
                    Some(position.is_some_and(|position| of_value.value(position)))
                };
                dictionary.keys().iter().map(of_row).collect()
            }
            DataType::Null => BooleanArray::from(vec![false; column.len()]),
            other => return exec_err!("{ATTRIBUTE_MATCHES} takes a column of Utf8, not {other}"),
        };
        Ok(ColumnarValue::Array(Arc::new(matches)))
    }
}

/// Whether each text has the attribute; false for nulls.
pub(super) fn texts_match(texts: &StringArray, test: &AttributeTest) -> BooleanArray {
    texts
        .iter()
        .map(|text| Some(text.is_some_and(|text| test.holds_in(text))))
        .collect()
}
