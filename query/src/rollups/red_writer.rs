//! Rows of the table `red`, as they are written.

use std::ops::AddAssign;
use std::sync::Arc;

use arrow_array::builder::{BinaryViewBuilder, Int8Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, RecordBatch};
use schemas::rollups::red_schema;

use super::red_group::RedGroup;
use super::red_rows::RowsOfStep;
use super::{BATCH_ROWS, histogram_column};
use crate::QueryError;
use crate::red::RedDimension;
use crate::topology::Names;

/// Columns while rows are added to them.
#[derive(Debug)]
pub(super) struct RedWriter<'a> {
    names: &'a Names,
    is_fresh: bool,
    steps: Int64Builder,
    buckets: Int64Builder,
    dimensions: StringBuilder,
    services: StringBuilder,
    operations: StringBuilder,
    kinds: Int8Builder,
    status_codes: Int8Builder,
    instances: StringBuilder,
    versions: StringBuilder,
    zones: StringBuilder,
    counts: Int64Builder,
    sums: Int64Builder,
    maxima: Int64Builder,
    durations: BinaryViewBuilder,
}

/// The sums of a row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RowSums {
    pub(super) count: u64,
    pub(super) sum_nano: i128,
    pub(super) max_nano: i64,
}

impl AddAssign for RowSums {
    fn add_assign(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum_nano = self.sum_nano.saturating_add(other.sum_nano);
        self.max_nano = self.max_nano.max(other.max_nano);
    }
}

impl<'a> RedWriter<'a> {
    /// For rows that are fresh, or for rows that are not.
    pub(super) fn new(names: &'a Names, is_fresh: bool) -> Self {
        Self {
            names,
            is_fresh,
            steps: Int64Builder::new(),
            buckets: Int64Builder::new(),
            dimensions: StringBuilder::new(),
            services: StringBuilder::new(),
            operations: StringBuilder::new(),
            kinds: Int8Builder::new(),
            status_codes: Int8Builder::new(),
            instances: StringBuilder::new(),
            versions: StringBuilder::new(),
            zones: StringBuilder::new(),
            counts: Int64Builder::new(),
            sums: Int64Builder::new(),
            maxima: Int64Builder::new(),
            durations: histogram_column(),
        }
    }

    /// Adds a row; `durations` is the histogram as it is stored.
    pub(super) fn add(
        &mut self,
        (rows, group, bucket): (RowsOfStep, &RedGroup, i64),
        sums: RowSums,
        durations: &[u8],
    ) {
        let text = |name| self.names.text_of(name);
        self.steps.append_value(rows.step_seconds);
        self.buckets.append_value(bucket);
        self.dimensions
            .append_option(rows.dimension.map(RedDimension::name));
        self.services.append_option(text(group.service));
        self.operations.append_option(text(group.name));
        self.kinds.append_value(group.kind);
        self.status_codes.append_value(group.status_code);
        self.instances.append_option(text(group.instance));
        self.versions.append_option(text(group.version));
        self.zones.append_option(text(group.zone));
        self.counts.append_value(saturated(sums.count.into()));
        self.sums.append_value(saturated(sums.sum_nano));
        self.maxima.append_value(sums.max_nano);
        self.durations.append_value(durations);
    }

    /// The rows, where it is time to hand them over.
    pub(super) fn take_when_full(&mut self) -> Result<Option<RecordBatch>, QueryError> {
        let is_full = self.len() >= BATCH_ROWS;
        is_full.then(|| self.take()).transpose()
    }

    fn len(&self) -> usize {
        self.steps.values_slice().len()
    }

    /// The rows since the last were taken.
    ///
    /// # Errors
    /// [`QueryError::EncodeColumns`] when they are not those of the table.
    pub(super) fn take(&mut self) -> Result<RecordBatch, QueryError> {
        let fresh = BooleanArray::from(vec![self.is_fresh; self.len()]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.steps.finish()),
            Arc::new(self.buckets.finish()),
            Arc::new(self.dimensions.finish()),
            Arc::new(fresh),
            Arc::new(self.services.finish()),
            Arc::new(self.operations.finish()),
            Arc::new(self.kinds.finish()),
            Arc::new(self.status_codes.finish()),
            Arc::new(self.instances.finish()),
            Arc::new(self.versions.finish()),
            Arc::new(self.zones.finish()),
            Arc::new(self.counts.finish()),
            Arc::new(self.sums.finish()),
            Arc::new(self.maxima.finish()),
            Arc::new(self.durations.finish()),
        ];
        Ok(RecordBatch::try_new(Arc::clone(red_schema()), columns)?)
    }
}

fn saturated(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}
