//! Fewer rows of the table `red` that say the same, of each step and with totals.

use arrow_array::RecordBatch;

use super::numbered::Numbered;
use super::parts::{NumberedRows, Part, parts_of};
use super::red_group::RedGroup;
use super::red_rows::{RedRows, RowsOfStep};
use super::red_writer::{RedWriter, RowSums};
use super::span_sums::bucket_start;
use crate::QueryError;
use crate::red::{Cell, GroupBy, HistogramSum};
use crate::topology::{Names, Sign};

/// Hands over one row for all rows that differ in their sums alone, some at a time, in order; in
/// place of a fresh row there is one of each step and kind.
pub(super) fn merge<E: From<QueryError>>(
    batches: &[RecordBatch],
    mut see: impl FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let mut names = Names::default();
    let (rows, groups) = numbered(batches, &mut names)?;
    let order = names.order();
    let place = |group: &RedGroup| group.place(&order);
    let told_apart = groups.ranked_as(|group| *group, place);
    let totals = groups.ranked_as(RedGroup::total, place);
    let mut writer = RedWriter::new(&names);
    let mut sum = HistogramSum::default();
    for kind in RowsOfStep::all() {
        let (groups, ranks) = match kind.is_total {
            false => &told_apart,
            true => &totals,
        };
        let parts = parts_of(&rows, ranks, |rows, row| {
            let is_part = rows.is_fresh(row) || rows.rows_of_step(row) == kind;
            let bucket = bucket_start(rows.bucket_start(row), kind.step_seconds);
            is_part.then_some((bucket, Sign::Added))
        });
        for parts in parts.chunk_by(|one, next| one.place() == next.place()) {
            let (group, bucket) = parts[0].place();
            let place = (kind, &groups[group as usize], bucket);
            write(&rows, parts, place, &mut sum, &mut writer)?;
            if let Some(rows) = writer.take_when_full()? {
                see(rows)?;
            }
        }
    }
    see(writer.take()?)
}

/// Reads rows, with the number of each one's group.
fn numbered(
    batches: &[RecordBatch],
    names: &mut Names,
) -> Result<(NumberedRows<RedRows>, Numbered<RedGroup>), QueryError> {
    let mut groups = Numbered::default();
    let numbered = batches.iter().map(|batch| {
        let rows = RedRows::of(batch)?;
        let mut numbers = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            // Rows of a group stand together.
            let number = match numbers.last() {
                Some(last) if rows.are_of_one_group(row - 1, row) => *last,
                _ => groups.number_of(group_of_row(&rows, row, names)),
            };
            numbers.push(number);
        }
        Ok((rows, numbers))
    });
    let rows = numbered.collect::<Result<_, QueryError>>()?;
    Ok((rows, groups))
}

/// Writes the sum of rows.
fn write(
    rows: &NumberedRows<RedRows>,
    parts: &[Part],
    place: (RowsOfStep, &RedGroup, i64),
    sum: &mut HistogramSum,
    writer: &mut RedWriter<'_>,
) -> Result<(), QueryError> {
    let mut cell = Cell::default();
    for part in parts {
        rows[part.batch].0.add_figures(part.row, &mut cell);
    }
    let sums = RowSums {
        count: cell.count,
        sum_nano: cell.sum_nano,
        max_nano: cell.max_nano,
    };
    if let [only] = parts {
        let durations = rows[only.batch].0.durations(only.row);
        writer.add(place, sums, durations);
        return Ok(());
    }
    for part in parts {
        rows[part.batch].0.add_durations(part.row, sum)?;
    }
    writer.add(place, sums, &sum.take().to_bytes());
    Ok(())
}
fn group_of_row(rows: &RedRows, row: usize, names: &mut Names) -> RedGroup {
    let mut text = |by| rows.text(by, row).map(|text| names.number(text));
    RedGroup {
        service: text(GroupBy::Service),
        name: text(GroupBy::Operation),
        kind: rows.kind(row),
        status_code: rows.status_code(row),
        instance: text(GroupBy::Instance),
        version: text(GroupBy::Version),
        zone: text(GroupBy::Zone),
    }
}
