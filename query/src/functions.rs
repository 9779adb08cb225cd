//! The functions by which a search asks for attributes that have no column.
//!
//! Storage knows them by name: it answers `false` for files in which the key does not occur, and
//! what remains of the condition is then met by statistics and bloom filters alone.

mod attribute_matches;
mod attribute_test;
mod event_attribute_matches;
mod object_scan;

use std::sync::{Arc, LazyLock};

use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarUDF, lit};

use attribute_matches::AttributeMatches;
use event_attribute_matches::EventAttributeMatches;
pub(crate) use object_scan::text_of;

static ATTRIBUTE_MATCHES: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::from(AttributeMatches::default())));
static EVENT_ATTRIBUTE_MATCHES: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::from(EventAttributeMatches::default())));

/// All functions, to be registered with a session.
pub(crate) fn all() -> Vec<Arc<ScalarUDF>> {
    vec![
        Arc::clone(&ATTRIBUTE_MATCHES),
        Arc::clone(&EVENT_ATTRIBUTE_MATCHES),
    ]
}

/// Whether the attributes in a typed-JSON text column hold `key` with a value shown as `value`.
pub(crate) fn attribute_matches(column: Expr, key: &str, value: &str) -> Expr {
    ATTRIBUTE_MATCHES.call(vec![column, lit(key), lit(value)])
}

/// Whether an event holds `key` with a value shown as `value`; its name is its attribute `event`.
pub(crate) fn event_attribute_matches(events: Expr, key: &str, value: &str) -> Expr {
    EVENT_ATTRIBUTE_MATCHES.call(vec![events, lit(key), lit(value)])
}

/// The text of an argument that must be a literal.
fn literal_text<'a>(function: &str, argument: &'a ColumnarValue) -> Result<&'a str> {
    match argument {
        ColumnarValue::Scalar(
            ScalarValue::Utf8(Some(text))
            | ScalarValue::LargeUtf8(Some(text))
            | ScalarValue::Utf8View(Some(text)),
        ) => Ok(text),
        _ => exec_err!("{function} takes its key and its value as literal texts"),
    }
}

#[cfg(test)]
mod tests;
