//! An object store that fails when told to.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// When a put fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is written.
    Before,
    /// The object is written, but the reply is lost.
    After,
}

/// Passes everything on; puts to paths that contain a text fail as planned.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    path_part: &'static str,
    faults: Mutex<VecDeque<Fault>>,
}

impl FaultyStore {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, path_part: &'static str) -> Arc<Self> {
        Arc::new(Self {
            inner,
            path_part,
            faults: Mutex::default(),
        })
    }

    /// The next puts fail so.
    pub(crate) fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults
            .lock()
            .expect("no panic holds it")
            .extend(faults);
    }

    /// Faults that were planned, but did not happen yet.
    pub(crate) fn left(&self) -> usize {
        self.faults.lock().expect("no panic holds it").len()
    }

    fn fault(&self, location: &Path) -> Option<Fault> {
        let matches = location.as_ref().contains(self.path_part);
        matches
            .then(|| self.faults.lock().expect("no panic holds it").pop_front())
            .flatten()
    }
}

fn failure() -> object_store::Error {
    object_store::Error::Generic {
        store: "faulty",
        source: "planned failure".into(),
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyStore({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let fault = self.fault(location);
        if fault == Some(Fault::Before) {
            return Err(failure());
        }
        let result = self.inner.put_opts(location, payload, options).await;
        if fault == Some(Fault::After) {
            Err(failure())
        } else {
            result
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
