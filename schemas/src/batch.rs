//! A batch of spans in columns.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, FixedSizeBinaryArray, Int64Array, RecordBatch, RecordBatchOptions,
    new_null_array,
};
use arrow_schema::{DataType, Schema};

use crate::columns::{self, ColumnId, span_columns, span_schema};

/// Spans as columns, proven to have the span table's types. Columns that are null in every row
/// may be absent: they take no memory.
///
/// Cloning is cheap: columns are shared.
#[derive(Clone, Debug)]
pub struct SpanBatch {
    rows: usize,
    columns: Arc<[Option<ArrayRef>]>,
}

/// Why columns are not a batch of spans.
#[derive(Debug, thiserror::Error)]
pub enum SpanBatchError {
    /// A column is not of the span table.
    #[error("the span table has no column {0:?}")]
    UnknownColumn(String),
    /// A column has another type than the span table's.
    #[error("column {name:?} is {actual}, the span table has {expected}")]
    Type {
        /// The column.
        name: String,
        /// Its type in the span table.
        expected: DataType,
        /// Its type here.
        actual: DataType,
    },
    /// A column that every span has is missing or has nulls.
    #[error("column {0:?} must have a value in every row")]
    Required(String),
}

impl SpanBatch {
    /// Takes columns of equal length in the order of [`span_columns`].
    pub(crate) fn from_columns(rows: usize, columns: Vec<Option<ArrayRef>>) -> Self {
        debug_assert_eq!(columns.len(), span_columns().len());
        debug_assert!(columns.iter().flatten().all(|column| column.len() == rows));
        Self {
            rows,
            columns: columns.into(),
        }
    }

    /// Takes the columns of a record batch by name.
    ///
    /// # Errors
    /// [`SpanBatchError`] names the first column that is unknown, of another type, or missing.
    pub fn try_from_record_batch(batch: &RecordBatch) -> Result<Self, SpanBatchError> {
        let mut columns: Vec<Option<ArrayRef>> = vec![None; span_columns().len()];
        for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            let id = columns::column_by_name(field.name())
                .ok_or_else(|| SpanBatchError::UnknownColumn(field.name().clone()))?;
            let expected = id.column().column_type.arrow_type();
            if *array.data_type() != expected {
                let actual = array.data_type().clone();
                return Err(SpanBatchError::Type {
                    name: field.name().clone(),
                    expected,
                    actual,
                });
            }
            if array.null_count() < array.len() {
                columns[id.0] = Some(Arc::clone(array));
            }
        }
        let rows = batch.num_rows();
        for (column, array) in span_columns().iter().zip(&columns) {
            let has_nulls = array.as_ref().is_none_or(|array| array.null_count() > 0);
            if rows > 0 && !column.nullable && has_nulls {
                return Err(SpanBatchError::Required(column.name.clone()));
            }
        }
        Ok(Self {
            rows,
            columns: columns.into(),
        })
    }

    /// The number of spans.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether there are no spans.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// A column; `None` when no row has a value in it.
    pub fn column(&self, id: ColumnId) -> Option<&ArrayRef> {
        self.columns[id.0].as_ref()
    }

    /// A column as its concrete array; `None` when no row has a value in it.
    pub fn typed_column<A: 'static>(&self, id: ColumnId) -> Option<&A> {
        self.column(id)?.as_any().downcast_ref()
    }

    /// The trace id of every row; `None` only for an empty batch.
    pub fn trace_ids(&self) -> Option<&FixedSizeBinaryArray> {
        self.typed_column(columns::TRACE_ID)
    }

    /// The start of every row, nanoseconds since 1970; `None` only for an empty batch.
    pub fn start_times(&self) -> Option<&Int64Array> {
        self.typed_column(columns::START_TIME_UNIX_NANO)
    }

    /// The bytes of memory that the columns hold.
    pub fn memory_bytes(&self) -> usize {
        self.columns
            .iter()
            .flatten()
            .map(Array::get_array_memory_size)
            .sum()
    }

    /// The rows `offset..offset + length`, sharing memory with this batch.
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        let columns = self
            .columns
            .iter()
            .map(|column| column.as_ref().map(|array| array.slice(offset, length)));
        Self {
            rows: length,
            columns: columns.collect(),
        }
    }

    /// Some columns as a record batch, absent ones as nulls; all columns for `None`.
    ///
    /// `projection` holds positions in [`span_schema`], in the order wanted.
    pub fn to_record_batch(&self, projection: Option<&[usize]>) -> RecordBatch {
        let all: Vec<usize>;
        let wanted = match projection {
            Some(wanted) => wanted,
            None => {
                all = (0..self.columns.len()).collect();
                &all
            }
        };
        let fields = span_schema().fields();
        let arrays = wanted.iter().map(|&index| match &self.columns[index] {
            Some(array) => Arc::clone(array),
            None => new_null_array(fields[index].data_type(), self.rows),
        });
        let schema = Schema::new(
            wanted
                .iter()
                .map(|&index| Arc::clone(&fields[index]))
                .collect::<Vec<_>>(),
        );
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(Arc::new(schema), arrays.collect(), &options)
            .expect("columns were proven to have the schema's types and one length")
    }
}
