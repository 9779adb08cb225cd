//! A Parquet file of rows, as storage knows it while the process runs.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use object_store::ObjectStore;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};

use super::RollupTable;
use crate::StorageError;
use crate::data_file::StoredFile;
use crate::footers::{FileEnd, FooterSlot, Footers, reader_bytes};
use crate::table::AddedFile;

/// Footers of the files of a table: of those of a month, merged, some megabytes.
pub(super) const FOOTER_BYTES: u64 = 16 << 20;

/// A live file of a rollup table. Files never change, so its footer is remembered.
#[derive(Debug)]
pub(crate) struct RollupFile {
    pub(crate) table: RollupTable,
    pub(crate) added: AddedFile,
    footer: FooterSlot<RollupFooter>,
}

/// What the end of a file says, and where the table's columns are in it: other engines may have
/// written them in another order and in other types.
#[derive(Debug)]
pub(crate) struct RollupFooter {
    /// Metadata with page indexes.
    pub(super) reader: ArrowReaderMetadata,
    /// How the table's columns are numbered among the file's; none for absent ones.
    pub(super) roots: Vec<Option<usize>>,
    /// The leaves of the columns that have just the table's type, so that what is known of them
    /// is in the order of the table's values.
    pub(super) leaves: Vec<Option<usize>>,
}

impl RollupFile {
    /// A file of which nothing but its log entry is known yet.
    pub(crate) fn new(
        table: RollupTable,
        added: AddedFile,
        footers: &Arc<Footers<RollupFooter>>,
    ) -> Self {
        Self {
            table,
            added,
            footer: footers.slot(),
        }
    }

    /// The file's bytes in `store`, which is rooted at its table.
    pub(super) fn stored(&self, store: &Arc<dyn ObjectStore>) -> StoredFile {
        StoredFile {
            store: Arc::clone(store),
            path: self.added.location(),
            size: self.added.size,
        }
    }

    /// The file's footer, fetched by the first who asks.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] naming the file when it cannot be read.
    pub(super) async fn footer(
        &self,
        store: &Arc<dyn ObjectStore>,
    ) -> Result<Arc<RollupFooter>, StorageError> {
        let definition = self.table.definition();
        let fetch = async {
            // Types are the table's, whatever the writer had in memory.
            let options = ArrowReaderOptions::new()
                .with_skip_arrow_metadata(true)
                .with_page_index_policy(PageIndexPolicy::Optional);
            let mut stored = self.stored(store);
            let reader = ArrowReaderMetadata::load_async(&mut stored, options.clone()).await?;
            let schema = (definition.schema)();
            let options = options.with_schema(with_views(reader.schema(), schema));
            let reader = ArrowReaderMetadata::try_new(Arc::clone(reader.metadata()), options)?;
            Ok::<_, parquet::errors::ParquetError>(RollupFooter::new(reader, schema))
        };
        let footer = self.footer.get_or_fetch(fetch).await;
        footer.map_err(|error| {
            let path = &self.added.path;
            StorageError::unavailable(&format!("read {path} of {definition}"), error)
        })
    }
}

impl RollupFooter {
    fn new(reader: ArrowReaderMetadata, schema: &SchemaRef) -> Self {
        let descriptor = reader.parquet_schema();
        let root_of = |name: &String| reader.schema().index_of(name).ok();
        let roots: Vec<Option<usize>> = schema
            .fields()
            .iter()
            .map(|field| root_of(field.name()))
            .collect();
        let leaves = schema.fields().iter().zip(&roots).map(|(field, root)| {
            let root = (*root)?;
            let has_same_type = reader.schema().field(root).data_type() == field.data_type();
            let mut leaves = 0..descriptor.num_columns();
            let leaf = leaves.find(|leaf| descriptor.get_column_root_idx(*leaf) == root);
            leaf.filter(|_| has_same_type)
        });
        let leaves = leaves.collect();
        Self {
            reader,
            roots,
            leaves,
        }
    }

    /// Whether spanhouse wrote the file.
    pub(super) fn is_ours(&self) -> bool {
        let writer = self.reader.metadata().file_metadata().created_by();
        writer.is_some_and(|name| name.starts_with("spanhouse "))
    }

    pub(super) fn row_groups(&self) -> &[RowGroupMetaData] {
        self.reader.metadata().row_groups()
    }
}

impl FileEnd for RollupFooter {
    fn bytes(&self) -> usize {
        reader_bytes(&self.reader)
    }
}

/// The schema of a file, with views of bytes where the table has them: they are not copied when they
/// are read.
fn with_views(of_file: &SchemaRef, of_table: &SchemaRef) -> SchemaRef {
    let fields = of_file.fields().iter().map(|field| {
        let is_view = |known: &Field| *known.data_type() == DataType::BinaryView;
        let known = of_table.field_with_name(field.name());
        match *field.data_type() == DataType::Binary && known.is_ok_and(is_view) {
            true => Arc::new(field.as_ref().clone().with_data_type(DataType::BinaryView)),
            false => Arc::clone(field),
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[cfg(test)]
pub(super) mod tests {
    use bytes::Bytes;
    use parquet::arrow::ArrowWriter;

    use super::*;

    /// A file that shares nothing with others.
    pub(in super::super) fn rollup_file(table: RollupTable, added: AddedFile) -> Arc<RollupFile> {
        Arc::new(RollupFile::new(table, added, &Footers::within(1 << 20)))
    }

    /// The footer of a file without rows.
    pub(in super::super) fn empty_footer(table: RollupTable) -> Arc<RollupFooter> {
        let schema = (table.definition().schema)();
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(schema), None);
        let file = writer.and_then(ArrowWriter::into_inner).expect("writes");
        let options = ArrowReaderOptions::new();
        let reader = ArrowReaderMetadata::load(&Bytes::from(file), options).expect("Parquet");
        Arc::new(RollupFooter::new(reader, schema))
    }
}
