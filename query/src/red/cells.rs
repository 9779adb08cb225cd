//! Spans counted by group and bucket of time.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use datafusion::arrow::compute::cast;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::MemoryReservation;
use schemas::{SpanKind, StatusCode, UNKNOWN_SERVICE, UnixNanos};

use super::RedQuery;
use super::distinct::DistinctSpans;
use super::histogram::DurationHistogram;
use super::query::{GroupBy, nanos};
use crate::QueryError;

/// What a cell takes besides its histogram, and what a typical histogram takes, in bytes.
const CELL_BYTES: usize = 512;

const DIMENSIONS: usize = GroupBy::ALL.len();

/// The values that make a group, in the order of [`GroupBy::ALL`]; none where it is not asked for,
/// and for spans that do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Group([Option<String>; DIMENSIONS]);

impl Group {
    pub(super) fn value(&self, by: GroupBy) -> Option<&str> {
        self.0[by as usize].as_deref()
    }

    pub(super) fn set(&mut self, by: GroupBy, value: Option<String>) {
        self.0[by as usize] = value;
    }
}

/// The figures of the spans of one group in one bucket.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) count: u64,
    pub(super) errors: u64,
    pub(super) sum_nano: i128,
    pub(super) max_nano: i64,
    pub(super) durations: DurationHistogram,
}

impl Cell {
    fn add(&mut self, duration_nano: i64, is_error: bool) {
        self.count += 1;
        self.errors += u64::from(is_error);
        self.sum_nano += i128::from(duration_nano);
        self.max_nano = self.max_nano.max(duration_nano);
        self.durations.record(duration_nano);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.errors += other.errors;
        self.sum_nano += other.sum_nano;
        self.max_nano = self.max_nano.max(other.max_nano);
        self.durations.merge(&other.durations);
    }
}

/// All cells of a question.
pub(super) struct Cells {
    group_by: Vec<GroupBy>,
    first: UnixNanos,
    step_nano: i64,
    /// Groups by their number.
    groups: Vec<Group>,
    numbers: HashMap<Group, u32>,
    cells: HashMap<(u32, u32), Cell>,
    distinct: DistinctSpans,
    memory: MemoryReservation,
}

impl Cells {
    pub(super) fn new(query: &RedQuery, memory: MemoryReservation) -> Self {
        Self {
            group_by: query.group_by.clone(),
            first: query.range.from,
            step_nano: nanos(query.step),
            groups: Vec::new(),
            numbers: HashMap::new(),
            cells: HashMap::new(),
            distinct: DistinctSpans::default(),
            memory,
        }
    }

    /// Counts the rows of a batch with the columns of [`super::cell_columns`].
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let held = self.cells.len() * CELL_BYTES + self.distinct.bytes_with(batch.num_rows());
        self.memory.try_resize(held)?;
        let [
            trace_ids,
            span_ids,
            starts,
            durations,
            kinds,
            codes,
            texts @ ..,
        ] = batch.columns()
        else {
            return Ok(());
        };
        let (trace_ids, span_ids) = (
            trace_ids.as_fixed_size_binary(),
            span_ids.as_fixed_size_binary(),
        );
        let starts = starts.as_primitive::<Int64Type>();
        let durations = durations.as_primitive::<Int64Type>();
        let (kinds, codes) = (
            kinds.as_primitive::<Int8Type>(),
            codes.as_primitive::<Int8Type>(),
        );
        let mut groups = GroupNumbers::new(self.group_by.clone(), texts)?;
        for row in 0..batch.num_rows() {
            let start = UnixNanos(starts.value(row));
            let kind = kinds.value(row);
            if !self
                .distinct
                .insert(trace_ids.value(row), span_ids.value(row), kind, start)
            {
                continue;
            }
            let group = groups.of_row(row, kind, codes.value(row), |group| self.number_of(group));
            let bucket = (start.0 - self.first.0) / self.step_nano;
            let bucket =
                u32::try_from(bucket).expect("steps of a range are counted before it is read");
            let is_error = StatusCode::from_number(codes.value(row).into()) == StatusCode::Error;
            let cell = self.cells.entry((group, bucket)).or_default();
            cell.add(durations.value(row), is_error);
        }
        Ok(())
    }

    /// The cells of each group by bucket, groups in order.
    pub(super) fn into_series(self) -> Vec<(Group, Vec<(u32, Cell)>)> {
        let mut series: Vec<(Group, Vec<(u32, Cell)>)> = self
            .groups
            .into_iter()
            .map(|group| (group, Vec::new()))
            .collect();
        for ((group, bucket), cell) in self.cells {
            series[group as usize].1.push((bucket, cell));
        }
        for (_, cells) in &mut series {
            cells.sort_unstable_by_key(|(bucket, _)| *bucket);
        }
        series.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        series
    }

    fn number_of(&mut self, group: Group) -> u32 {
        if let Some(number) = self.numbers.get(&group) {
            return *number;
        }
        let number = u32::try_from(self.groups.len()).expect("fewer groups than spans in memory");
        self.groups.push(group.clone());
        self.numbers.insert(group, number);
        number
    }
}

/// Finds the groups of a batch's rows by the codes of its dictionaries, so that texts are looked
/// at once for each distinct combination.
struct GroupNumbers {
    group_by: Vec<GroupBy>,
    /// Service, name, instance, version and zone, as dictionaries.
    texts: Vec<ArrayRef>,
    by_codes: HashMap<[i32; DIMENSIONS], u32>,
}

const NO_CODE: i32 = -1;

impl GroupNumbers {
    fn new(group_by: Vec<GroupBy>, texts: &[ArrayRef]) -> Result<Self, DataFusionError> {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let texts = texts.iter().map(|column| cast(column, &dictionary));
        Ok(Self {
            group_by,
            texts: texts.collect::<Result<_, _>>()?,
            by_codes: HashMap::new(),
        })
    }

    fn of_row(
        &mut self,
        row: usize,
        kind: i8,
        status: i8,
        number_of: impl FnOnce(Group) -> u32,
    ) -> u32 {
        let mut codes = [NO_CODE; DIMENSIONS];
        for by in &self.group_by {
            codes[*by as usize] = match self.text_column(*by) {
                None if *by == GroupBy::Kind => i32::from(kind),
                None => i32::from(status),
                Some(column) => {
                    let keys = column.as_dictionary::<Int32Type>().keys();
                    if keys.is_valid(row) {
                        keys.value(row)
                    } else {
                        NO_CODE
                    }
                }
            };
        }
        if let Some(number) = self.by_codes.get(&codes) {
            return *number;
        }
        let mut group = Group::default();
        for by in &self.group_by {
            group.0[*by as usize] = self.text(*by, codes[*by as usize]);
        }
        let number = number_of(group);
        self.by_codes.insert(codes, number);
        number
    }

    fn text_column(&self, by: GroupBy) -> Option<&ArrayRef> {
        match by {
            GroupBy::Service => self.texts.first(),
            GroupBy::Operation => self.texts.get(1),
            GroupBy::Instance => self.texts.get(2),
            GroupBy::Version => self.texts.get(3),
            GroupBy::Zone => self.texts.get(4),
            GroupBy::Kind | GroupBy::Status => None,
        }
    }

    fn text(&self, by: GroupBy, code: i32) -> Option<String> {
        let Some(column) = self.text_column(by) else {
            let name = match by {
                GroupBy::Status => StatusCode::from_number(code).name(),
                _ => SpanKind::from_number(code).name(),
            };
            return Some(if name.is_empty() { "unspecified" } else { name }.to_owned());
        };
        let values = column
            .as_dictionary::<Int32Type>()
            .values()
            .as_string::<i32>();
        match (usize::try_from(code), by) {
            (Ok(code), _) => Some(values.value(code).to_owned()),
            (Err(_), GroupBy::Service) => Some(UNKNOWN_SERVICE.to_owned()),
            (Err(_), _) => None,
        }
    }
}
