//! The stored rows that traces are made of.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use datafusion::execution::memory_pool::MemoryReservation;
use schemas::columns::{self, ColumnId, promoted_resource_attributes, span_columns};
use schemas::typed_json::TypedJsonError;
use schemas::{
    CallPath, Span, SpanBatch, SpanBatchError, SpanId, SpanKind, SpanReader, StatusCode, TraceId,
    UnixNanos,
};

use crate::functions::text_of;

/// Batches of spans of one or more traces.
#[derive(Debug)]
pub(crate) struct SpanRows {
    batches: Vec<SpanBatch>,
    /// The batches without the columns of resources and scopes, which many spans share: they are
    /// read once, not with each span.
    contents: Vec<SpanBatch>,
    /// The memory that the batches take, given back with them.
    _memory: Option<MemoryReservation>,
}

/// One row of [`SpanRows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowId {
    pub(super) batch: u32,
    pub(super) row: u32,
}

/// What a span's place in its trace depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Skeleton {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) start: UnixNanos,
    pub(super) duration_nano: i64,
    pub(super) kind: SpanKind,
    pub(super) status_code: StatusCode,
    pub(super) row: RowId,
}

impl SpanRows {
    /// Rows whose memory nobody counts.
    #[cfg(test)]
    pub(crate) fn new(batches: Vec<SpanBatch>) -> Self {
        Self {
            contents: Vec::new(),
            batches,
            _memory: None,
        }
    }

    /// Rows whose memory is reserved as long as they are needed.
    pub(crate) fn holding(batches: Vec<SpanBatch>, memory: MemoryReservation) -> Self {
        Self {
            contents: Vec::new(),
            batches,
            _memory: Some(memory),
        }
    }

    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.batches.iter().map(SpanBatch::rows).sum()
    }

    /// The rows, batch by batch.
    pub(crate) fn batches(&self) -> &[SpanBatch] {
        &self.batches
    }

    /// Makes [`Self::content`] ready.
    pub(super) fn split_owners(&mut self) -> Result<(), SpanBatchError> {
        let of_owners: Vec<ColumnId> = owner_columns().collect();
        self.contents = self
            .batches
            .iter()
            .map(|batch| {
                let is_own = |id: &usize| !of_owners.contains(&ColumnId(*id));
                let is_there = |id: &usize| batch.column(ColumnId(*id)).is_some();
                let own: Vec<usize> = (0..span_columns().len())
                    .filter(is_own)
                    .filter(is_there)
                    .collect();
                SpanBatch::try_from_record_batch(&batch.to_record_batch(Some(&own)))
            })
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    /// A span without its resource and scope.
    pub(super) fn content(&self, row: RowId) -> Result<Span, TypedJsonError> {
        SpanReader::new(&self.contents[row.batch as usize]).span(row.row as usize)
    }

    /// A span with its resource and scope.
    pub(super) fn whole(&self, row: RowId) -> Result<Span, TypedJsonError> {
        SpanReader::new(&self.batches[row.batch as usize]).span(row.row as usize)
    }

    /// The call path that a span was sent with, if it is one.
    pub(super) fn call_path(&self, row: RowId) -> Option<CallPath<'_>> {
        let reader = SpanReader::new(&self.batches[row.batch as usize]);
        let text = reader.text(columns::CALL_PATH, row.row as usize)?;
        CallPath::parse_of_forest(text).ok()
    }

    /// The text of a span's attribute whose key has no column.
    pub(super) fn span_text(&self, row: RowId, key: &str) -> Option<String> {
        let reader = SpanReader::new(&self.batches[row.batch as usize]);
        let attributes = reader.text(columns::SPAN_ATTRIBUTES, row.row as usize)?;
        text_of(attributes, key).filter(|text| !text.is_empty())
    }

    /// What places each span in its trace, in row order.
    pub(super) fn skeletons(&self) -> Vec<Skeleton> {
        let mut skeletons = Vec::with_capacity(self.len());
        for (number, batch) in self.batches.iter().enumerate() {
            let batch_number = narrow(number);
            let (Some(trace_ids), Some(starts)) = (batch.trace_ids(), batch.start_times()) else {
                continue;
            };
            let span_ids = batch.column(columns::SPAN_ID);
            let parents = batch.column(columns::PARENT_SPAN_ID);
            let durations = batch.column(columns::DURATION_NANO);
            let kinds = batch.column(columns::KIND);
            let codes = batch.column(columns::STATUS_CODE);
            for row in 0..batch.rows() {
                skeletons.push(Skeleton {
                    trace_id: TraceId(trace_ids.value(row).try_into().unwrap_or_default()),
                    span_id: span_id(span_ids, row).unwrap_or(SpanId([0; 8])),
                    parent: span_id(parents, row),
                    start: UnixNanos(starts.value(row)),
                    duration_nano: durations
                        .map_or(0, |array| array.as_primitive::<Int64Type>().value(row)),
                    kind: SpanKind::from_number(int8(kinds, row)),
                    status_code: StatusCode::from_number(int8(codes, row)),
                    row: RowId {
                        batch: batch_number,
                        row: narrow(row),
                    },
                });
            }
        }
        skeletons
    }
}

/// The columns whose values belong to a span's resource.
pub(super) fn resource_columns() -> impl Iterator<Item = ColumnId> {
    let others = [
        columns::RESOURCE_ATTRIBUTES,
        columns::RESOURCE_DROPPED_ATTRIBUTES_COUNT,
        columns::RESOURCE_SCHEMA_URL,
        columns::RESOURCE_ENTITY_REFS,
    ];
    promoted_resource_attributes()
        .map(|(_, id)| id)
        .chain(others)
}

/// The columns whose values belong to a span's scope.
pub(super) fn scope_columns() -> impl Iterator<Item = ColumnId> {
    [
        columns::SCOPE_NAME,
        columns::SCOPE_VERSION,
        columns::SCOPE_ATTRIBUTES,
        columns::SCOPE_DROPPED_ATTRIBUTES_COUNT,
        columns::SCOPE_SCHEMA_URL,
    ]
    .into_iter()
}

fn owner_columns() -> impl Iterator<Item = ColumnId> {
    resource_columns().chain(scope_columns())
}

/// The id in a row of a column of span ids; none where there is none.
pub(crate) fn span_id(column: Option<&ArrayRef>, row: usize) -> Option<SpanId> {
    let column = column.filter(|column| column.is_valid(row))?;
    column
        .as_fixed_size_binary()
        .value(row)
        .try_into()
        .ok()
        .map(SpanId)
}

fn int8(column: Option<&ArrayRef>, row: usize) -> i32 {
    column.map_or(0, |array| {
        array.as_primitive::<Int8Type>().value(row).into()
    })
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("an answer within the memory limit has fewer than 2^32 rows")
}
