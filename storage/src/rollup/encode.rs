//! Rows of a rollup table as Parquet: one file for each date and step.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch, UInt32Array};
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};
use arrow_select::take::take_record_batch;
use datafusion::arrow::compute::partition;
use object_store::PutPayload;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use schemas::rollups::{BUCKET_START, DIMENSION, IS_FRESH, STEP_SECONDS};

use super::blocks::Blocks;
use crate::table::{FigureBounds, PartitionDate};

/// Rows of a row group. It also ends where what is summed up changes: readers want one kind of rows.
const ROW_GROUP_ROWS: usize = 50_000;
/// Rows of a page: what a reader of few buckets has to decode.
const PAGE_ROWS: usize = 4096;
/// Bytes of a page, about: histograms of busy services take hundreds of bytes each, and who asks
/// for one service should not inflate those of all.
const PAGE_BYTES: usize = 32 << 10;
/// Histograms of this step, in seconds, and of longer ones are not compressed. There are few of them,
/// and questions for weeks read all: to inflate them takes as long as to add them up.
const SHORTEST_PLAIN_STEP: i64 = 3_600;

/// The columns that say what rows are sums over. All rows of a step and a kind stand together.
const KINDS: [&str; 3] = [STEP_SECONDS, DIMENSION, IS_FRESH];

/// A Parquet file that is not stored yet.
#[derive(Debug)]
pub(super) struct EncodedRows {
    /// The date of its buckets, UTC.
    pub(super) date: PartitionDate,
    pub(super) bytes: PutPayload,
    pub(super) rows: u64,
    /// The first bucket's start, nanoseconds since 1970.
    pub(super) min_start_nanos: i64,
    /// The last bucket's start, nanoseconds since 1970.
    pub(super) max_start_nanos: i64,
    /// None for copies of files of which they are not known.
    pub(super) figures: Option<FigureBounds>,
}

/// What all rows of a file agree in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FileKey {
    date: PartitionDate,
    step_seconds: i64,
    is_fresh: bool,
}

/// Encodes rows as they come: one file for each date of their buckets, step and freshness, in which
/// they stay in their order.
#[derive(Debug, Default)]
pub(super) struct Encoders(BTreeMap<FileKey, FileEncoder>);

impl Encoders {
    /// Appends rows.
    ///
    /// # Errors
    /// When they are not those of a rollup table.
    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<(), ParquetError> {
        let mut files: BTreeMap<FileKey, Vec<u32>> = BTreeMap::new();
        let (starts, steps) = (int64(rows, BUCKET_START)?, int64(rows, STEP_SECONDS)?);
        let fresh = rows.column_by_name(IS_FRESH).map(AsArray::as_boolean);
        for (row, (start, step)) in starts.values().iter().zip(steps.values()).enumerate() {
            let key = FileKey {
                date: PartitionDate::from_unix_nanos(*start),
                step_seconds: *step,
                is_fresh: fresh.is_some_and(|fresh| fresh.is_valid(row) && fresh.value(row)),
            };
            let row = u32::try_from(row).expect("batches are small");
            files.entry(key).or_default().push(row);
        }
        let is_one = files.len() == 1;
        for (key, positions) in files {
            let encoder = match self.0.entry(key) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(FileEncoder::new(key, rows.schema())?),
            };
            if is_one {
                encoder.write(rows)?;
            } else {
                let positions: PrimitiveArray<UInt32Type> = UInt32Array::from(positions);
                encoder.write(&take_record_batch(rows, &positions)?)?;
            }
        }
        Ok(())
    }

    /// The files; none where there were no rows.
    ///
    /// # Errors
    /// When the end of one cannot be encoded.
    pub(super) fn finish(self) -> Result<Vec<EncodedRows>, ParquetError> {
        self.0.into_values().map(FileEncoder::finish).collect()
    }
}

/// Encodes rows of one date at once, as a file of several steps, as we do not write them.
#[cfg(test)]
pub(super) fn encode_as_one(rows: &RecordBatch) -> Result<EncodedRows, ParquetError> {
    let key = FileKey {
        date: PartitionDate(0),
        step_seconds: 0,
        is_fresh: false,
    };
    let mut encoder = FileEncoder::new(key, rows.schema())?;
    encoder.write(rows)?;
    encoder.finish()
}

/// Encodes rows at once.
#[cfg(test)]
pub(super) fn encode(rows: &RecordBatch) -> Result<Vec<EncodedRows>, ParquetError> {
    let mut encoders = Encoders::default();
    encoders.write(rows)?;
    encoders.finish()
}

fn int64<'a>(
    rows: &'a RecordBatch,
    name: &str,
) -> Result<&'a PrimitiveArray<Int64Type>, ArrowError> {
    let column = rows.column(rows.schema_ref().index_of(name)?);
    column
        .as_primitive_opt()
        .ok_or_else(|| ArrowError::SchemaError(format!("{name} is {}", column.data_type())))
}

/// Encodes rows of one date as they come, in their order.
#[derive(Debug)]
struct FileEncoder {
    key: FileKey,
    writer: ArrowWriter<Blocks>,
    /// What the last row is a sum over.
    kind: Vec<ArrayRef>,
    rows: u64,
    starts: Option<(i64, i64)>,
}

impl FileEncoder {
    /// A file without rows.
    ///
    /// # Errors
    /// When the schema is not one of a rollup table.
    fn new(key: FileKey, schema: SchemaRef) -> Result<Self, ParquetError> {
        let compresses_histograms = key.step_seconds < SHORTEST_PLAIN_STEP;
        // Without the Arrow schema readers see plain strings, as the table's schema says.
        let options = ArrowWriterOptions::new()
            .with_properties(properties(&schema, compresses_histograms))
            .with_skip_arrow_metadata(true);
        Ok(Self {
            key,
            writer: ArrowWriter::try_new_with_options(Blocks::default(), schema, options)?,
            kind: Vec::new(),
            rows: 0,
            starts: None,
        })
    }

    /// Appends rows.
    ///
    /// # Errors
    /// When they are not those of a rollup table.
    fn write(&mut self, rows: &RecordBatch) -> Result<(), ParquetError> {
        let kinds = KINDS.iter().filter_map(|name| rows.column_by_name(name));
        let kinds: Vec<ArrayRef> = kinds.cloned().collect();
        for run in runs_of_one_kind(&kinds)? {
            let kind: Vec<ArrayRef> = kinds.iter().map(|kind| kind.slice(run.start, 1)).collect();
            if kind != self.kind {
                self.writer.flush()?;
                self.kind = kind;
            }
            self.writer.write(&rows.slice(run.start, run.len()))?;
        }
        widen(&mut self.starts, int64(rows, BUCKET_START)?.values());
        self.rows += rows.num_rows() as u64;
        Ok(())
    }

    /// The file.
    ///
    /// # Errors
    /// When its end cannot be encoded.
    fn finish(self) -> Result<EncodedRows, ParquetError> {
        let (min_start_nanos, max_start_nanos) = self.starts.unwrap_or_default();
        let FileKey {
            date,
            step_seconds,
            is_fresh,
        } = self.key;
        Ok(EncodedRows {
            date,
            bytes: self.writer.into_inner()?.into(),
            rows: self.rows,
            min_start_nanos,
            max_start_nanos,
            figures: Some(FigureBounds {
                steps: (step_seconds, step_seconds),
                fresh: (is_fresh, is_fresh),
            }),
        })
    }
}

/// Makes bounds hold further values.
pub(super) fn widen(bounds: &mut Option<(i64, i64)>, values: &[i64]) {
    for value in values {
        let (least, greatest) = bounds.unwrap_or((*value, *value));
        *bounds = Some((least.min(*value), greatest.max(*value)));
    }
}

/// The ranges of rows that agree in some columns; where the first and the last do, all do.
fn runs_of_one_kind(columns: &[ArrayRef]) -> Result<Vec<Range<usize>>, ArrowError> {
    let rows = columns.first().map_or(0, Array::len);
    let is_one = rows > 0
        && columns
            .iter()
            .all(|column| column.slice(0, 1) == column.slice(rows - 1, 1));
    match is_one {
        true => Ok(std::iter::once(0..rows).collect()),
        false => Ok(partition(columns)?.ranges()),
    }
}

/// How files of a table are encoded.
pub(super) fn properties(schema: &Schema, compresses_histograms: bool) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("spanhouse version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(Some(64));
    for field in schema.fields() {
        let path = ColumnPath::new(vec![field.name().clone()]);
        let repeats = match field.data_type() {
            DataType::Int64 => [STEP_SECONDS, BUCKET_START].contains(&field.name().as_str()),
            DataType::BinaryView => false,
            _ => true,
        };
        builder = builder.set_column_dictionary_enabled(path.clone(), repeats);
        let is_histogram = *field.data_type() == DataType::BinaryView;
        if !(is_histogram && compresses_histograms) {
            // A reader makes a decompressor for each compressed column, which takes longer than to
            // read a few rows. Dictionaries and differences are small without.
            builder = builder.set_column_compression(path.clone(), Compression::UNCOMPRESSED);
        }
        if *field.data_type() == DataType::Int64 && !repeats {
            builder = builder.set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED);
        }
        if is_histogram {
            // Nobody looks for a histogram.
            builder = builder.set_column_statistics_enabled(path, EnabledStatistics::None);
        }
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::metadata::RowGroupMetaData;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;
    use crate::rollup::tests::counts;

    #[test]
    fn each_date_and_step_has_a_file() {
        const DAY: i64 = 86_400_000_000_000;
        let rows = counts(&[(10, 0, 1), (10, DAY, 2), (60, DAY, 3), (60, 2 * DAY, 4)]);
        let files = encode(&rows).expect("rows of a rollup table");
        let facts = files.iter().map(|file| {
            let reader =
                SerializedFileReader::new(Bytes::from(file.bytes.clone())).expect("Parquet");
            let groups = reader.metadata().row_groups().iter();
            let groups = groups.map(RowGroupMetaData::num_rows).collect();
            (
                file.date.0,
                file.min_start_nanos,
                file.max_start_nanos,
                groups,
            )
        });
        let facts: Vec<(i32, i64, i64, Vec<i64>)> = facts.collect();
        let expect = [
            (0, 0, 0, vec![1]),
            (1, DAY, DAY, vec![1]),
            (1, DAY, DAY, vec![1]),
            (2, 2 * DAY, 2 * DAY, vec![1]),
        ];
        assert_eq!(facts, expect);
        assert!(encode(&rows.slice(0, 0)).expect("no rows").is_empty());
    }

    #[test]
    fn only_histograms_of_short_steps_are_compressed() {
        let rows = counts(&[(10, 0, 1), (60, 0, 1), (3_600, 0, 1), (28_800, 0, 1)]);
        let files = encode(&rows).expect("rows of a rollup table");
        for (file, is_short) in files.iter().zip([true, true, false, false]) {
            let reader =
                SerializedFileReader::new(Bytes::from(file.bytes.clone())).expect("Parquet");
            for column in reader.metadata().row_group(0).columns() {
                let is_compressed = column.compression() != Compression::UNCOMPRESSED;
                let is_histogram = column.column_path().string() == "durations";
                assert_eq!(is_compressed, is_histogram && is_short);
            }
        }
    }
}
