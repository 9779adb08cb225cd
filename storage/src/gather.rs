//! Takes rows from many batches into one, in any order: how small batches become larger ones and
//! how a memtable is sorted.
//!
//! Dictionaries are merged once for all rows, so a row costs an index look-up a column.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int8Type, Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, FixedSizeBinaryArray, Int32Array, PrimitiveArray,
    RecordBatch, RecordBatchOptions, StringArray, new_null_array,
};
use arrow_buffer::{Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{Schema, SchemaRef};
use arrow_select::interleave::interleave;
use hashbrown::HashMap;
use schemas::columns::{span_columns, span_schema};
use schemas::{ColumnId, ColumnType, SpanBatch};

/// One row of one of several batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowRef {
    pub(crate) batch: u32,
    pub(crate) row: u32,
}

impl RowRef {
    fn of<T>(self, batches: &[T]) -> (&T, usize) {
        (&batches[self.batch as usize], self.row as usize)
    }
}

/// All rows of `batches`, in order.
pub(crate) fn rows_of(batches: &[SpanBatch]) -> Vec<RowRef> {
    let numbered = (0u32..).zip(batches);
    numbered
        .flat_map(|(batch, spans)| {
            (0u32..)
                .take(spans.rows())
                .map(move |row| RowRef { batch, row })
        })
        .collect()
}

/// All rows of `batches` as one batch, in order.
pub(crate) fn concat(batches: &[SpanBatch]) -> SpanBatch {
    Gather::new(batches).batch(&rows_of(batches))
}

/// Batches whose rows are to be taken.
pub(crate) struct Gather<'a> {
    schema: SchemaRef,
    sources: Vec<Source<'a>>,
    rows: Vec<usize>,
}

/// One column of all batches.
enum Source<'a> {
    Keyword(MergedDictionaries<'a>),
    Text(Vec<Option<&'a StringArray>>),
    Int64(Vec<Option<&'a PrimitiveArray<Int64Type>>>),
    Int8(Vec<Option<&'a PrimitiveArray<Int8Type>>>),
    Float64(Vec<Option<&'a PrimitiveArray<Float64Type>>>),
    Id(Vec<Option<&'a FixedSizeBinaryArray>>, i32),
    Other(Vec<ArrayRef>),
}

struct MergedDictionaries<'a> {
    /// Per batch its keys, and the merged number of each of its dictionary's values.
    inputs: Vec<Option<(&'a Int32Array, Vec<i32>)>>,
    values: ArrayRef,
}

impl<'a> Gather<'a> {
    /// Prepares the columns that any batch has.
    pub(crate) fn new(batches: &'a [SpanBatch]) -> Self {
        let present: Vec<ColumnId> = (0..span_columns().len())
            .map(ColumnId)
            .filter(|id| batches.iter().any(|batch| batch.column(*id).is_some()))
            .collect();
        let fields = present
            .iter()
            .map(|id| Arc::clone(&span_schema().fields()[id.0]))
            .collect::<Vec<_>>();
        Self {
            schema: Arc::new(Schema::new(fields)),
            sources: present.iter().map(|id| Source::new(*id, batches)).collect(),
            rows: batches.iter().map(SpanBatch::rows).collect(),
        }
    }

    /// The columns that any batch has, in table order.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The names of the dictionary columns whose distinct texts take at most `bytes` in all.
    pub(crate) fn columns_with_dictionaries_up_to(&self, bytes: usize) -> Vec<&str> {
        let fields = self.schema.fields().iter().zip(&self.sources);
        let small = fields.filter(|(_, source)| match source {
            Source::Keyword(dictionaries) => dictionaries.values.get_array_memory_size() <= bytes,
            _ => false,
        });
        small.map(|(field, _)| field.name().as_str()).collect()
    }

    /// These rows, in this order, as [`Self::schema`] says.
    pub(crate) fn record_batch(&self, order: &[RowRef]) -> RecordBatch {
        debug_assert!(
            order
                .iter()
                .all(|row| (row.row as usize) < self.rows[row.batch as usize])
        );
        let columns = self
            .sources
            .iter()
            .map(|source| source.gather(order))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(order.len()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .expect("columns are gathered with the types and the length of the schema")
    }

    /// These rows, in this order.
    pub(crate) fn batch(&self, order: &[RowRef]) -> SpanBatch {
        SpanBatch::try_from_record_batch(&self.record_batch(order))
            .expect("rows of span batches are spans")
    }
}

impl<'a> Source<'a> {
    fn new(id: ColumnId, batches: &'a [SpanBatch]) -> Self {
        match id.column().column_type {
            ColumnType::Keyword => Self::Keyword(MergedDictionaries::new(id, batches)),
            ColumnType::Text => Self::Text(typed(id, batches)),
            ColumnType::Int64 => Self::Int64(typed(id, batches)),
            ColumnType::Int8 => Self::Int8(typed(id, batches)),
            ColumnType::Float64 => Self::Float64(typed(id, batches)),
            ColumnType::TraceId => Self::Id(typed(id, batches), 16),
            ColumnType::SpanId => Self::Id(typed(id, batches), 8),
            ColumnType::Bool | ColumnType::Events | ColumnType::Links => {
                let data_type = id.column().column_type.arrow_type();
                // One null stands for any row of a batch without the column; see `gather_other`.
                let arrays = batches.iter().map(|batch| batch.column(id).cloned());
                Self::Other(
                    arrays
                        .map(|array| array.unwrap_or_else(|| new_null_array(&data_type, 1)))
                        .collect(),
                )
            }
        }
    }

    fn gather(&self, order: &[RowRef]) -> ArrayRef {
        match self {
            Self::Keyword(dictionaries) => dictionaries.gather(order),
            Self::Text(inputs) => Arc::new(gather_text(inputs, order)),
            Self::Int64(inputs) => Arc::new(gather_numbers(inputs, order)),
            Self::Int8(inputs) => Arc::new(gather_numbers(inputs, order)),
            Self::Float64(inputs) => Arc::new(gather_numbers(inputs, order)),
            Self::Id(inputs, width) => Arc::new(gather_ids(inputs, *width, order)),
            Self::Other(inputs) => gather_other(inputs, order),
        }
    }
}

fn typed<A: 'static>(id: ColumnId, batches: &[SpanBatch]) -> Vec<Option<&A>> {
    batches.iter().map(|batch| batch.typed_column(id)).collect()
}

impl<'a> MergedDictionaries<'a> {
    fn new(id: ColumnId, batches: &'a [SpanBatch]) -> Self {
        let mut numbers: HashMap<&'a str, i32> = HashMap::new();
        let mut texts: Vec<&'a str> = Vec::new();
        let mut merge = |batch: &'a SpanBatch| {
            let dictionary: &DictionaryArray<Int32Type> = batch.typed_column(id)?;
            let values = dictionary.values().as_string::<i32>();
            let merged = values.iter().map(|text| {
                let text = text.unwrap_or_default();
                *numbers.entry(text).or_insert_with(|| {
                    texts.push(text);
                    i32::try_from(texts.len() - 1)
                        .expect("memtables hold fewer than 2^31 distinct texts")
                })
            });
            Some((dictionary.keys(), merged.collect()))
        };
        let inputs = batches.iter().map(&mut merge).collect();
        Self {
            inputs,
            values: Arc::new(StringArray::from_iter_values(texts)),
        }
    }

    fn gather(&self, order: &[RowRef]) -> ArrayRef {
        let mut keys = Vec::with_capacity(order.len());
        let mut nulls = NullBufferBuilder::new(order.len());
        for row in order {
            let (input, index) = row.of(&self.inputs);
            match input {
                Some((input_keys, merged)) if input_keys.is_valid(index) => {
                    let key = usize::try_from(input_keys.value(index))
                        .expect("dictionary keys are not negative");
                    keys.push(merged[key]);
                    nulls.append_non_null();
                }
                _ => {
                    keys.push(0);
                    nulls.append_null();
                }
            }
        }
        let keys = Int32Array::new(ScalarBuffer::from(keys), nulls.finish());
        Arc::new(DictionaryArray::new(keys, Arc::clone(&self.values)))
    }
}

/// The validity of the gathered rows; `None` when all are valid.
fn gather_nulls<A: Array>(inputs: &[Option<&A>], order: &[RowRef]) -> Option<NullBuffer> {
    if inputs
        .iter()
        .all(|input| input.is_some_and(|array| array.null_count() == 0))
    {
        return None;
    }
    let mut nulls = NullBufferBuilder::new(order.len());
    for row in order {
        let (input, index) = row.of(inputs);
        nulls.append(input.is_some_and(|array| array.is_valid(index)));
    }
    nulls.finish()
}

fn gather_numbers<T: ArrowPrimitiveType>(
    inputs: &[Option<&PrimitiveArray<T>>],
    order: &[RowRef],
) -> PrimitiveArray<T> {
    let slices: Vec<Option<&[T::Native]>> = inputs
        .iter()
        .map(|input| input.map(|array| &array.values()[..]))
        .collect();
    let values = order.iter().map(|row| {
        let (slice, index) = row.of(&slices);
        slice.map_or_else(T::Native::default, |slice| slice[index])
    });
    PrimitiveArray::new(values.collect(), gather_nulls(inputs, order))
}

fn gather_ids(
    inputs: &[Option<&FixedSizeBinaryArray>],
    width: i32,
    order: &[RowRef],
) -> FixedSizeBinaryArray {
    let length = usize::try_from(width).expect("widths are 8 and 16");
    let mut bytes = Vec::with_capacity(order.len() * length);
    for row in order {
        match row.of(inputs) {
            (Some(array), index) => bytes.extend_from_slice(array.value(index)),
            (None, _) => bytes.resize(bytes.len() + length, 0),
        }
    }
    FixedSizeBinaryArray::new(width, Buffer::from_vec(bytes), gather_nulls(inputs, order))
}

fn gather_text(inputs: &[Option<&StringArray>], order: &[RowRef]) -> StringArray {
    let mut offsets = Vec::with_capacity(order.len() + 1);
    let mut bytes = Vec::new();
    offsets.push(0);
    for row in order {
        if let (Some(array), index) = row.of(inputs)
            && array.is_valid(index)
        {
            bytes.extend_from_slice(array.value(index).as_bytes());
        }
        offsets
            .push(i32::try_from(bytes.len()).expect("gathered rows hold less than 2 GiB of text"));
    }
    // Only whole texts of valid arrays were copied, so the constructor's UTF-8 check holds.
    StringArray::new(
        OffsetBuffer::new(ScalarBuffer::from(offsets)),
        Buffer::from_vec(bytes),
        gather_nulls(inputs, order),
    )
}

fn gather_other(inputs: &[ArrayRef], order: &[RowRef]) -> ArrayRef {
    let arrays: Vec<&dyn Array> = inputs.iter().map(AsRef::as_ref).collect();
    let indices: Vec<(usize, usize)> = order
        .iter()
        .map(|row| {
            let (input, index) = row.of(inputs);
            // A stand-in of one null has no other row.
            (row.batch as usize, index.min(input.len() - 1))
        })
        .collect();
    interleave(&arrays, &indices)
        .expect("the arrays have one type and the indices are rows of them")
}

#[cfg(test)]
mod tests {
    use schemas::{AttributeRef, EventRow, SpanBatchBuilder, SpanId, SpanReader, SpanRow, TraceId};

    use super::*;

    fn batch(first: u8, with_attributes: bool) -> SpanBatch {
        let mut builder = SpanBatchBuilder::default();
        for id in first..first + 3 {
            let text = format!("value {id}");
            let attributes = [
                ("http.route", AttributeRef::String(&text)),
                ("url.path", AttributeRef::String(&text)),
                ("server.port", AttributeRef::Int(i64::from(id))),
                ("mine", AttributeRef::Double(0.5)),
            ];
            let events = [EventRow {
                name: &text,
                ..EventRow::default()
            }];
            let mut span = SpanRow {
                name: "op",
                ..SpanRow::new(TraceId([id; 16]), SpanId([id; 8]))
            };
            if with_attributes && id != first {
                span.attributes = &attributes;
                span.events = &events;
                span.parent_span_id = Some(SpanId([7; 8]));
            }
            builder.push(&span);
        }
        builder.finish()
    }

    #[test]
    fn rows_come_in_the_order_asked_from_batches_of_different_columns() {
        let batches = [batch(10, true), batch(20, false), batch(30, true)];
        let order: Vec<RowRef> = [(2, 1), (0, 0), (1, 2), (0, 2), (2, 1)]
            .map(|(batch, row)| RowRef { batch, row })
            .to_vec();
        let gathered = Gather::new(&batches).batch(&order);
        let spans = SpanReader::new(&gathered).spans().expect("parses");
        let expected = order.iter().map(|row| {
            let (batch, index) = row.of(&batches);
            SpanReader::new(batch).span(index).expect("parses")
        });
        assert!(spans.into_iter().eq(expected));
    }

    #[test]
    fn concatenation_keeps_all_rows() {
        let batches = [batch(1, false), batch(4, true)];
        let all = concat(&batches);
        let spans = SpanReader::new(&all).spans().expect("parses");
        let expected = batches
            .iter()
            .flat_map(|batch| SpanReader::new(batch).spans().expect("parses"));
        assert!(spans.into_iter().eq(expected));
    }
}
