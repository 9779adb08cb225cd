//! Fewer rows of the table `red` that say the same.

use std::collections::{BTreeMap, HashMap};

use arrow_array::RecordBatch;

use super::red_group::{RedGroup, RedGroups};
use super::red_rows::{RedRows, RowsOfStep};
use super::red_writer::{RedWriter, RowSums};
use crate::QueryError;
use crate::red::{Cell, GroupBy};
use crate::topology::{NameOrder, Names};

/// Sums in no order. Buckets are given by their starts.
#[derive(Debug, Default)]
struct RedSums {
    groups: RedGroups,
    cells: HashMap<(u32, i64), Cell>,
}

/// A cell by the position of its group, and the start of its bucket.
type PlacedCell = ((u32, i64), Cell);

impl RedSums {
    /// The groups in order, and the cells by place of their group and bucket.
    fn sorted(self, order: &NameOrder) -> (Vec<RedGroup>, Vec<PlacedCell>) {
        let (groups, ranks) = self.groups.ranked(order);
        let rank = |((group, bucket), cell)| ((ranks[group as usize], bucket), cell);
        let mut cells: Vec<PlacedCell> = self.cells.into_iter().map(rank).collect();
        cells.sort_unstable_by_key(|(place, _)| *place);
        (groups, cells)
    }
}

/// One row for all rows that differ in their sums alone.
pub(super) fn merged(batches: &[RecordBatch]) -> Result<RecordBatch, QueryError> {
    let mut names = Names::default();
    let mut by_step = BTreeMap::<RowsOfStep, RedSums>::new();
    for batch in batches {
        let rows = RedRows::of(batch)?;
        let mut last = None;
        for row in 0..rows.len() {
            let sums = by_step.entry(rows.rows_of_step(row)).or_default();
            // Rows of a group stand together.
            let number = match last {
                Some((of_last, number)) if rows.are_of_one_group(of_last, row) => number,
                _ => sums.groups.number_of(group_of_row(&rows, row, &mut names)),
            };
            last = Some((row, number));
            let place = (number, rows.bucket_start(row));
            let cell = sums.cells.entry(place).or_default();
            cell.merge(&rows.cell(row)?);
        }
    }
    let order = names.order();
    let mut writer = RedWriter::new(&names);
    for (step, sums) in by_step {
        let (groups, cells) = sums.sorted(&order);
        for ((group, bucket), mut cell) in cells {
            let sums = RowSums {
                count: cell.count,
                sum_nano: cell.sum_nano,
                max_nano: cell.max_nano,
            };
            let durations = cell.durations.to_bytes();
            writer.add((step, &groups[group as usize], bucket), sums, &durations);
        }
    }
    Ok(writer.take()?)
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
