//! Rows of the table `red`, added up by group and bucket.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use arrow_array::RecordBatch;
use datafusion::execution::memory_pool::MemoryReservation;
use futures::TryStreamExt;
use futures::stream::BoxStream;

use super::RedQuery;
use super::cells::{CELL_BYTES, Cell};
use super::group::{Group, Groups, value};
use super::histogram::{HistogramSum, StoredHistogram};
use super::query::GroupBy;
use super::span_columns::DIMENSIONS;
use crate::QueryError;
use crate::rollups::RedRows;

/// So many bytes of rows are held before they are added up: what counts into one cell lies apart,
/// and sums of many histograms at once take far less time than one after the other.
const HELD_BYTES: usize = 32 << 20;

/// Of so many rows of a cell the histograms are kept as they are, until the cell is needed.
const FEW_ROWS: usize = 4;

/// Where a row is that counts into a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// The group and the step.
    cell: (u32, u32),
    batch: u32,
    row: u32,
}

/// Cells of rows that meet a question's conditions.
pub(super) struct RowSums {
    query: Arc<RedQuery>,
    groups: Groups,
    cells: HashMap<(u32, u32), Cell>,
    held: Vec<RedRows>,
    held_bytes: usize,
    places: Vec<Place>,
    sum: HistogramSum,
    /// What histograms take that are kept as they are.
    stored_bytes: usize,
    memory: MemoryReservation,
}

impl RowSums {
    /// Adds up what a stream gives.
    pub(super) async fn of(
        query: Arc<RedQuery>,
        mut rows: BoxStream<'static, Result<RecordBatch, QueryError>>,
        memory: MemoryReservation,
    ) -> Result<Self, QueryError> {
        let mut sums = Self {
            query,
            groups: Groups::default(),
            cells: HashMap::new(),
            held: Vec::new(),
            held_bytes: 0,
            places: Vec::new(),
            sum: HistogramSum::default(),
            stored_bytes: 0,
            memory,
        };
        while let Some(batch) = rows.try_next().await? {
            sums.add(&batch)?;
        }
        sums.add_up()?;
        Ok(sums)
    }

    /// The cells by group, and the memory that is reserved for them.
    pub(super) fn into_cells(self) -> (Vec<Group>, HashMap<(u32, u32), Cell>, MemoryReservation) {
        (self.groups.into_vec(), self.cells, self.memory)
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let bytes = batch.get_array_memory_size();
        if self.held_bytes + bytes > HELD_BYTES || self.memory.try_grow(bytes).is_err() {
            self.add_up()?;
            self.memory.try_grow(bytes)?;
        }
        self.held_bytes += bytes;
        let rows = RedRows::of(batch)?;
        let number = u32::try_from(self.held.len()).expect("fewer batches than bytes held");
        let mut last: Option<([Option<&str>; DIMENSIONS], u32)> = None;
        for row in 0..rows.len() {
            let mut values = [None; DIMENSIONS];
            for by in &self.query.group_by {
                let code = match by {
                    GroupBy::Kind => rows.kind(row).into(),
                    GroupBy::Status => rows.status_code(row).into(),
                    _ => 0,
                };
                values[*by as usize] = value(*by, rows.text(*by, row), code);
            }
            // Rows of a group stand together.
            let group = match last {
                Some((of_last, group)) if of_last == values => group,
                _ => self.groups.number_of(Group::of(values)),
            };
            last = Some((values, group));
            self.places.push(Place {
                cell: (group, self.query.step_of(rows.bucket_start(row))),
                batch: number,
                row: u32::try_from(row).expect("batches are small"),
            });
        }
        self.held.push(rows);
        Ok(())
    }

    /// Adds up the rows that are held.
    fn add_up(&mut self) -> Result<(), QueryError> {
        let mut places = std::mem::take(&mut self.places);
        places.sort_unstable();
        for places in places.chunk_by(|one, next| one.cell == next.cell) {
            let sum = self.sum_of(places)?;
            match self.cells.entry(places[0].cell) {
                Entry::Vacant(entry) => drop(entry.insert(sum)),
                Entry::Occupied(mut entry) => entry.get_mut().merge(&sum),
            }
        }
        places.clear();
        self.places = places;
        self.held.clear();
        self.held_bytes = 0;
        let bytes = self.cells.len() * CELL_BYTES + self.stored_bytes;
        Ok(self.memory.try_resize(bytes)?)
    }

    fn sum_of(&mut self, places: &[Place]) -> Result<Cell, QueryError> {
        let mut cell = Cell::default();
        for place in places {
            let (rows, row) = (&self.held[place.batch as usize], place.row as usize);
            rows.add_figures(row, &mut cell);
            let durations = rows.durations(row);
            if places.len() <= FEW_ROWS {
                let stored = StoredHistogram::new(durations);
                self.stored_bytes += stored.bytes().len();
                cell.stored.push(stored);
            } else {
                self.sum.add_bytes(durations, 1)?;
            }
        }
        cell.durations = self.sum.take();
        Ok(cell)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use arrow_array::{ArrayRef, BinaryArray, Int8Array, Int64Array, StringArray};
    use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer, MemoryPool};
    use futures::{StreamExt, stream};
    use schemas::UnixNanos;

    use super::*;
    use crate::red::{DurationHistogram, TimeSpan};

    const HOUR_NANO: i64 = 3_600_000_000_000;

    /// A row a span, of two services and three hours.
    fn batch(first: i64) -> RecordBatch {
        let all = first..first + 40;
        let numbers = |number: fn(i64) -> i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(all.clone().map(number)))
        };
        let services = all.clone().map(|row| ["cart", "shop"][(row % 2) as usize]);
        let codes = all.clone().map(|row| i8::from(row % 10 == 0) * 2);
        let durations = all.clone().map(|row| {
            let mut durations = DurationHistogram::default();
            durations.record(row * 1000);
            durations.to_bytes()
        });
        RecordBatch::try_from_iter([
            ("bucket_start_unix_nano", numbers(|row| row % 3 * HOUR_NANO)),
            (
                "service_name",
                Arc::new(StringArray::from_iter_values(services)) as ArrayRef,
            ),
            ("status_code", Arc::new(Int8Array::from_iter_values(codes))),
            ("count", numbers(|_| 1)),
            ("sum_nano", numbers(|row| row * 1000)),
            ("max_nano", numbers(|row| row * 1000)),
            (
                "durations",
                Arc::new(BinaryArray::from_iter_values(durations)),
            ),
        ])
        .expect("columns of one length")
    }

    fn query() -> RedQuery {
        let hour = Duration::from_secs(3600);
        let range = TimeSpan::of_steps(UnixNanos(0), UnixNanos(3 * HOUR_NANO), hour);
        RedQuery {
            group_by: vec![GroupBy::Service],
            ..RedQuery::new(range, hour)
        }
    }

    async fn cells(memory_bytes: usize) -> Vec<(Option<String>, u32, u64, u64, i64, Vec<u8>)> {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(memory_bytes));
        let memory = MemoryConsumer::new("rows").register(&pool);
        let batches: Vec<_> = (0..5).map(|number| Ok(batch(number * 40))).collect();
        let rows = stream::iter(batches).boxed();
        let sums = RowSums::of(Arc::new(query()), rows, memory).await;
        let (groups, cells, _) = sums.expect("enough memory").into_cells();
        let cells = cells.into_iter().map(|((group, step), mut cell)| {
            let unpacked = cell.unpack(&mut DurationHistogram::default());
            unpacked.expect("histograms");
            let service = groups[group as usize].value(GroupBy::Service);
            (
                service.map(str::to_owned),
                step,
                cell.count,
                cell.errors,
                cell.max_nano,
                cell.durations.to_bytes(),
            )
        });
        let mut cells: Vec<_> = cells.collect();
        cells.sort_unstable();
        cells
    }

    #[tokio::test]
    async fn where_memory_is_short_rows_are_added_up_in_parts() {
        let at_once = cells(usize::MAX).await;
        let counts: Vec<u64> = at_once.iter().map(|cell| cell.2).collect();
        assert_eq!(counts, [34, 33, 33, 33, 34, 33]);
        assert_eq!(at_once.iter().map(|cell| cell.3).sum::<u64>(), 20);
        let batch_bytes = batch(0).get_array_memory_size();
        assert_eq!(cells(6 * CELL_BYTES + batch_bytes).await, at_once);
    }
}
