//! Writes memtables as Parquet: one file a date, rows sorted by trace and start.
//!
//! ```text
//!  batches ─► order (date, trace_id, start) ─► gather 16k rows at a time ─► Parquet in memory
//! ```
//!
//! Sorting by trace puts a whole trace on one page or two, which is what makes a look-up by id
//! fast and the file small.

mod file_properties;
mod order;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int32Type, Int64Type};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use schemas::{ColumnId, SpanBatch, TraceId, columns};

use crate::data_file::{Footer, KeptSpans, Operation, REST_KEYS_METADATA, RestKeys, SpanKeeper};
use crate::gather::{Gather, RowRef};
use crate::table::PartitionDate;

/// Rows that are gathered and encoded at a time: enough to make columns worth it, few enough that
/// a flush needs little memory beside its memtable.
const ROWS_AT_A_TIME: usize = 16 * 1024;

/// What a span takes in a file, mostly, in bytes: a file that has room from the start is not moved, and
/// what is not written to takes no memory.
const SPAN_BYTES: usize = 48;

/// A Parquet file that is not stored yet, and what storage keeps in memory of it.
#[derive(Debug)]
pub(crate) struct EncodedFile {
    /// The date on which its spans started, UTC.
    pub(crate) date: PartitionDate,
    /// The whole file.
    pub(crate) bytes: Bytes,
    /// The number of its spans.
    pub(crate) rows: u64,
    /// The earliest start, nanoseconds since 1970.
    pub(crate) min_start_nanos: i64,
    /// The latest start, nanoseconds since 1970.
    pub(crate) max_start_nanos: i64,
    /// What its end says.
    pub(crate) footer: Footer,
    /// Its distinct operations.
    pub(crate) operations: BTreeSet<Operation>,
    /// Its traces, in order.
    pub(crate) traces: Vec<TraceId>,
    /// Its spans, for who rolls them up.
    pub(crate) kept: Option<KeptSpans>,
}

/// Encodes the spans of `batches`, one file for each date on which any of them started; a keeper keeps
/// what it has room for.
///
/// # Errors
/// What the Parquet writer reports; its input is proven valid, so only a bug or exhausted memory.
pub(crate) fn encode_files(
    batches: &[SpanBatch],
    keeper: Option<&SpanKeeper>,
) -> Result<Vec<EncodedFile>, ParquetError> {
    let gather = Gather::new(batches);
    let dates = order::rows_by_date(batches);
    dates
        .into_iter()
        .map(|(date, rows)| encode_file(&gather, date, &rows, keeper))
        .collect()
}

fn encode_file(
    gather: &Gather<'_>,
    date: PartitionDate,
    order: &[RowRef],
    keeper: Option<&SpanKeeper>,
) -> Result<EncodedFile, ParquetError> {
    let properties = file_properties::writer_properties(gather);
    // Without the Arrow schema readers see plain strings, as the table's schema says.
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let file = Vec::with_capacity(order.len() * SPAN_BYTES);
    let mut writer = ArrowWriter::try_new_with_options(file, Arc::clone(gather.schema()), options)?;
    let mut facts = Facts::default();
    let mut kept = keeper.and_then(|keeper| keeper.begin(order.len(), gather.schema()));
    for rows in order.chunks(ROWS_AT_A_TIME) {
        let batch = gather.record_batch(rows);
        facts.add(&batch);
        kept.iter_mut().for_each(|kept| kept.add(&batch));
        writer.write(&batch)?;
    }
    let rest_keys = serde_json::to_string(&facts.rest_keys)
        .map_err(|error| ParquetError::External(Box::new(error)))?;
    writer.append_key_value_metadata(KeyValue::new(REST_KEYS_METADATA.to_owned(), rest_keys));
    let bytes = Bytes::from(writer.into_inner()?);
    let footer = Footer::read(&bytes)?;
    Ok(EncodedFile {
        date,
        rows: order.len() as u64,
        min_start_nanos: facts.min_start_nanos,
        max_start_nanos: facts.max_start_nanos,
        operations: facts.operations,
        traces: facts.traces,
        footer,
        bytes,
        kept,
    })
}

/// What is learned of a file while its rows pass.
struct Facts {
    min_start_nanos: i64,
    max_start_nanos: i64,
    rest_keys: RestKeys,
    operations: BTreeSet<Operation>,
    traces: Vec<TraceId>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            min_start_nanos: i64::MAX,
            max_start_nanos: i64::MIN,
            rest_keys: RestKeys::of_new_file(),
            operations: BTreeSet::new(),
            traces: Vec::new(),
        }
    }
}

impl Facts {
    fn add(&mut self, batch: &RecordBatch) {
        self.rest_keys.add(batch);
        if let Some(starts) = batch.column_by_name(&columns::START_TIME_UNIX_NANO.column().name) {
            for start in starts.as_primitive::<Int64Type>().values() {
                self.min_start_nanos = self.min_start_nanos.min(*start);
                self.max_start_nanos = self.max_start_nanos.max(*start);
            }
        }
        collect_traces(batch, &mut self.traces);
        collect_operations(batch, &mut self.operations);
    }
}

/// Appends the traces of a batch that has their column; each once where its spans stand together.
pub(crate) fn collect_traces(batch: &RecordBatch, traces: &mut Vec<TraceId>) {
    let Some(ids) = batch.column_by_name(&columns::TRACE_ID.column().name) else {
        return;
    };
    for id in ids.as_fixed_size_binary().value_data().as_chunks().0 {
        if traces.last() != Some(&TraceId(*id)) {
            traces.push(TraceId(*id));
        }
    }
}

/// The columns that tell operations apart.
pub(crate) const OPERATION_COLUMNS: [ColumnId; 3] =
    [columns::SERVICE_NAME, columns::NAME, columns::KIND];

/// Adds the distinct operations of a batch that has the columns of the span table's name and kind,
/// and of the service where any span names one.
pub(crate) fn collect_operations(batch: &RecordBatch, operations: &mut BTreeSet<Operation>) {
    let column = |id: ColumnId| batch.column_by_name(&id.column().name);
    let (Some(names), Some(kinds)) = (column(columns::NAME), column(columns::KIND)) else {
        return;
    };
    let names = names.as_dictionary::<Int32Type>();
    let kinds = kinds.as_primitive::<Int8Type>();
    let services = column(columns::SERVICE_NAME).map(AsArray::as_dictionary::<Int32Type>);
    let mut seen = hashbrown::HashSet::new();
    for row in 0..batch.num_rows() {
        let service = services.and_then(|services| services.key(row));
        if seen.insert((service, names.key(row), kinds.value(row))) {
            let text = |dictionary: &arrow_array::DictionaryArray<Int32Type>, key: usize| {
                dictionary.values().as_string::<i32>().value(key).to_owned()
            };
            operations.insert(Operation {
                service_name: services
                    .zip(service)
                    .map(|(services, key)| text(services, key)),
                name: names
                    .key(row)
                    .map(|key| text(names, key))
                    .unwrap_or_default(),
                kind: kinds.value(row),
            });
        }
    }
}

#[cfg(test)]
mod tests;
