//! The ends of files in memory, within a bound.
//!
//! Who reads a file must know its end, which takes a request or two to fetch, and of a file of spans
//! nearly a megabyte, most of it bounds of pages. A day of 10,000 spans a second has thousands of
//! files, so only the ends of those that were needed lately are kept.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// What a reader knows of a column beside the metadata and the schema, in bytes, about.
const READER_BYTES_A_COLUMN: usize = 256;
/// A typical footer; only for how the memory is divided up.
const TYPICAL_BYTES: u64 = 512 << 10;

/// What is known of the end of a file.
pub(crate) trait FileEnd: fmt::Debug + Send + Sync + 'static {
    /// The memory that it takes, about.
    fn bytes(&self) -> usize;
}

/// The ends that are kept of some files.
pub(crate) struct Footers<F> {
    kept: Cache<u64, Arc<F>, ByBytes>,
    /// How many files there ever were.
    files: AtomicU64,
}

/// The end of one file, which is there, or is fetched when it is needed. What is kept of it goes with
/// this value.
#[derive(Debug)]
pub(crate) struct FooterSlot<F: FileEnd> {
    footers: Arc<Footers<F>>,
    file: u64,
}

#[derive(Clone, Copy, Debug)]
struct ByBytes;

impl<F: FileEnd> Weighter<u64, Arc<F>> for ByBytes {
    fn weight(&self, _file: &u64, end: &Arc<F>) -> u64 {
        end.bytes() as u64
    }
}

impl<F: FileEnd> Footers<F> {
    /// Keeps about so many bytes.
    pub(crate) fn within(bytes: u64) -> Arc<Self> {
        let typical = usize::try_from(bytes / TYPICAL_BYTES).unwrap_or(usize::MAX);
        Arc::new(Self {
            kept: Cache::with_weighter(typical, bytes, ByBytes),
            files: AtomicU64::new(0),
        })
    }

    /// The place of a file's end, of which nothing is known yet.
    pub(crate) fn slot(self: &Arc<Self>) -> FooterSlot<F> {
        FooterSlot {
            footers: Arc::clone(self),
            file: self.files.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl<F: FileEnd> fmt::Debug for Footers<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Footers")
            .field("files", &self.kept.len())
            .field("bytes", &self.kept.weight())
            .finish_non_exhaustive()
    }
}

impl<F: FileEnd> FooterSlot<F> {
    /// The end, fetched once for all who ask meanwhile.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub(crate) async fn get_or_fetch<E>(
        &self,
        fetch: impl Future<Output = Result<F, E>>,
    ) -> Result<Arc<F>, E> {
        let fetch = async { fetch.await.map(Arc::new) };
        self.footers
            .kept
            .get_or_insert_async(&self.file, fetch)
            .await
    }

    /// Keeps what is known already.
    pub(crate) fn keep(&self, end: F) {
        self.footers.kept.insert(self.file, Arc::new(end));
    }
}

impl<F: FileEnd> Drop for FooterSlot<F> {
    fn drop(&mut self) {
        self.footers.kept.remove(&self.file);
    }
}

/// The memory that Parquet's metadata takes, and what Arrow knows of its columns.
pub(crate) fn reader_bytes(reader: &ArrowReaderMetadata) -> usize {
    let fields = reader.schema().fields();
    reader.metadata().memory_size() + fields.size() + fields.len() * READER_BYTES_A_COLUMN
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::AtomicUsize;

    use futures::future::join_all;

    use super::*;

    #[derive(Debug)]
    struct Of(usize);

    impl FileEnd for Of {
        fn bytes(&self) -> usize {
            self.0
        }
    }

    /// How often a footer of `bytes` is fetched when it is asked for.
    async fn fetches(slot: &FooterSlot<Of>, bytes: usize) -> usize {
        let fetched = AtomicUsize::new(0);
        let fetch = async {
            fetched.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(Of(bytes))
        };
        let Ok(end) = slot.get_or_fetch(fetch).await;
        assert_eq!(end.0, bytes);
        fetched.into_inner()
    }

    #[tokio::test]
    async fn memory_is_bounded_and_what_went_is_fetched_again() {
        let footers = Footers::within(1 << 20);
        let slots: Vec<_> = (0..1000).map(|_| footers.slot()).collect();
        for slot in &slots {
            assert_eq!(fetches(slot, 10_000).await, 1);
            assert!(footers.kept.weight() <= 1 << 20);
        }
        assert!(footers.kept.len() > 50, "{footers:?}");
        let mut again = 0;
        for slot in &slots {
            again += fetches(slot, 10_000).await;
        }
        assert!((800..1000).contains(&again), "{again}");
    }

    #[tokio::test]
    async fn an_end_is_fetched_once_and_goes_with_its_file() {
        let footers = Footers::within(1 << 20);
        let slot = footers.slot();
        let both = join_all((0..8).map(|_| fetches(&slot, 10))).await;
        assert_eq!(both.iter().sum::<usize>(), 1);
        let written = footers.slot();
        written.keep(Of(20));
        assert_eq!(fetches(&written, 20).await, 0);
        assert_eq!(footers.kept.len(), 2);
        drop(slot);
        drop(written);
        assert_eq!(footers.kept.len(), 0);
    }

    #[tokio::test]
    async fn a_failed_fetch_is_tried_again_and_an_end_larger_than_all_memory_is_given_too() {
        let footers = Footers::within(1 << 10);
        let slot = footers.slot();
        let failed = slot.get_or_fetch(async { Err("gone") }).await;
        assert_eq!(failed.expect_err("the error"), "gone");
        assert_eq!(fetches(&slot, 1 << 20).await, 1);
        assert_eq!(fetches(&slot, 1 << 20).await, 1);
        assert_eq!(footers.kept.len(), 0);
    }
}
