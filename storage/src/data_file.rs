//! One Parquet file of the table, as storage knows it while the process runs.

mod footer;
mod kept_spans;
mod operations;
mod rest_keys;
mod stored_file;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use object_store::ObjectStore;
use object_store::path::Path;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::bloom_filter::Sbbf;
use roaring::RoaringBitmap;
use schemas::ColumnId;
use tokio::sync::OnceCell;

pub(crate) use kept_spans::{KeptSpans, SpanKeeper};
pub(crate) use operations::{Operation, OperationNumbers};
pub(crate) use rest_keys::{REST_KEYS_METADATA, RestKeys};
pub(crate) use stored_file::StoredFile;

use crate::StorageError;
use crate::footers::{FileEnd, FooterSlot, Footers, reader_bytes};
use crate::table::AddedFile;
use crate::trace_filters::{TraceFilter, TraceFilters};

/// Footers of 160 files of 240,000 spans, which take 0.8 MB each: those of the last hour at 10,000 spans a
/// second.
const FOOTER_BYTES: u64 = 128 << 20;
/// What a key takes beside its text.
const KEY_BYTES: usize = 48;

/// A live file of the table. Files never change, so what was read of one is remembered, within
/// bounds.
#[derive(Debug)]
pub(crate) struct DataFile {
    pub(crate) added: AddedFile,
    footer: FooterSlot<Footer>,
    /// The numbers of its operations.
    pub(crate) operations: OnceCell<RoaringBitmap>,
    /// Knows the file's traces, as long as it is kept.
    trace_filter: OnceLock<Weak<TraceFilter>>,
    /// Its spans, where they are in memory and not rolled up yet.
    kept_spans: Mutex<Option<KeptSpans>>,
}

/// What is remembered of all files of a table of spans, beside what its log says of them.
#[derive(Debug)]
pub(crate) struct FileMemory {
    footers: Arc<Footers<Footer>>,
    pub(crate) operations: OperationNumbers,
    pub(crate) traces: TraceFilters,
    pub(crate) keeper: SpanKeeper,
}

impl FileMemory {
    /// Knows nothing of any file. Some columns of the spans that are written are kept until they are
    /// rolled up.
    pub(crate) fn new(kept: Vec<ColumnId>) -> Arc<Self> {
        Arc::new(Self {
            footers: Footers::within(FOOTER_BYTES),
            operations: OperationNumbers::default(),
            traces: TraceFilters::default(),
            keeper: SpanKeeper::of(kept),
        })
    }

    /// A file of which nothing but its log entry is known yet.
    pub(crate) fn file(&self, added: AddedFile) -> Arc<DataFile> {
        self.file_with(added, OnceCell::new())
    }

    /// A file just written: its end and its operations need not be read again.
    pub(crate) fn written(
        &self,
        added: AddedFile,
        footer: Footer,
        operations: BTreeSet<Operation>,
    ) -> Arc<DataFile> {
        let operations = self.operations.note(operations);
        let file = self.file_with(added, OnceCell::new_with(Some(operations)));
        file.footer.keep(footer);
        file
    }

    fn file_with(&self, added: AddedFile, operations: OnceCell<RoaringBitmap>) -> Arc<DataFile> {
        Arc::new(DataFile {
            added,
            footer: self.footers.slot(),
            operations,
            trace_filter: OnceLock::new(),
            kept_spans: Mutex::default(),
        })
    }
}

impl DataFile {
    /// From now on a filter that was told of all its traces is asked for them.
    pub(crate) fn set_trace_filter(&self, filter: Weak<TraceFilter>) {
        // Whoever came first has told a filter of the same traces.
        self.trace_filter.get_or_init(|| filter);
    }

    /// What knows its traces, if anything but the file itself does.
    pub(crate) fn trace_filter(&self) -> Option<Arc<TraceFilter>> {
        self.trace_filter.get()?.upgrade()
    }

    /// Keeps its spans until they are taken.
    pub(crate) fn keep_spans(&self, spans: KeptSpans) {
        *self.kept() = Some(spans);
    }

    /// The spans that were kept, once.
    pub(crate) fn take_spans(&self) -> Option<KeptSpans> {
        self.kept().take()
    }

    fn kept(&self) -> MutexGuard<'_, Option<KeptSpans>> {
        self.kept_spans
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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
        let fetch = Footer::fetch(self.stored(store));
        let footer = self.footer.get_or_fetch(fetch).await;
        footer.map_err(|error| {
            StorageError::unavailable(&format!("read data file {}", self.added.path), error)
        })
    }
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

impl FileEnd for Footer {
    fn bytes(&self) -> usize {
        let filters = self.bloom_filters.iter().flatten();
        let filters: usize = filters.map(|(_, filter)| 32 * filter.num_blocks()).sum();
        let keys = self.rest_keys.texts().map(|key| key.len() + KEY_BYTES);
        reader_bytes(&self.reader) + filters + keys.sum::<usize>()
    }
}
