//! A Parquet file of rows, as storage knows it while the process runs.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::ObjectStore;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::Result;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use tokio::sync::OnceCell;

use crate::data_file::StoredFile;
use crate::table::AddedFile;

/// A live file of a rollup table. Its footer is read once and kept: files never change, and
/// compaction bounds how many there are.
#[derive(Debug)]
pub(crate) struct RollupFile {
    pub(crate) added: AddedFile,
    footer: OnceCell<Arc<ParquetMetaData>>,
}

impl RollupFile {
    /// A file of which nothing but its log entry is known yet.
    pub(crate) fn new(added: AddedFile) -> Self {
        Self {
            added,
            footer: OnceCell::new(),
        }
    }

    /// Reads the file from `store`, which is rooted at its table.
    pub(crate) fn reader(self: &Arc<Self>, store: &Arc<dyn ObjectStore>) -> RollupReader {
        RollupReader {
            stored: StoredFile {
                store: Arc::clone(store),
                path: self.added.location(),
                size: self.added.size,
            },
            file: Arc::clone(self),
        }
    }
}

/// A file's bytes, with its footer from memory.
#[derive(Debug)]
pub(crate) struct RollupReader {
    stored: StoredFile,
    file: Arc<RollupFile>,
}

impl AsyncFileReader for RollupReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        self.stored.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        self.stored.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let options =
                ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
            let mut stored = self.stored.clone();
            let fetch = || async move { stored.get_metadata(Some(&options)).await };
            self.file.footer.get_or_try_init(fetch).await.cloned()
        }
        .boxed()
    }
}
