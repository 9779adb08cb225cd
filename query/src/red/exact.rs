//! Figures computed by DataFusion's aggregates from the spans themselves.
//!
//! The rollups are held against this: it shares neither their code for telling spans apart nor that
//! for adding up, only the buckets of the histograms.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int8Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use datafusion::common::exec_datafusion_err;
use datafusion::functions_aggregate::expr_fn::{count, max, sum};
use datafusion::logical_expr::{Expr, LogicalPlan, cast, col, lit};
use futures::TryStreamExt;
use schemas::columns::{self, ColumnId};
use schemas::{StatusCode, UnixNanos};

use super::cells::Cell;
use super::group::{Group, value};
use super::query::{GroupBy, nanos};
use super::{DurationHistogram, RedQuery, Series, TimeSpan};
use super::{availability_zone, condition, service_version};
use crate::QueryError;
use crate::counters::Counting;
use crate::engine::Scan;
use crate::functions::hdr_histogram;
use crate::search::column;

/// What is not divided further when memory is short, in nanoseconds.
const SHORTEST_WINDOW: i64 = 1_000_000;
/// What a cell takes besides its histogram, in bytes.
const CELL_BYTES: usize = 256;

/// The columns that make a span: rows that agree in all of them are one span, sent again.
fn identity() -> [(&'static str, ColumnId); 11] {
    [
        ("trace", columns::TRACE_ID),
        ("span", columns::SPAN_ID),
        ("start", columns::START_TIME_UNIX_NANO),
        ("duration", columns::DURATION_NANO),
        (GroupBy::Kind.name(), columns::KIND),
        (GroupBy::Status.name(), columns::STATUS_CODE),
        (GroupBy::Service.name(), columns::SERVICE_NAME),
        (GroupBy::Operation.name(), columns::NAME),
        (GroupBy::Instance.name(), columns::SERVICE_INSTANCE_ID),
        (GroupBy::Version.name(), service_version()),
        (GroupBy::Zone.name(), availability_zone()),
    ]
}

/// The cells of each group by bucket, groups in order: `counted_as` says as which group spans of one
/// count, if they do.
///
/// Telling spans apart needs memory for each of them. Where it does not suffice, the range is
/// halved: spans that are the same start at the same time, so they are in the same half.
pub(super) async fn series(
    spans: &Scan<'_>,
    query: &RedQuery,
    counted_as: impl Fn(Group) -> Option<Group>,
    counting: &Counting,
) -> Result<Series, QueryError> {
    let memory = spans.reserve_memory("exact figures");
    let mut groups = BTreeMap::<Group, BTreeMap<u32, Cell>>::new();
    let mut windows = vec![query.range];
    while let Some(window) = windows.pop() {
        let batches = match aggregated(spans, query, window).await {
            Ok(batches) => batches,
            Err(error) => match (error, halves(window)) {
                (QueryError::TooLarge(_), Some((earlier, later))) => {
                    windows.extend([later, earlier]);
                    continue;
                }
                (error, _) => return Err(error),
            },
        };
        for batch in &batches {
            for found in cells_of(query, batch)? {
                let (group, bucket, cell) = found?;
                counting.read_spans(usize::try_from(cell.count).unwrap_or(usize::MAX));
                let Some(group) = counted_as(group) else {
                    continue;
                };
                memory.try_grow(CELL_BYTES + cell.durations.heap_bytes())?;
                let cells = groups.entry(group).or_default();
                cells.entry(bucket).or_default().merge(&cell);
            }
        }
    }
    let series = groups.into_iter();
    Ok(series
        .map(|(group, cells)| (group, cells.into_iter().collect()))
        .collect())
}

fn halves(window: TimeSpan) -> Option<(TimeSpan, TimeSpan)> {
    let length = window.to.0.saturating_sub(window.from.0);
    if length <= SHORTEST_WINDOW {
        return None;
    }
    let middle = UnixNanos(window.from.0 + length / 2);
    let earlier = TimeSpan {
        to: middle,
        ..window
    };
    let later = TimeSpan {
        from: middle,
        ..window
    };
    Some((earlier, later))
}

async fn aggregated(
    spans: &Scan<'_>,
    query: &RedQuery,
    window: TimeSpan,
) -> Result<Vec<RecordBatch>, QueryError> {
    let rows = spans.rows_of(&plan(spans, query, window)?).await?;
    Ok(rows.try_collect().await?)
}

fn plan(spans: &Scan<'_>, query: &RedQuery, window: TimeSpan) -> Result<LogicalPlan, QueryError> {
    let of_window = RedQuery {
        range: window,
        ..query.clone()
    };
    let wanted = identity().map(|(name, id)| plain(id).alias(name));
    let distinct = identity().map(|(name, _)| col(name));
    let bucket = (col("start") - lit(query.range.from.0)) / lit(nanos(query.step));
    let mut groups = vec![bucket.alias("bucket"), col(GroupBy::Status.name())];
    groups.extend(text_and_kind_dimensions(query).map(|by| col(by.name())));
    let figures = [
        count(lit(1)).alias("count"),
        // Sums of nanoseconds may pass 64 bits.
        sum(cast(col("duration"), DataType::Decimal128(19, 0))).alias("sum"),
        max(col("duration")).alias("max"),
        hdr_histogram(col("duration")).alias("durations"),
    ];
    let plan = spans
        .rows_meeting(condition::of_spans(&of_window))?
        .project(wanted)?
        .aggregate(distinct, Vec::<Expr>::new())?
        .aggregate(groups, figures)?;
    Ok(plan.build()?)
}

/// The column, a dictionary as plain text.
fn plain(id: ColumnId) -> Expr {
    match id.column().column_type.arrow_type() {
        DataType::Dictionary(_, values) => cast(column(id), *values),
        _ => column(id),
    }
}

/// The dimensions that rows are grouped by, but for the status, by which they always are.
fn text_and_kind_dimensions(query: &RedQuery) -> impl Iterator<Item = GroupBy> {
    let dimensions = query.group_by.iter().copied();
    dimensions.filter(|by| *by != GroupBy::Status)
}

/// Reads the rows that [`plan`] gives.
fn cells_of<'a>(
    query: &'a RedQuery,
    batch: &'a RecordBatch,
) -> Result<impl Iterator<Item = Result<(Group, u32, Cell), QueryError>> + 'a, QueryError> {
    let by_name = |name: &str| {
        let column = batch.column_by_name(name);
        column.ok_or_else(|| QueryError::from(exec_datafusion_err!("no column {name:?}")))
    };
    let buckets = by_name("bucket")?.as_primitive::<Int64Type>();
    let statuses = by_name(GroupBy::Status.name())?.as_primitive::<Int8Type>();
    let counts = by_name("count")?.as_primitive::<Int64Type>();
    let sums = by_name("sum")?.as_primitive::<Decimal128Type>();
    let longest = by_name("max")?.as_primitive::<Int64Type>();
    let histograms = by_name("durations")?.as_binary::<i32>();
    let dimensions: Vec<_> = text_and_kind_dimensions(query)
        .map(|by| Ok((by, by_name(by.name())?)))
        .collect::<Result<_, QueryError>>()?;
    let of_row = move |row: usize| {
        let status = StatusCode::from_number(statuses.value(row).into());
        let mut group = Group::default();
        for (by, column) in &dimensions {
            group.set(*by, dimension(*by, column, row));
        }
        if query.group_by.contains(&GroupBy::Status) {
            group.set(GroupBy::Status, Some(status.name().to_owned()));
        }
        let count = counts.value(row).unsigned_abs();
        let durations = DurationHistogram::from_bytes(histograms.value(row))?;
        let cell = Cell {
            count,
            errors: if status == StatusCode::Error {
                count
            } else {
                0
            },
            sum_nano: sums.value(row),
            max_nano: longest.value(row).max(0),
            durations,
            ..Cell::default()
        };
        let bucket = u32::try_from(buckets.value(row));
        let bucket = bucket.expect("steps of a range are counted before it is read");
        Ok((group, bucket, cell))
    };
    Ok((0..batch.num_rows()).map(of_row))
}

fn dimension(by: GroupBy, column: &dyn Array, row: usize) -> Option<String> {
    let value = match by {
        GroupBy::Kind => value(
            by,
            None,
            column.as_primitive::<Int8Type>().value(row).into(),
        ),
        _ => {
            let texts = column.as_string::<i32>();
            value(by, texts.is_valid(row).then(|| texts.value(row)), 0)
        }
    };
    value.map(str::to_owned)
}
