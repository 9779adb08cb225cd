//! A question for figures as a condition on rows.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, ident, lit};
use schemas::TraceId;
use schemas::columns::{self, ColumnId};
use schemas::rollups::{DIMENSION, SHORTEST_STEP_OF_ALL};

use super::span_columns::{availability_zone, service_version};
use super::{RedDimension, RedQuery, TimeSpan};
use crate::rollups::rows_of_range;
use crate::search::{column, is_service};

/// The spans that count.
pub(super) fn of_spans(query: &RedQuery) -> Expr {
    let operation = is(columns::NAME, query.operation.as_deref());
    operation
        .into_iter()
        .fold(of_any_operation(query), Expr::and)
}

/// The spans that count, where operations are told apart by other names than those sent.
pub(super) fn of_any_operation(query: &RedQuery) -> Expr {
    let named = [
        query.service.as_deref().map(is_service),
        is(columns::SERVICE_INSTANCE_ID, query.instance.as_deref()),
        is(service_version(), query.version.as_deref()),
        is(availability_zone(), query.zone.as_deref()),
        kinds(query),
    ];
    named
        .into_iter()
        .flatten()
        .fold(starts_in(query.range), Expr::and)
}

/// The rows of `red` that count: those by the one dimension that the question may have.
pub(super) fn of_rows(query: &RedQuery) -> Expr {
    let is = |name: &str, value: Option<&str>| value.map(|value| ident(name).eq(lit(value)));
    let asked = RedDimension::of_query(query).first().copied();
    let counted_once = rows_of_range(query.range, Some(query.step), |step| {
        let instances = (step < SHORTEST_STEP_OF_ALL).then_some(RedDimension::Instance);
        match asked.or(instances) {
            None => ident(DIMENSION).is_null(),
            Some(dimension) => ident(DIMENSION).eq(lit(dimension.name())),
        }
    });
    let named = [
        query.service.as_deref().map(is_service),
        is("name", query.operation.as_deref()),
        is("service_instance_id", query.instance.as_deref()),
        is("service_version", query.version.as_deref()),
        is("availability_zone", query.zone.as_deref()),
        kinds(query),
    ];
    named.into_iter().flatten().fold(counted_once, Expr::and)
}

/// The spans of these traces that start in a range.
pub(super) fn of_traces(ids: &[TraceId], range: TimeSpan) -> Expr {
    let literal = |id: &TraceId| lit(ScalarValue::FixedSizeBinary(16, Some(id.0.to_vec())));
    let is_of_one = column(columns::TRACE_ID).in_list(ids.iter().map(literal).collect(), false);
    is_of_one.and(starts_in(range))
}

fn starts_in(range: TimeSpan) -> Expr {
    let start = || column(columns::START_TIME_UNIX_NANO);
    start()
        .gt_eq(lit(range.from.0))
        .and(start().lt(lit(range.to.0)))
}

fn is(id: ColumnId, value: Option<&str>) -> Option<Expr> {
    value.map(|value| column(id).eq(lit(value)))
}

fn kinds(query: &RedQuery) -> Option<Expr> {
    let is_kind = |kind: &schemas::SpanKind| column(columns::KIND).eq(lit(kind.number()));
    query.kinds.iter().map(is_kind).reduce(Expr::or)
}
