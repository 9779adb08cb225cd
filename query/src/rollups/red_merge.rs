//! Fewer rows of the table `red` that say the same, of each step and with totals.

use arrow_array::RecordBatch;

use super::red_group::{RedGroup, RedGroups, totals_of};
use super::red_rows::{RedRows, RowsOfStep};
use super::red_writer::{RedWriter, RowSums};
use super::span_sums::bucket_start;
use crate::QueryError;
use crate::red::{Cell, GroupBy, HistogramSum};
use crate::topology::Names;

/// A row, and what it adds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    group: u32,
    bucket: i64,
    batch: usize,
    row: usize,
}

impl Part {
    fn place(&self) -> (u32, i64) {
        (self.group, self.bucket)
    }
}

/// Rows, and the position in order of each one's group.
struct GroupedRows {
    batches: Vec<(RedRows, Vec<u32>)>,
}

/// Hands over one row for all rows that differ in their sums alone, some at a time, in order; in
/// place of a fresh row there is one of each step and kind.
pub(super) fn merge<E: From<QueryError>>(
    batches: &[RecordBatch],
    mut see: impl FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let mut names = Names::default();
    let (rows, groups) = GroupedRows::of(batches, &mut names)?;
    let order = names.order();
    let (groups, ranks) = groups.ranked(&order);
    let (totals, ranks_of_totals) = totals_of(&groups, &order);
    let total_of = |number: u32| ranks_of_totals[ranks[number as usize] as usize];
    let mut writer = RedWriter::new(&names);
    let mut sum = HistogramSum::default();
    for kind in RowsOfStep::all() {
        let (groups, parts) = match kind.is_total {
            false => (&groups, rows.parts(kind, |number| ranks[number as usize])),
            true => (&totals, rows.parts(kind, total_of)),
        };
        for parts in parts.chunk_by(|one, next| one.place() == next.place()) {
            let (group, bucket) = parts[0].place();
            let place = (kind, &groups[group as usize], bucket);
            rows.write(parts, place, &mut sum, &mut writer)?;
            if let Some(rows) = writer.take_when_full()? {
                see(rows)?;
            }
        }
    }
    see(writer.take()?)
}

impl GroupedRows {
    /// Reads rows, with the number of each one's group.
    fn of(batches: &[RecordBatch], names: &mut Names) -> Result<(Self, RedGroups), QueryError> {
        let mut groups = RedGroups::default();
        let grouped = batches.iter().map(|batch| {
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
        let batches = grouped.collect::<Result<_, QueryError>>()?;
        Ok((Self { batches }, groups))
    }

    /// The rows that add to those of a step and kind, in order of what they add to, where `rank`
    /// is the position of what the group of a number adds to.
    fn parts(&self, kind: RowsOfStep, rank: impl Fn(u32) -> u32) -> Vec<Part> {
        let mut parts = Vec::new();
        for (batch, (rows, numbers)) in self.batches.iter().enumerate() {
            for (row, number) in numbers.iter().enumerate() {
                if rows.is_fresh(row) || rows.rows_of_step(row) == kind {
                    parts.push(Part {
                        group: rank(*number),
                        bucket: bucket_start(rows.bucket_start(row), kind.step_seconds),
                        batch,
                        row,
                    });
                }
            }
        }
        parts.sort_unstable();
        parts
    }

    /// Writes the sum of rows.
    fn write(
        &self,
        parts: &[Part],
        place: (RowsOfStep, &RedGroup, i64),
        sum: &mut HistogramSum,
        writer: &mut RedWriter<'_>,
    ) -> Result<(), QueryError> {
        let mut cell = Cell::default();
        for part in parts {
            self.batches[part.batch].0.add_figures(part.row, &mut cell);
        }
        let sums = RowSums {
            count: cell.count,
            sum_nano: cell.sum_nano,
            max_nano: cell.max_nano,
        };
        if let [only] = parts {
            let durations = self.batches[only.batch].0.durations(only.row);
            writer.add(place, sums, durations);
            return Ok(());
        }
        for part in parts {
            self.batches[part.batch].0.add_durations(part.row, sum)?;
        }
        writer.add(place, sums, &sum.take().to_bytes());
        Ok(())
    }
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
