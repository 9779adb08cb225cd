//! A question for figures as a condition on rows.

use datafusion::logical_expr::{Expr, lit};
use schemas::columns;

use super::RedQuery;
use crate::search::{column, is_service};

pub(super) fn of_query(query: &RedQuery) -> Expr {
    let start = || column(columns::START_TIME_UNIX_NANO);
    let in_range = start()
        .gt_eq(lit(query.range.from.0))
        .and(start().lt(lit(query.range.to.0)));
    let named = [
        query.service.as_deref().map(is_service),
        query
            .operation
            .as_deref()
            .map(|name| column(columns::NAME).eq(lit(name))),
        query
            .instance
            .as_deref()
            .map(|id| column(columns::SERVICE_INSTANCE_ID).eq(lit(id))),
        kinds(query),
    ];
    named.into_iter().flatten().fold(in_range, Expr::and)
}

fn kinds(query: &RedQuery) -> Option<Expr> {
    let is_kind = |kind: &schemas::SpanKind| column(columns::KIND).eq(lit(kind.number()));
    query.kinds.iter().map(is_kind).reduce(Expr::or)
}
