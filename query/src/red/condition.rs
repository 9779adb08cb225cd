//! A question for figures as a condition on rows.

use datafusion::logical_expr::{Expr, lit};
use schemas::columns::{self, ColumnId};

use super::{RedQuery, availability_zone, service_version};
use crate::search::{column, is_service};

pub(super) fn of_query(query: &RedQuery) -> Expr {
    let start = || column(columns::START_TIME_UNIX_NANO);
    let in_range = start()
        .gt_eq(lit(query.range.from.0))
        .and(start().lt(lit(query.range.to.0)));
    let named = [
        query.service.as_deref().map(is_service),
        is(columns::NAME, query.operation.as_deref()),
        is(columns::SERVICE_INSTANCE_ID, query.instance.as_deref()),
        is(service_version(), query.version.as_deref()),
        is(availability_zone(), query.zone.as_deref()),
        kinds(query),
    ];
    named.into_iter().flatten().fold(in_range, Expr::and)
}

fn is(id: ColumnId, value: Option<&str>) -> Option<Expr> {
    value.map(|value| column(id).eq(lit(value)))
}

fn kinds(query: &RedQuery) -> Option<Expr> {
    let is_kind = |kind: &schemas::SpanKind| column(columns::KIND).eq(lit(kind.number()));
    query.kinds.iter().map(is_kind).reduce(Expr::or)
}
