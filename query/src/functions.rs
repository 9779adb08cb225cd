//! The functions that the session has beside DataFusion's own.
//!
//! A search asks with `attribute_matches` and `event_attribute_matches` for attributes that have no
//! column. Storage knows them by name: it answers `false` for files in which the key does not
//! occur, and what remains of the condition is then met by statistics and bloom filters alone.
//!
//! `hdr_histogram` and `hdr_percentile` aggregate durations.

mod attribute_matches;
mod attribute_test;
mod event_attribute_matches;
mod hdr;
mod object_scan;

use std::sync::{Arc, LazyLock};

use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{AggregateUDF, ColumnarValue, Expr, ScalarUDF, lit};

use attribute_matches::AttributeMatches;
use event_attribute_matches::EventAttributeMatches;
use hdr::{HdrHistogram, HdrPercentile};
pub(crate) use object_scan::text_of;

static ATTRIBUTE_MATCHES: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::from(AttributeMatches::default())));
static EVENT_ATTRIBUTE_MATCHES: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::from(EventAttributeMatches::default())));

static HDR_HISTOGRAM: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(AggregateUDF::from(HdrHistogram::default())));
static HDR_PERCENTILE: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(AggregateUDF::from(HdrPercentile::default())));

/// All functions of one row, to be registered with a session.
pub(crate) fn all() -> Vec<Arc<ScalarUDF>> {
    vec![
        Arc::clone(&ATTRIBUTE_MATCHES),
        Arc::clone(&EVENT_ATTRIBUTE_MATCHES),
    ]
}

/// All aggregates, to be registered with a session.
pub(crate) fn aggregates() -> Vec<Arc<AggregateUDF>> {
    vec![Arc::clone(&HDR_HISTOGRAM), Arc::clone(&HDR_PERCENTILE)]
}

/// A histogram of durations in nanoseconds, as Binary in HdrHistogram's V2 form.
pub(crate) fn hdr_histogram(durations: Expr) -> Expr {
    HDR_HISTOGRAM.call(vec![durations])
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
