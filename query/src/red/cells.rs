//! Spans counted by group and bucket of time.

use std::collections::HashMap;

use datafusion::execution::memory_pool::MemoryReservation;
use schemas::{SpanBatch, SpanKind, StatusCode, UNKNOWN_SERVICE, UnixNanos};

use super::RedQuery;
use super::distinct::{ByDigest, DistinctSpans};
use super::histogram::DurationHistogram;
use super::query::{GroupBy, nanos};
use super::span_columns::{DIMENSIONS, SpanColumns, SpanValues};
use super::texts::Texts;
use crate::rollups::RedRows;
use crate::{QueryError, RollUps};

/// What a cell takes besides its histogram, and what a typical histogram takes, in bytes.
const CELL_BYTES: usize = 512;

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
pub(crate) struct Cell {
    pub(crate) count: u64,
    pub(crate) errors: u64,
    pub(crate) sum_nano: i128,
    pub(crate) max_nano: i64,
    pub(crate) durations: DurationHistogram,
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
        self.count = self.count.saturating_add(other.count);
        self.errors = self.errors.saturating_add(other.errors);
        self.sum_nano = self.sum_nano.saturating_add(other.sum_nano);
        self.max_nano = self.max_nano.max(other.max_nano);
        self.durations.merge(&other.durations);
    }
}

/// All cells of a question.
pub(super) struct Cells<'a> {
    query: &'a RedQuery,
    texts: Texts,
    /// The groups of spans, by what tells spans apart; none for spans that count as another
    /// operation than the one asked for.
    of_values: HashMap<SpanValues, Option<u32>, ByDigest>,
    /// Groups by their number.
    groups: Vec<Group>,
    numbers: HashMap<Group, u32>,
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
            groups: Vec::new(),
            numbers: HashMap::new(),
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
                    let group = group.map(|group| self.number_of(group));
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

    /// Adds rows of the table `red` that meet the question's conditions.
    pub(super) fn add_rows(&mut self, rows: &RedRows) -> Result<(), QueryError> {
        self.reserve(0)?;
        let mut last: Option<([Option<&str>; DIMENSIONS], u32)> = None;
        for row in 0..rows.len() {
            let mut values = [None; DIMENSIONS];
            for by in &self.query.group_by {
                let number = match by {
                    GroupBy::Kind => rows.kind(row).into(),
                    GroupBy::Status => rows.status_code(row).into(),
                    _ => 0,
                };
                values[*by as usize] = value(*by, rows.text(*by, row), number);
            }
            // Rows of a group stand together.
            let group = match last {
                Some((of_last, group)) if of_last == values => group,
                _ => self.number_of(Group(values.map(|value| value.map(str::to_owned)))),
            };
            last = Some((values, group));
            let cell = rows.cell(row)?;
            self.cell(group, rows.bucket_start(row)).merge(&cell);
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
        let UnixNanos(first) = self.query.range.from;
        let bucket = start.saturating_sub(first) / nanos(self.query.step);
        let bucket = u32::try_from(bucket).expect("steps of a range are counted before it is read");
        self.cells.entry((group, bucket)).or_default()
    }

    fn group_of(&self, values: &SpanValues, rollups: &RollUps) -> Option<Group> {
        let service = values.text(GroupBy::Service, &self.texts);
        let name = values.text(GroupBy::Operation, &self.texts);
        let name = rollups.kept(service, name.unwrap_or_default());
        let asked = self.query.operation.as_deref();
        if asked.is_some_and(|asked| asked != name) {
            return None;
        }
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

/// What makes a group, from a text, or the number of a kind or status.
pub(super) fn value(by: GroupBy, text: Option<&str>, number: i32) -> Option<&str> {
    match by {
        GroupBy::Service => text.or(Some(UNKNOWN_SERVICE)),
        GroupBy::Kind => match SpanKind::from_number(number).name() {
            "" => Some("unspecified"),
            name => Some(name),
        },
        GroupBy::Status => Some(StatusCode::from_number(number).name()),
        GroupBy::Operation | GroupBy::Instance | GroupBy::Version | GroupBy::Zone => text,
    }
}
