//! One Parquet file of the table, as storage knows it while the process runs.

mod footer;
mod rest_keys;
mod stored_file;

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use object_store::ObjectStore;
use object_store::path::Path;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::bloom_filter::Sbbf;
use schemas::ColumnId;
use tokio::sync::OnceCell;

pub(crate) use rest_keys::{REST_KEYS_METADATA, RestKeys};
pub(crate) use stored_file::StoredFile;

use crate::StorageError;
use crate::table::AddedFile;
use crate::trace_filters::TraceFilter;

/// A live file of the table. Its footer and bloom filters are read once, when first needed, and
/// kept: files never change.
#[derive(Debug)]
pub(crate) struct DataFile {
    pub(crate) added: AddedFile,
    footer: OnceCell<Arc<Footer>>,
    pub(crate) operations: OnceCell<Arc<BTreeSet<Operation>>>,
    /// Knows the file's traces, as long as it is kept.
    trace_filter: Weak<TraceFilter>,
}

impl DataFile {
    /// A file of which nothing but its log entry is known yet.
    pub(crate) fn new(added: AddedFile) -> Self {
        Self {
            added,
            footer: OnceCell::new(),
            operations: OnceCell::new(),
            trace_filter: Weak::new(),
        }
    }

    /// A file just written: nothing needs to be read again.
    pub(crate) fn written(
        added: AddedFile,
        footer: Footer,
        operations: BTreeSet<Operation>,
    ) -> Self {
        Self {
            added,
            footer: OnceCell::new_with(Some(Arc::new(footer))),
            operations: OnceCell::new_with(Some(Arc::new(operations))),
            trace_filter: Weak::new(),
        }
    }

    /// With a filter that knows all its traces.
    pub(crate) fn with_trace_filter(self, trace_filter: Weak<TraceFilter>) -> Self {
        Self {
            trace_filter,
            ..self
        }
    }

    /// What knows its traces, if anything but the file itself does.
    pub(crate) fn trace_filter(&self) -> Option<Arc<TraceFilter>> {
        self.trace_filter.upgrade()
    }

    /// Where the file is in the store.
    pub(crate) fn path(&self) -> Path {
        self.added.location()
    }

    /// The file's bytes in `store`.
    pub(crate) fn stored(&self, store: &Arc<dyn ObjectStore>) -> StoredFile {
        StoredFile {
            store: Arc::clone(store),
            path: self.path(),
            size: self.added.size,
        }
    }

    /// The file's footer, fetched by the first who asks.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] naming the file when it cannot be read.
    pub(crate) async fn footer(
        &self,
        store: &Arc<dyn ObjectStore>,
    ) -> Result<Arc<Footer>, StorageError> {
        let fetch = || async { Footer::fetch(self.stored(store)).await.map(Arc::new) };
        let footer = self.footer.get_or_try_init(fetch).await;
        footer.cloned().map_err(|error| {
            StorageError::unavailable(&format!("read data file {}", self.added.path), error)
        })
    }
}

/// A distinct service, operation and span kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Operation {
    pub(crate) service_name: Option<String>,
    pub(crate) name: String,
    pub(crate) kind: i8,
}

/// What the end of a file says of its content.
#[derive(Debug)]
pub(crate) struct Footer {
    /// Metadata with page indexes; its Arrow schema is the span table's, for the columns present.
    pub(crate) reader: ArrowReaderMetadata,
    /// Per row group, the bloom filters of the columns that have one.
    pub(crate) bloom_filters: Vec<Vec<(ColumnId, Sbbf)>>,
    /// Which attribute keys occur in the columns of attributes without a column of their own.
    pub(crate) rest_keys: RestKeys,
    /// How the span table's columns are numbered in the file; `None` for absent ones.
    pub(crate) leaf_of_column: Vec<Option<usize>>,
}
