//! Row groups of several files as one file: nothing is decoded but what changes.

use std::sync::Arc;

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::basic::Type;
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::BoolType;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use schemas::rollups::IS_FRESH;

use super::RollupFile;
use super::blocks::Blocks;
use super::encode::{EncodedRows, properties, widen};
use super::file::RollupFooter;
use crate::table::FigureBounds;

/// The rows of files of one date, of which none is fresh any more. The files are such that
/// [`can_be_copied`].
///
/// # Errors
/// When a file cannot be read, or is not what its footer says.
pub(super) async fn copied(
    files: &[Arc<RollupFile>],
    store: &Arc<dyn ObjectStore>,
) -> Result<EncodedRows> {
    let mut writer = None;
    let mut starts = None;
    let mut rows = 0;
    for file in files {
        let footer = file.footer(store).await;
        let footer = footer.map_err(|error| ParquetError::External(Box::new(error)))?;
        let stored = store.get(&file.added.location()).await?.bytes().await?;
        rows += row_count(&footer);
        let added = &file.added;
        widen(&mut starts, &[added.min_start_nanos, added.max_start_nanos]);
        let before = match writer.take() {
            Some(writer) => writer,
            None => empty_file(file, &footer)?,
        };
        writer = Some(append(before, &footer, &stored)?);
    }
    let date = files.first().and_then(|file| file.added.date);
    let (writer, date) = writer
        .zip(date)
        .ok_or_else(|| ParquetError::General("no files of a date".to_owned()))?;
    let known: Option<Vec<FigureBounds>> = files.iter().map(|file| file.added.figures).collect();
    let all = known.and_then(|known| known.into_iter().reduce(FigureBounds::and));
    let (min_start_nanos, max_start_nanos) = starts.unwrap_or_default();
    Ok(EncodedRows {
        date,
        bytes: writer.into_inner()?.into(),
        rows: u64::try_from(rows).unwrap_or_default(),
        min_start_nanos,
        max_start_nanos,
        figures: all.map(|all| FigureBounds {
            fresh: (false, false),
            ..all
        }),
    })
}

/// Whether the row groups of a file can stand beside those of other ones that can be copied: they
/// are in columns just as we write them.
pub(super) fn can_be_copied(file: &RollupFile, footer: &RollupFooter) -> bool {
    let schema = (file.table.definition().schema)();
    let descriptor = footer.reader.parquet_schema();
    let is_in_order = footer
        .leaves
        .iter()
        .enumerate()
        .all(|(leaf, of_table)| *of_table == Some(leaf));
    footer.is_ours() && is_in_order && descriptor.num_columns() == schema.fields().len()
}

fn empty_file(file: &RollupFile, footer: &RollupFooter) -> Result<SerializedFileWriter<Blocks>> {
    let schema = footer.reader.parquet_schema().root_schema_ptr();
    let properties = properties((file.table.definition().schema)(), true);
    SerializedFileWriter::new(Blocks::default(), schema, Arc::new(properties))
}

fn row_count(footer: &RollupFooter) -> i64 {
    let groups = footer.row_groups().iter();
    groups.map(RowGroupMetaData::num_rows).sum()
}

/// Appends the row groups of a stored file.
fn append(
    mut writer: SerializedFileWriter<Blocks>,
    footer: &RollupFooter,
    stored: &Bytes,
) -> Result<SerializedFileWriter<Blocks>> {
    let metadata = footer.reader.metadata();
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let mut copy = writer.next_row_group()?;
        for (leaf, column) in group.columns().iter().enumerate() {
            if is_freshness(column) {
                write_false(&mut copy, column.num_values())?;
            } else {
                copy.append_column(
                    stored,
                    facts(metadata, number, leaf, column, group.num_rows()),
                )?;
            }
        }
        copy.close()?;
    }
    Ok(writer)
}

fn is_freshness(column: &ColumnChunkMetaData) -> bool {
    column.column_type() == Type::BOOLEAN && column.column_path().parts() == [IS_FRESH]
}

fn write_false(copy: &mut SerializedRowGroupWriter<'_, Blocks>, rows: i64) -> Result<()> {
    let rows = usize::try_from(rows).unwrap_or_default();
    let mut column = copy
        .next_column()?
        .ok_or_else(|| ParquetError::General("a row group has no further column".to_owned()))?;
    let values = column.typed::<BoolType>();
    values.write_batch(&vec![false; rows], Some(&vec![1; rows]), None)?;
    column.close()
}

/// What a footer says of a column chunk.
fn facts(
    metadata: &ParquetMetaData,
    row_group: usize,
    leaf: usize,
    column: &ColumnChunkMetaData,
    rows: i64,
) -> ColumnCloseResult {
    let column_index = metadata
        .column_index()
        .map(|index| index[row_group][leaf].clone());
    let offset_index = metadata
        .offset_index()
        .map(|index| index[row_group][leaf].clone());
    ColumnCloseResult {
        bytes_written: u64::try_from(column.compressed_size()).unwrap_or_default(),
        rows_written: u64::try_from(rows).unwrap_or_default(),
        metadata: column.clone(),
        bloom_filter: None,
        column_index: column_index.filter(|index| !matches!(index, ColumnIndexMetaData::NONE)),
        offset_index,
    }
}
