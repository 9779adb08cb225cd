//! Reading the end of a Parquet file.

use std::sync::Arc;

use arrow_schema::{FieldRef, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};
use schemas::ColumnId;
use schemas::columns::{column_by_name, span_columns, span_schema};

use super::{Footer, REST_KEYS_METADATA, RestKeys, StoredFile};

fn options() -> ArrowReaderOptions {
    ArrowReaderOptions::new()
        .with_skip_arrow_metadata(true)
        .with_page_index_policy(PageIndexPolicy::Optional)
}

impl Footer {
    /// Reads the end of a whole file in memory.
    pub(crate) fn read(file: &Bytes) -> Result<Self, ParquetError> {
        let plain = ArrowReaderMetadata::load(file, options())?;
        Self::new(&plain, file)
    }

    /// Fetches the end of a stored file.
    pub(crate) async fn fetch(mut file: StoredFile) -> Result<Self, ParquetError> {
        let plain = ArrowReaderMetadata::load_async(&mut file, options()).await?;
        let range = bloom_filter_range(plain.metadata(), file.size);
        let bytes = if range.is_empty() {
            Bytes::new()
        } else {
            file.get_bytes(range.clone()).await?
        };
        Self::new(
            &plain,
            &FilePart {
                start: range.start,
                bytes,
            },
        )
    }

    fn new(plain: &ArrowReaderMetadata, reader: &impl ChunkReader) -> Result<Self, ParquetError> {
        let metadata = plain.metadata();
        let fields = plain
            .schema()
            .fields()
            .iter()
            .map(table_field)
            .collect::<Result<Vec<_>, _>>()?;
        let mut leaf_of_column = vec![None; span_columns().len()];
        let schema_descr = metadata.file_metadata().schema_descr();
        for leaf in 0..schema_descr.num_columns() {
            let root = schema_descr.get_column_root(leaf).name();
            if let Some(id) = column_by_name(root) {
                leaf_of_column[id.0].get_or_insert(leaf);
            }
        }
        let bloom_filters =
            (0..metadata.num_row_groups()).map(|group| bloom_filters(metadata, group, reader));
        Ok(Self {
            reader: ArrowReaderMetadata::try_new(
                Arc::clone(metadata),
                options().with_schema(Arc::new(Schema::new(fields))),
            )?,
            bloom_filters: bloom_filters.collect::<Result<_, _>>()?,
            rest_keys: rest_keys(metadata),
            leaf_of_column,
        })
    }
}

/// The field of the span table for a file's field: dictionaries where the table has them.
fn table_field(field: &FieldRef) -> Result<FieldRef, ParquetError> {
    let id = column_by_name(field.name()).ok_or_else(|| {
        ParquetError::General(format!("the span table has no column {:?}", field.name()))
    })?;
    let table_field = &span_schema().fields()[id.0];
    // Other engines may have rewritten the file with every column optional.
    Ok(Arc::new(
        table_field
            .as_ref()
            .clone()
            .with_nullable(field.is_nullable()),
    ))
}

fn rest_keys(metadata: &ParquetMetaData) -> RestKeys {
    let entries = metadata
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten();
    let text = entries
        .filter(|entry| entry.key == REST_KEYS_METADATA)
        .find_map(|entry| entry.value.as_deref());
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

fn bloom_filters(
    metadata: &ParquetMetaData,
    group: usize,
    reader: &impl ChunkReader,
) -> Result<Vec<(ColumnId, Sbbf)>, ParquetError> {
    let mut filters = Vec::new();
    for chunk in metadata.row_group(group).columns() {
        let Some(id) = chunk
            .column_path()
            .parts()
            .first()
            .and_then(|name| column_by_name(name))
        else {
            continue;
        };
        if let Some(filter) = Sbbf::read_from_column_chunk(chunk, reader)? {
            filters.push((id, filter));
        }
    }
    Ok(filters)
}

/// Where all bloom filters of a file lie.
fn bloom_filter_range(metadata: &ParquetMetaData, size: u64) -> std::ops::Range<u64> {
    let chunks = metadata
        .row_groups()
        .iter()
        .flat_map(RowGroupMetaData::columns);
    let ranges = chunks.filter_map(|chunk| {
        let start = u64::try_from(chunk.bloom_filter_offset()?).ok()?;
        let length = chunk
            .bloom_filter_length()
            .and_then(|length| u64::try_from(length).ok());
        Some((start, length.map_or(size, |length| start + length)))
    });
    let whole = ranges.reduce(|left, right| (left.0.min(right.0), left.1.max(right.1)));
    whole.map_or(0..0, |(start, end)| start..end.min(size))
}

/// Some bytes of a file, addressed as in the whole file.
struct FilePart {
    start: u64,
    bytes: Bytes,
}

impl Length for FilePart {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for FilePart {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let rest = self.len().saturating_sub(start);
        Ok(bytes::Buf::reader(self.get_bytes(
            start,
            usize::try_from(rest).unwrap_or(usize::MAX),
        )?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let begin = start
            .checked_sub(self.start)
            .and_then(|begin| usize::try_from(begin).ok());
        let range = begin.and_then(|begin| Some(begin..begin.checked_add(length)?));
        let range = range.filter(|range| range.end <= self.bytes.len());
        range.map(|range| self.bytes.slice(range)).ok_or_else(|| {
            ParquetError::EOF(format!(
                "bytes {start}+{length} are not in the part that was read"
            ))
        })
    }
}
