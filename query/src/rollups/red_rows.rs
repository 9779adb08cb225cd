//! Rows of the table `red`, as they are read.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, Int8Array, Int64Array, RecordBatch,
    StringArray, new_null_array,
};
use datafusion::arrow::compute::cast;
use datafusion::error::DataFusionError;
use schemas::StatusCode;
use schemas::rollups::{BUCKET_START, DIMENSION, IS_FRESH, STEP_SECONDS, red_schema};

use super::red_writer::RowSums;
use super::sums::{Summands, TableRows};
use crate::red::{Cell, GroupBy, RedDimension};
use crate::topology::Sign;

/// The rows that together are all spans once, but for those that are counted in fresh rows of shorter
/// steps alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowsOfStep {
    pub(crate) step_seconds: i64,
    /// What is told apart besides service, kind and status.
    pub(crate) dimension: Option<RedDimension>,
}

/// The columns of some rows. Those that were not read are null in all rows.
pub(crate) struct RedRows {
    steps: Int64Array,
    buckets: Int64Array,
    dimensions: StringArray,
    fresh: BooleanArray,
    /// In the order of [`GroupBy::ALL`]; none for numbers.
    texts: [Option<StringArray>; GroupBy::ALL.len()],
    kinds: Int8Array,
    status_codes: Int8Array,
    counts: Int64Array,
    sums: Int64Array,
    maxima: Int64Array,
    durations: BinaryViewArray,
}

impl RedRows {
    /// The columns to read for what rows are told apart by.
    pub(crate) fn columns(by: &[GroupBy]) -> impl Iterator<Item = &'static str> {
        let told_apart = by.iter().copied().map(name_of);
        let mut names: Vec<_> = told_apart
            .chain([
                BUCKET_START,
                "status_code",
                "count",
                "sum_nano",
                "max_nano",
                "durations",
            ])
            .collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }

    /// Reads the columns of a batch by name.
    pub(crate) fn of(batch: &RecordBatch) -> Result<Self, DataFusionError> {
        let int64 =
            |name| column(batch, name).map(|array| array.as_primitive::<Int64Type>().clone());
        let int8 = |name| column(batch, name).map(|array| array.as_primitive::<Int8Type>().clone());
        let mut texts = [const { None }; GroupBy::ALL.len()];
        for by in GroupBy::ALL {
            if !matches!(by, GroupBy::Kind | GroupBy::Status) {
                let text = column(batch, name_of(by))?;
                texts[by as usize] = Some(text.as_string::<i32>().clone());
            }
        }
        let rows = Self {
            steps: int64(STEP_SECONDS)?,
            buckets: int64(BUCKET_START)?,
            dimensions: column(batch, DIMENSION)?.as_string::<i32>().clone(),
            fresh: column(batch, IS_FRESH)?.as_boolean().clone(),
            texts,
            kinds: int8("kind")?,
            status_codes: int8("status_code")?,
            counts: int64("count")?,
            sums: int64("sum_nano")?,
            maxima: int64("max_nano")?,
            durations: column(batch, "durations")?.as_binary_view().clone(),
        };
        Ok(rows)
    }

    pub(crate) fn len(&self) -> usize {
        self.counts.len()
    }

    pub(super) fn rows_of_step(&self, row: usize) -> RowsOfStep {
        RowsOfStep {
            step_seconds: self.steps.value(row),
            dimension: self.dimension(row),
        }
    }

    fn dimension(&self, row: usize) -> Option<RedDimension> {
        let is_any = self.dimensions.is_valid(row);
        is_any.then(|| RedDimension::of_name(self.dimensions.value(row)))?
    }

    pub(crate) fn bucket_start(&self, row: usize) -> i64 {
        self.buckets.value(row)
    }

    pub(crate) fn kind(&self, row: usize) -> i8 {
        self.kinds.value(row)
    }

    pub(crate) fn status_code(&self, row: usize) -> i8 {
        self.status_codes.value(row)
    }

    /// The text of a dimension; none for null, and for kind and status.
    pub(crate) fn text(&self, by: GroupBy, row: usize) -> Option<&str> {
        let texts = self.texts[by as usize].as_ref()?;
        texts.is_valid(row).then(|| texts.value(row))
    }

    /// Whether two rows differ in buckets and sums alone.
    pub(super) fn are_of_one_group(&self, one: usize, other: usize) -> bool {
        self.rows_of_step(one) == self.rows_of_step(other)
            && self.kind(one) == self.kind(other)
            && self.status_code(one) == self.status_code(other)
            && GroupBy::ALL
                .into_iter()
                .all(|by| self.text(by, one) == self.text(by, other))
    }

    /// Adds the sums of a row to a cell, but for the histogram.
    pub(crate) fn add_figures(&self, row: usize, cell: &mut Cell) {
        let figures = self.figures(row);
        let status = StatusCode::from_number(self.status_code(row).into());
        cell.count = cell.count.saturating_add(figures.count);
        if status == StatusCode::Error {
            cell.errors = cell.errors.saturating_add(figures.count);
        }
        cell.sum_nano = cell.sum_nano.saturating_add(figures.sum_nano);
        cell.max_nano = cell.max_nano.max(figures.max_nano);
    }

    /// The histogram of a row, in HdrHistogram's form.
    pub(crate) fn durations(&self, row: usize) -> &[u8] {
        self.durations.value(row)
    }
}

impl Summands<1> for RedRows {
    type Figures = RowSums;

    fn bucket(&self, row: usize) -> i64 {
        self.bucket_start(row)
    }

    fn sign(&self, _row: usize) -> Sign {
        Sign::Added
    }

    fn figures(&self, row: usize) -> RowSums {
        RowSums {
            count: u64::try_from(self.counts.value(row)).unwrap_or_default(),
            sum_nano: self.sums.value(row).into(),
            max_nano: self.maxima.value(row),
        }
    }

    fn histograms(&self, row: usize) -> [&[u8]; 1] {
        [self.durations(row)]
    }
}

impl TableRows<1> for RedRows {
    fn step(&self, row: usize) -> i64 {
        self.steps.value(row)
    }

    fn is_fresh(&self, row: usize) -> bool {
        self.fresh.is_valid(row) && self.fresh.value(row)
    }
}

/// The column of a dimension.
const fn name_of(by: GroupBy) -> &'static str {
    match by {
        GroupBy::Service => "service_name",
        GroupBy::Operation => "name",
        GroupBy::Kind => "kind",
        GroupBy::Status => "status_code",
        GroupBy::Instance => "service_instance_id",
        GroupBy::Version => "service_version",
        GroupBy::Zone => "availability_zone",
    }
}

/// A column in the type that `red` has it in.
fn column(batch: &RecordBatch, name: &str) -> Result<ArrayRef, DataFusionError> {
    let data_type = red_schema().field_with_name(name)?.data_type();
    match batch.column_by_name(name) {
        Some(column) => Ok(cast(column, data_type)?),
        None => Ok(new_null_array(data_type, batch.num_rows())),
    }
}
