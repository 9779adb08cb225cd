//! Spans counted by group and bucket of time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use datafusion::execution::memory_pool::MemoryReservation;
use schemas::SpanBatch;

use super::RedQuery;
use super::distinct::{ByDigest, DistinctSpans};
use super::group::{Group, Groups, value};
use super::histogram::{DurationHistogram, HistogramSum, MalformedHistogram, StoredHistogram};
use super::kept_names::counted_name;
use super::query::GroupBy;
use super::row_sums::RowSums;
use super::span_columns::{SpanColumns, SpanValues};
use super::texts::Texts;
use crate::{QueryError, RollUps};

/// What a cell takes besides its histogram, and what a typical histogram takes, in bytes.
pub(super) const CELL_BYTES: usize = 512;

/// More histograms are summed at once: one after the other, they would be merged into an ever larger
/// one.
const MANY_STORED: usize = 8;

/// The figures of the spans of one group in one bucket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) count: u64,
    pub(crate) errors: u64,
    pub(crate) sum_nano: i128,
    pub(crate) max_nano: i64,
    pub(crate) durations: DurationHistogram,
    /// Histograms of rows, which count too once they are read: see [`Self::unpack`].
    pub(super) stored: Vec<StoredHistogram>,
}

impl Cell {
    pub(crate) fn add(&mut self, duration_nano: i64, is_error: bool) {
        self.count = self.count.saturating_add(1);
        self.errors = self.errors.saturating_add(is_error.into());
        self.sum_nano = self.sum_nano.saturating_add(duration_nano.into());
        self.max_nano = self.max_nano.max(duration_nano);
        self.durations.record(duration_nano);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.add_figures(other);
        self.durations.merge(&other.durations);
        self.stored.extend_from_slice(&other.stored);
    }

    /// Adds the sums of another one, but for the histogram.
    pub(super) fn add_figures(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.errors = self.errors.saturating_add(other.errors);
        self.sum_nano = self.sum_nano.saturating_add(other.sum_nano);
        self.max_nano = self.max_nano.max(other.max_nano);
    }

    /// Reads the histograms of rows; from now on `durations` counts all. What was in `room` goes, and
    /// its memory is used.
    ///
    /// # Errors
    /// [`MalformedHistogram`] when one is none.
    pub(super) fn unpack(
        &mut self,
        room: &mut DurationHistogram,
    ) -> Result<(), MalformedHistogram> {
        if self.stored.is_empty() {
            return Ok(());
        }
        let stored = std::mem::take(&mut self.stored);
        if stored.len() > MANY_STORED {
            let mut sum = HistogramSum::default();
            for stored in &stored {
                sum.add_bytes(stored.bytes(), 1)?;
            }
            sum.add_histogram(&self.durations, 1);
            self.durations = sum.take();
            return Ok(());
        }
        room.clear();
        for stored in &stored {
            room.add_stored(stored)?;
        }
        room.merge(&self.durations);
        std::mem::swap(&mut self.durations, room);
        Ok(())
    }
}

/// All cells of a question.
pub(super) struct Cells<'a> {
    query: &'a RedQuery,
    texts: Texts,
    /// The groups of spans, by what tells spans apart; none for spans that count as another
    /// operation than the one asked for.
    of_values: HashMap<SpanValues, Option<u32>, ByDigest>,
    groups: Groups,
    cells: HashMap<(u32, u32), Cell>,
    distinct: DistinctSpans,
    memory: MemoryReservation,
}

impl<'a> Cells<'a> {
    pub(super) fn new(query: &'a RedQuery, memory: MemoryReservation) -> Self {
        Self {
            query,
            texts: Texts::default(),
            of_values: HashMap::default(),
            groups: Groups::default(),
            cells: HashMap::new(),
            distinct: DistinctSpans::default(),
            memory,
        }
    }

    /// Counts spans that meet the question's conditions, but for that on the operation, which is
    /// tested here on the name that counts.
    pub(super) fn add(&mut self, batch: &SpanBatch, rollups: &RollUps) -> Result<(), QueryError> {
        self.reserve(batch.rows())?;
        let Some(mut columns) = SpanColumns::of(batch) else {
            return Ok(());
        };
        for row in 0..batch.rows() {
            let values = columns.values(row, &mut self.texts);
            let group = match self.of_values.get(&values) {
                Some(group) => *group,
                None => {
                    let group = self.group_of(&values, rollups);
                    let group = group.map(|group| self.groups.number_of(group));
                    self.of_values.insert(values, group);
                    group
                }
            };
            let Some(group) = group else {
                continue;
            };
            if self.distinct.insert(columns.identity(row, &values)) {
                self.cell(group, columns.start(row))
                    .add(columns.duration_nano(row), values.is_error());
            }
        }
        Ok(())
    }

    /// Notes spans that are counted elsewhere: the same ones are not counted here.
    pub(super) fn leave_out(&mut self, batch: &SpanBatch) -> Result<(), QueryError> {
        self.reserve(batch.rows())?;
        self.distinct.note(batch, &mut self.texts);
        Ok(())
    }

    /// Adds cells of rows of the table `red`.
    pub(super) fn add_rows(&mut self, rows: RowSums) -> Result<(), QueryError> {
        let (groups, cells, rows_memory) = rows.into_cells();
        let groups = groups.into_iter();
        let numbers: Vec<u32> = groups.map(|group| self.groups.number_of(group)).collect();
        for ((group, bucket), cell) in cells {
            match self.cells.entry((numbers[group as usize], bucket)) {
                Entry::Vacant(entry) => drop(entry.insert(cell)),
                Entry::Occupied(mut entry) => entry.get_mut().merge(&cell),
            }
        }
        drop(rows_memory);
        self.reserve(0)
    }

    /// The cells of each group by bucket, groups in order.
    pub(super) fn into_series(self) -> Vec<(Group, Vec<(u32, Cell)>)> {
        let mut series: Vec<(Group, Vec<(u32, Cell)>)> = self
            .groups
            .into_vec()
            .into_iter()
            .map(|group| (group, Vec::new()))
            .collect();
        for ((group, bucket), cell) in self.cells {
            series[group as usize].1.push((bucket, cell));
        }
        // A group without cells is one whose spans were all counted elsewhere.
        series.retain(|(_, cells)| !cells.is_empty());
        for (_, cells) in &mut series {
            cells.sort_unstable_by_key(|(bucket, _)| *bucket);
        }
        series.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        series
    }

    fn reserve(&self, more_spans: usize) -> Result<(), QueryError> {
        let held = self.cells.len() * CELL_BYTES + self.distinct.bytes_with(more_spans);
        Ok(self.memory.try_resize(held)?)
    }

    fn cell(&mut self, group: u32, start: i64) -> &mut Cell {
        let bucket = self.query.step_of(start);
        self.cells.entry((group, bucket)).or_default()
    }

    fn group_of(&self, values: &SpanValues, rollups: &RollUps) -> Option<Group> {
        let service = values.text(GroupBy::Service, &self.texts);
        let name = values.text(GroupBy::Operation, &self.texts);
        let name = counted_name(self.query, rollups, service, name)?;
        let mut group = Group::default();
        for by in &self.query.group_by {
            let text = match by {
                GroupBy::Operation => Some(name),
                _ => values.text(*by, &self.texts),
            };
            let value = value(*by, text, values.code(*by).into());
            group.set(*by, value.map(str::to_owned));
        }
        Some(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_histograms_are_stored_a_cell_counts_all() {
        for count in [0, 1, 2, MANY_STORED, MANY_STORED + 1, 100] {
            let (mut cell, mut all) = (Cell::default(), DurationHistogram::default());
            let mut room = DurationHistogram::default();
            room.record(99);
            for part in 0..count as i64 {
                let mut durations = DurationHistogram::default();
                for nanos in [part * 7_000, 1_000_000, part] {
                    durations.record(nanos);
                    all.record(nanos);
                }
                cell.stored
                    .push(StoredHistogram::new(&durations.to_bytes()));
            }
            cell.durations.record(5);
            all.record(5);
            cell.unpack(&mut room).expect("histograms");
            assert!(cell.stored.is_empty());
            assert_eq!(cell.durations.to_bytes(), all.to_bytes(), "{count}");
        }
    }

    #[test]
    fn what_is_no_histogram_is_told() {
        for count in [1, MANY_STORED + 1] {
            let stored = vec![StoredHistogram::new(b"none"); count];
            let mut cell = Cell {
                stored,
                ..Cell::default()
            };
            let unpacked = cell.unpack(&mut DurationHistogram::default());
            unpacked.expect_err("no histograms");
        }
    }
}
