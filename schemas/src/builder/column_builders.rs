//! Growing columns. Each is sparse: it knows how many rows it has and is padded with nulls when
//! the next value comes, so that a column nobody writes costs nothing.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, Float64Array, Int8Array,
    Int32Array, Int64Array, StringArray,
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::{AttributeRef, ColumnType};

/// Distinct texts, numbered in the order of their first appearance.
#[derive(Debug, Default)]
struct Interner {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
    numbers: HashTable<i32>,
    hasher: DefaultHashBuilder,
}

impl Interner {
    fn text_at(offsets: &[i32], bytes: &[u8], number: i32) -> Option<(usize, usize)> {
        let index = usize::try_from(number).ok()?;
        let start = usize::try_from(*offsets.get(index)?).ok()?;
        let end = offsets
            .get(index + 1)
            .map_or(Some(bytes.len()), |end| usize::try_from(*end).ok())?;
        Some((start, end))
    }

    fn is(offsets: &[i32], bytes: &[u8], number: i32, text: &[u8]) -> bool {
        Self::text_at(offsets, bytes, number).is_some_and(|(start, end)| &bytes[start..end] == text)
    }

    fn intern(&mut self, text: &str) -> i32 {
        let text = text.as_bytes();
        let hash = self.hasher.hash_one(text);
        let Self {
            offsets,
            bytes,
            numbers,
            hasher,
        } = self;
        if let Some(number) = numbers.find(hash, |&number| Self::is(offsets, bytes, number, text)) {
            return *number;
        }
        let number = offset(offsets.len());
        offsets.push(offset(bytes.len()));
        bytes.extend_from_slice(text);
        numbers.insert_unique(hash, number, |&number| {
            let (start, end) = Self::text_at(offsets, bytes, number).unwrap_or_default();
            hasher.hash_one(&bytes[start..end])
        });
        number
    }

    fn finish(self) -> StringArray {
        string_array(self.offsets, self.bytes, None)
    }
}

/// A batch is bounded by a request's size cap, far below the 2 GiB that 32-bit offsets reach.
fn offset(length: usize) -> i32 {
    i32::try_from(length).expect("a batch holds less than 2 GiB of text")
}

fn string_array(
    mut offsets: Vec<i32>,
    bytes: Vec<u8>,
    nulls: Option<arrow_buffer::NullBuffer>,
) -> StringArray {
    offsets.push(offset(bytes.len()));
    StringArray::new(
        OffsetBuffer::new(ScalarBuffer::from(offsets)),
        Buffer::from_vec(bytes),
        nulls,
    )
}

/// Texts with few distinct values.
#[derive(Debug, Default)]
pub(super) struct KeywordBuilder {
    keys: Vec<i32>,
    nulls: NullBufferBuilderDefault,
    values: Interner,
}

/// [`NullBufferBuilder`] with a default.
#[derive(Debug)]
struct NullBufferBuilderDefault(NullBufferBuilder);

impl Default for NullBufferBuilderDefault {
    fn default() -> Self {
        Self(NullBufferBuilder::new(0))
    }
}

impl KeywordBuilder {
    pub(super) fn append(&mut self, row: usize, text: &str) {
        self.pad(row);
        let last = self.keys.last().copied().unwrap_or(-1);
        let same = Interner::is(
            &self.values.offsets,
            &self.values.bytes,
            last,
            text.as_bytes(),
        );
        let key = if same { last } else { self.values.intern(text) };
        self.keys.push(key);
        self.nulls.0.append_non_null();
    }

    fn pad(&mut self, rows: usize) {
        let missing = rows - self.keys.len();
        if missing > 0 {
            // A null's key is never read; repeating the last one keeps the fast path above warm.
            let filler = self.keys.last().copied().unwrap_or(0);
            self.keys.resize(rows, filler);
            self.nulls.0.append_n_nulls(missing);
        }
    }

    pub(super) fn finish(mut self, rows: usize) -> Option<ArrayRef> {
        if self.keys.is_empty() {
            return None;
        }
        self.pad(rows);
        let keys = Int32Array::new(ScalarBuffer::from(self.keys), self.nulls.0.finish());
        let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(self.values.finish()))
            .expect("every key numbers an interned text");
        Some(Arc::new(array))
    }
}

/// Texts with many distinct values.
#[derive(Debug, Default)]
pub(super) struct TextBuilder {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
    nulls: NullBufferBuilderDefault,
}

impl TextBuilder {
    pub(super) fn append(&mut self, row: usize, text: &str) {
        self.pad(row);
        self.offsets.push(offset(self.bytes.len()));
        self.bytes.extend_from_slice(text.as_bytes());
        self.nulls.0.append_non_null();
    }

    fn pad(&mut self, rows: usize) {
        let missing = rows - self.offsets.len();
        if missing > 0 {
            self.offsets.resize(rows, offset(self.bytes.len()));
            self.nulls.0.append_n_nulls(missing);
        }
    }

    pub(super) fn finish(mut self, rows: usize) -> Option<ArrayRef> {
        if self.offsets.is_empty() {
            return None;
        }
        Some(Arc::new(self.finish_dense(rows)))
    }

    /// The column with its nulls, also when it has no value at all.
    pub(super) fn finish_dense(&mut self, rows: usize) -> StringArray {
        self.pad(rows);
        string_array(
            std::mem::take(&mut self.offsets),
            std::mem::take(&mut self.bytes),
            self.nulls.0.finish(),
        )
    }
}

/// Fixed-size numbers.
#[derive(Debug, Default)]
pub(super) struct NumberBuilder<T> {
    values: Vec<T>,
    nulls: NullBufferBuilderDefault,
}

impl<T: Copy + Default> NumberBuilder<T> {
    pub(super) fn append(&mut self, row: usize, value: T) {
        self.pad(row);
        self.values.push(value);
        self.nulls.0.append_non_null();
    }

    fn pad(&mut self, rows: usize) {
        let missing = rows - self.values.len();
        if missing > 0 {
            self.values.resize(rows, T::default());
            self.nulls.0.append_n_nulls(missing);
        }
    }

    fn finish_parts(mut self, rows: usize) -> Option<(Vec<T>, Option<arrow_buffer::NullBuffer>)> {
        if self.values.is_empty() {
            return None;
        }
        self.pad(rows);
        Some((self.values, self.nulls.0.finish()))
    }
}

impl NumberBuilder<i64> {
    pub(super) fn finish(self, rows: usize) -> Option<ArrayRef> {
        let (values, nulls) = self.finish_parts(rows)?;
        Some(Arc::new(Int64Array::new(ScalarBuffer::from(values), nulls)))
    }

    /// The column with its nulls, also when it has no value at all.
    pub(super) fn finish_dense(mut self, rows: usize) -> Int64Array {
        self.pad(rows);
        Int64Array::new(ScalarBuffer::from(self.values), self.nulls.0.finish())
    }
}

impl NumberBuilder<i8> {
    pub(super) fn finish(self, rows: usize) -> Option<ArrayRef> {
        let (values, nulls) = self.finish_parts(rows)?;
        Some(Arc::new(Int8Array::new(ScalarBuffer::from(values), nulls)))
    }
}

impl NumberBuilder<f64> {
    fn finish(self, rows: usize) -> Option<ArrayRef> {
        let (values, nulls) = self.finish_parts(rows)?;
        Some(Arc::new(Float64Array::new(
            ScalarBuffer::from(values),
            nulls,
        )))
    }
}

impl NumberBuilder<bool> {
    fn finish(self, rows: usize) -> Option<ArrayRef> {
        let (values, nulls) = self.finish_parts(rows)?;
        let mut bits = BooleanBufferBuilder::new(rows);
        bits.append_slice(&values);
        Some(Arc::new(BooleanArray::new(bits.finish(), nulls)))
    }
}

/// Ids of `N` bytes.
#[derive(Debug, Default)]
pub(super) struct IdBuilder<const N: usize> {
    bytes: Vec<u8>,
    nulls: NullBufferBuilderDefault,
}

impl<const N: usize> IdBuilder<N> {
    pub(super) fn append(&mut self, row: usize, id: &[u8; N]) {
        self.pad(row);
        self.bytes.extend_from_slice(id);
        self.nulls.0.append_non_null();
    }

    fn pad(&mut self, rows: usize) {
        let missing = rows - self.bytes.len() / N;
        if missing > 0 {
            self.bytes.resize(rows * N, 0);
            self.nulls.0.append_n_nulls(missing);
        }
    }

    pub(super) fn finish(self, rows: usize) -> Option<ArrayRef> {
        if self.bytes.is_empty() {
            return None;
        }
        Some(Arc::new(self.finish_dense(rows)))
    }

    /// The column with its nulls, also when it has no value at all.
    pub(super) fn finish_dense(mut self, rows: usize) -> FixedSizeBinaryArray {
        self.pad(rows);
        let width = i32::try_from(N).expect("an id's width is 8 or 16");
        FixedSizeBinaryArray::new(width, Buffer::from_vec(self.bytes), self.nulls.0.finish())
    }
}

/// A column of attribute values.
#[derive(Debug)]
pub(super) enum AttributeBuilder {
    Keyword(KeywordBuilder),
    Text(TextBuilder),
    Int64(NumberBuilder<i64>),
    Float64(NumberBuilder<f64>),
    Bool(NumberBuilder<bool>),
}

impl AttributeBuilder {
    pub(super) fn new(column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::Text => Self::Text(TextBuilder::default()),
            ColumnType::Int64 => Self::Int64(NumberBuilder::default()),
            ColumnType::Float64 => Self::Float64(NumberBuilder::default()),
            ColumnType::Bool => Self::Bool(NumberBuilder::default()),
            ColumnType::Keyword
            | ColumnType::TraceId
            | ColumnType::SpanId
            | ColumnType::Int8
            | ColumnType::Events
            | ColumnType::Links => Self::Keyword(KeywordBuilder::default()),
        }
    }

    /// Appends the value to `row`; false when the column has another type, or a value there already.
    pub(super) fn try_append(&mut self, row: usize, value: AttributeRef<'_>) -> bool {
        if self.rows() > row {
            return false;
        }
        match (self, value) {
            (Self::Keyword(column), AttributeRef::String(text)) => column.append(row, text),
            (Self::Text(column), AttributeRef::String(text)) => column.append(row, text),
            (Self::Int64(column), AttributeRef::Int(number)) => column.append(row, number),
            (Self::Float64(column), AttributeRef::Double(number)) => column.append(row, number),
            (Self::Bool(column), AttributeRef::Bool(truth)) => column.append(row, truth),
            _ => return false,
        }
        true
    }

    fn rows(&self) -> usize {
        match self {
            Self::Keyword(column) => column.keys.len(),
            Self::Text(column) => column.offsets.len(),
            Self::Int64(column) => column.values.len(),
            Self::Float64(column) => column.values.len(),
            Self::Bool(column) => column.values.len(),
        }
    }

    pub(super) fn finish(self, rows: usize) -> Option<ArrayRef> {
        match self {
            Self::Keyword(column) => column.finish(rows),
            Self::Text(column) => column.finish(rows),
            Self::Int64(column) => column.finish(rows),
            Self::Float64(column) => column.finish(rows),
            Self::Bool(column) => column.finish(rows),
        }
    }
}
