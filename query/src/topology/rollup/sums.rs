//! Sums by edge and bucket.

use schemas::rollups::ROLLUP_STEPS;

use super::super::call::{Call, Sign};
use super::super::cell::EdgeCell;
use super::super::edge::EdgeKey;
use super::super::fast_map::FastMap;
use super::super::names::Names;
use crate::red::HistogramSum;

/// What a row of the table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct RowKey {
    /// The bucket's length, in seconds.
    pub(super) step: i64,
    pub(super) is_total: bool,
    pub(super) edge: EdgeKey,
    /// The bucket's start, in nanoseconds since 1970.
    pub(super) bucket: i64,
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct EdgeRow {
    pub(super) key: RowKey,
    pub(super) sign: Sign,
    pub(super) cell: EdgeCell,
}

/// Sums of calls that are added, and of calls that are taken.
#[derive(Debug, Default)]
pub(super) struct EdgeSums {
    cells: FastMap<(RowKey, Sign), EdgeCell>,
}

impl EdgeSums {
    /// Counts a call in its bucket of the shortest step, with all dimensions.
    pub(super) fn add(&mut self, call: &Call, sign: Sign) {
        let [step, ..] = ROLLUP_STEPS;
        let key = RowKey {
            step,
            is_total: false,
            edge: EdgeKey::of(call),
            bucket: bucket_start(call.start.0, step),
        };
        self.cells.entry((key, sign)).or_default().add(call);
    }

    /// Sums of cells.
    pub(super) fn of_cells<'a>(cells: impl Iterator<Item = (RowKey, Sign, &'a EdgeCell)>) -> Self {
        let mut parts: FastMap<(RowKey, Sign), Vec<&EdgeCell>> = FastMap::default();
        for (key, sign, cell) in cells {
            parts.entry((key, sign)).or_default().push(cell);
        }
        let mut sum = HistogramSum::default();
        let sums = parts
            .into_iter()
            .map(|(key, parts)| (key, EdgeCell::sum_of(&parts, &mut sum)));
        Self {
            cells: sums.collect(),
        }
    }

    /// Adds the rows without operations, versions and zones.
    pub(super) fn add_totals(&mut self) {
        self.cells.values_mut().for_each(EdgeCell::settle);
        self.regroup(|key| {
            let is_total = RowKey {
                is_total: true,
                edge: key.edge.total(),
                ..*key
            };
            (!key.is_total).then_some(is_total)
        });
    }

    /// Adds the rows of each longer step, summed from those of the one before.
    pub(super) fn add_longer_steps(&mut self) {
        for steps in ROLLUP_STEPS.windows(2) {
            let &[shorter, step] = steps else { continue };
            self.regroup(|key| {
                let bucket = bucket_start(key.bucket, step);
                (key.step == shorter).then_some(RowKey {
                    step,
                    bucket,
                    ..*key
                })
            });
        }
    }

    fn regroup(&mut self, to: impl Fn(&RowKey) -> Option<RowKey>) {
        let cells = self.cells.iter();
        let sums = Self::of_cells(cells.filter_map(|((key, sign), cell)| {
            let key = to(key)?;
            Some((key, *sign, cell))
        }));
        self.cells.extend(sums.cells);
    }

    /// The rows in order.
    pub(super) fn into_rows(self, names: &Names) -> Vec<EdgeRow> {
        let order = names.order();
        let mut rows: Vec<EdgeRow> = self
            .cells
            .into_iter()
            .map(|((key, sign), cell)| EdgeRow { key, sign, cell })
            .collect();
        rows.sort_by_cached_key(|EdgeRow { key, sign, .. }| {
            (
                key.step,
                key.is_total,
                key.edge.place(&order),
                key.bucket,
                *sign,
            )
        });
        let mut netted: Vec<EdgeRow> = Vec::with_capacity(rows.len());
        for mut row in rows {
            match netted.last_mut() {
                // Of a key's two rows the one that adds comes first.
                Some(before) if before.key == row.key => {
                    if before.cell.holds(&row.cell) {
                        before.cell.subtract(&row.cell);
                    } else if row.cell.holds(&before.cell) {
                        row.cell.subtract(&before.cell);
                        *before = row;
                    } else {
                        netted.push(row);
                    }
                }
                _ => netted.push(row),
            }
        }
        netted.retain(|row| !row.cell.is_empty());
        netted
    }
}

/// The start of the bucket of so many seconds that holds an instant.
fn bucket_start(instant: i64, step: i64) -> i64 {
    let step = step.saturating_mul(1_000_000_000);
    instant.div_euclid(step).saturating_mul(step)
}
