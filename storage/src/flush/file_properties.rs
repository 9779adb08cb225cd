//! How Parquet files are laid out. Figures are in `benches/README.md`.

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{
    BloomFilterPosition, EnabledStatistics, WriterProperties, WriterVersion,
};
use parquet::schema::types::ColumnPath;
use schemas::columns;

use crate::gather::Gather;

/// Rows of a row group: what is skipped or read as a whole by statistics and bloom filters.
pub(crate) const ROW_GROUP_ROWS: usize = 100_000;
/// Rows of a page: what a look-up by trace has to decompress in each column.
const PAGE_ROWS: usize = 4096;

/// How often a trace is looked for in a row group that does not have it.
const TRACE_ID_FALSE_POSITIVES: f64 = 1e-4;

/// Dictionaries up to this many bytes leave zstd little to do, and each compressed column costs a
/// reader of few rows a decompressor.
const SMALL_DICTIONARY_BYTES: usize = 4 * 1024;

/// The writer's properties for the file of these rows.
pub(super) fn writer_properties(gather: &Gather<'_>) -> WriterProperties {
    let schema = gather.schema();
    let sorting = [columns::TRACE_ID, columns::START_TIME_UNIX_NANO].map(|id| {
        let position = schema
            .index_of(&id.column().name)
            .ok()
            .and_then(|index| i32::try_from(index).ok());
        position.map(|column_idx| SortingColumn {
            column_idx,
            descending: false,
            nulls_first: false,
        })
    });
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("spanhouse version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(1024)
        .set_dictionary_page_size_limit(64 * 1024)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(Some(64))
        .set_bloom_filter_position(BloomFilterPosition::End)
        .set_sorting_columns(sorting.into_iter().collect());
    for id in [columns::TRACE_ID, columns::SPAN_ID, columns::PARENT_SPAN_ID] {
        builder = builder.set_column_dictionary_enabled(path(&id.column().name), false);
    }
    for id in [columns::START_TIME_UNIX_NANO, columns::DURATION_NANO] {
        let path = path(&id.column().name);
        builder = builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    // Random ids and packed times do not shrink further.
    let packed = [
        columns::SPAN_ID,
        columns::START_TIME_UNIX_NANO,
        columns::DURATION_NANO,
    ];
    let small = gather.columns_with_dictionaries_up_to(SMALL_DICTIONARY_BYTES);
    for name in packed
        .map(|id| id.column().name.as_str())
        .into_iter()
        .chain(small)
    {
        builder = builder.set_column_compression(path(name), Compression::UNCOMPRESSED);
    }
    for column in columns::span_columns()
        .iter()
        .filter(|column| column.bloom_filter)
    {
        // The filter is folded down to what the row group's distinct values need.
        builder = builder
            .set_column_bloom_filter_enabled(path(&column.name), true)
            .set_column_bloom_filter_max_ndv(path(&column.name), ROW_GROUP_ROWS as u64)
            .set_column_bloom_filter_fpp(path(&column.name), 0.01);
    }
    // Roll-ups ask each file for tens of thousands of traces at once.
    builder = builder.set_column_bloom_filter_fpp(
        path(&columns::TRACE_ID.column().name),
        TRACE_ID_FALSE_POSITIVES,
    );
    builder.build()
}

/// A column's path: names hold dots, so they are one part, never split.
fn path(name: &str) -> ColumnPath {
    ColumnPath::new(vec![name.to_owned()])
}
