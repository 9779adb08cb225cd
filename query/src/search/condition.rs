//! A query as a condition on rows.

use datafusion::logical_expr::{Expr, ident, lit};
use schemas::UNKNOWN_SERVICE;
use schemas::columns::{self, ColumnId};

use super::TraceQuery;
use super::tags::has_tag;
use super::window::TimeRange;

/// The condition on a span that `query` asks for, within a part of its time range.
pub(super) fn of_query(query: &TraceQuery, window: TimeRange) -> Expr {
    let start = || column(columns::START_TIME_UNIX_NANO);
    let mut conditions = vec![
        start().gt_eq(lit(window.start)),
        start().lt_eq(lit(window.end)),
    ];
    conditions.extend(query.service.as_deref().map(is_service));
    conditions.extend(
        query
            .operation
            .as_deref()
            .map(|name| column(columns::NAME).eq(lit(name))),
    );
    let duration = || column(columns::DURATION_NANO);
    conditions.extend(
        query
            .min_duration_nano
            .map(|nanos| duration().gt_eq(lit(nanos))),
    );
    conditions.extend(
        query
            .max_duration_nano
            .map(|nanos| duration().lt_eq(lit(nanos))),
    );
    conditions.extend(query.tags.iter().map(|(key, value)| has_tag(key, value)));
    conditions
        .into_iter()
        .reduce(Expr::and)
        .unwrap_or_else(|| lit(true))
}

/// Whether a span is of this service.
pub(crate) fn is_service(name: &str) -> Expr {
    let is_named = column(columns::SERVICE_NAME).eq(lit(name));
    if name == UNKNOWN_SERVICE {
        return is_named.or(column(columns::SERVICE_NAME).is_null());
    }
    is_named
}

/// A column by its name, which may have dots.
pub(crate) fn column(id: ColumnId) -> Expr {
    ident(&id.column().name)
}
