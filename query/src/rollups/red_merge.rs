//! Fewer rows of the table `red` that say the same, and rows of longer steps.

use arrow_array::RecordBatch;
use schemas::rollups::{Merging, longer_step};

use super::numbered::Numbered;
use super::parts::NumberedRows;
use super::red_group::RedGroup;
use super::red_rows::{RedRows, RowsOfStep};
use super::red_writer::{RedWriter, RowSums};
use super::sums::{Merger, Sums, step_of_all};
use crate::QueryError;
use crate::red::{GroupBy, RedDimension};
use crate::topology::Names;

/// Hands over what rows of one step become, some at a time, each time of one step and in order: one
/// row for all that differ in their sums alone, and such rows of the next longer step.
pub(super) fn merge<E: From<QueryError>>(
    batches: &[RecordBatch],
    merging: Merging,
    mut see: impl FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let mut names = Names::default();
    let (rows, groups) = numbered(batches, &mut names)?;
    let Some((step_seconds, is_fresh)) = step_of_all(&rows)? else {
        return Ok(());
    };
    let order = names.order();
    let (groups, ranks) = groups.ranked(|group| group.place(&order));
    let next_step = longer_step(step_seconds);
    let mut own = RedWriter::new(&names, is_fresh && merging == Merging::Sums);
    let mut longer = RedWriter::new(&names, next_step.and_then(longer_step).is_some());
    let mut merger = Merger::default();
    for dimension in RedDimension::OF_ROWS {
        let of_step = |step_seconds| RowsOfStep {
            step_seconds,
            dimension,
        };
        let kind = of_step(step_seconds);
        let is_of_kind = |rows: &RedRows, row| rows.rows_of_step(row) == kind;
        let write = |step, sums: &Sums<RowSums, 1>| {
            let writer = if step == step_seconds {
                &mut own
            } else {
                &mut longer
            };
            for (sum, [durations]) in sums.iter() {
                let group = &groups[sum.key as usize];
                writer.add((of_step(step), group, sum.bucket), sum.figures, durations);
                if let Some(rows) = writer.take_when_full()? {
                    see(rows)?;
                }
            }
            Ok::<(), E>(())
        };
        merger.merge((&rows, &ranks), (merging, step_seconds), is_of_kind, write)?;
    }
    see(own.take()?)?;
    see(longer.take()?)
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
