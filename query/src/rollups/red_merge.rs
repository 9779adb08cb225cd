//! Fewer rows of the table `red` that say the same, of each step and with totals.

use arrow_array::RecordBatch;
use schemas::rollups::FreshRows;

use super::numbered::Numbered;
use super::parts::NumberedRows;
use super::red_group::RedGroup;
use super::red_rows::{RedRows, RowsOfStep, malformed};
use super::red_writer::{RedWriter, RowSums};
use super::sums::SumsOfKind;
use crate::QueryError;
use crate::red::{GroupBy, HistogramSum};
use crate::topology::Names;

/// Hands over one row for all rows that differ in their sums alone, some at a time, in order; and
/// of fresh rows one of each step and kind, but for those that they are themselves where they stay.
pub(super) fn merge<E: From<QueryError>>(
    batches: &[RecordBatch],
    fresh: FreshRows,
    mut see: impl FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let mut names = Names::default();
    let (rows, groups) = numbered(batches, &mut names)?;
    let order = names.order();
    let place = |group: &RedGroup| group.place(&order);
    let told_apart = groups.ranked_as(|group| *group, place);
    let totals = groups.ranked_as(RedGroup::total, place);
    let mut writer = RedWriter::new(&names);
    let mut histogram = HistogramSum::default();
    // Of the step before.
    let mut shorter: [Option<SumsOfKind<RowSums, 1>>; 2] = [None, None];
    let kinds = RowsOfStep::all().filter(|kind| match fresh {
        FreshRows::Stay => *kind != RowsOfStep::FRESH,
        FreshRows::GoOver => true,
    });
    for kind in kinds {
        let (groups, ranks) = match kind.is_total {
            false => &told_apart,
            true => &totals,
        };
        let shorter = &mut shorter[usize::from(kind.is_total)];
        let sums = SumsOfKind::of(
            &rows,
            shorter.as_ref(),
            (ranks, kind.step_seconds),
            |rows: &RedRows, row| rows.rows_of_step(row) == kind,
            &mut histogram,
        );
        let sums = sums.map_err(malformed).map_err(QueryError::from)?;
        for (sum, [durations]) in sums.all().iter() {
            let group = &groups[sum.key as usize];
            writer.add((kind, group, sum.bucket), sum.figures, durations);
            if let Some(rows) = writer.take_when_full()? {
                see(rows)?;
            }
        }
        *shorter = Some(sums);
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
