//! Jaeger's tags: an attribute, wherever it stands, by its value shown as text.

use datafusion::logical_expr::{Expr, lit};
use schemas::columns::{
    self, ColumnId, ColumnType, resource_attribute_column, span_attribute_column,
};
use schemas::{SpanKind, StatusCode};

use super::condition::column;
use crate::functions::{attribute_matches, event_attribute_matches};

/// That a span has the attribute itself, through its resource or on one of its events, or shows
/// one of its fields as such a tag.
pub(super) fn has_tag(key: &str, value: &str) -> Expr {
    let mut places = Vec::new();
    places.extend(field_shown_as(key, value));
    places.extend(span_attribute_column(key).and_then(|id| column_is(id, value)));
    places.push(attribute_matches(
        column(columns::SPAN_ATTRIBUTES),
        key,
        value,
    ));
    places.extend(resource_attribute_column(key).and_then(|id| column_is(id, value)));
    places.push(attribute_matches(
        column(columns::RESOURCE_ATTRIBUTES),
        key,
        value,
    ));
    places.push(event_attribute_matches(column(columns::EVENTS), key, value));
    places
        .into_iter()
        .reduce(Expr::or)
        .unwrap_or_else(|| lit(false))
}

/// The field of OTLP's span that Jaeger shows as the tag `key`.
fn field_shown_as(key: &str, value: &str) -> Option<Expr> {
    let is_text = |id: ColumnId| (!value.is_empty()).then(|| column(id).eq(lit(value)));
    let has_status = |code: StatusCode| column(columns::STATUS_CODE).eq(lit(code.number()));
    match (key, value) {
        ("error", "true") | ("otel.status_code", "ERROR") => Some(has_status(StatusCode::Error)),
        ("otel.status_code", "OK") => Some(has_status(StatusCode::Ok)),
        ("otel.status_description", _) => is_text(columns::STATUS_MESSAGE),
        ("otel.scope.name" | "otel.library.name", _) => is_text(columns::SCOPE_NAME),
        ("otel.scope.version" | "otel.library.version", _) => is_text(columns::SCOPE_VERSION),
        ("w3c.tracestate", _) => is_text(columns::TRACE_STATE),
        ("span.kind", name) if !name.is_empty() => {
            let kind = SpanKind::ALL.into_iter().find(|kind| kind.name() == name)?;
            Some(column(columns::KIND).eq(lit(kind.number())))
        }
        _ => None,
    }
}

/// That a promoted column has a value that is shown as `value`; none when its type has no such
/// value.
fn column_is(id: ColumnId, value: &str) -> Option<Expr> {
    match id.column().column_type {
        ColumnType::Keyword | ColumnType::Text => Some(column(id).eq(lit(value))),
        ColumnType::Int64 => {
            let number: i64 = value.parse().ok()?;
            (number.to_string() == value).then(|| column(id).eq(lit(number)))
        }
        ColumnType::Float64 => {
            let number: f64 = value.parse().ok()?;
            Some(column(id).eq(lit(number)))
        }
        ColumnType::Bool => {
            let truth: bool = value.parse().ok()?;
            Some(column(id).eq(lit(truth)))
        }
        ColumnType::TraceId
        | ColumnType::SpanId
        | ColumnType::Int8
        | ColumnType::Events
        | ColumnType::Links => None,
    }
}
