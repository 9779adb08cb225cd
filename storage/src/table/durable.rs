//! A local directory as an object store whose writes are durable once they return.
//!
//! `object_store`'s own local store never syncs: after a power failure a file it wrote may be
//! empty, or gone. Here a file's content is synced before the file gets its name, and the
//! directories that lead to it after.

mod files;
#[cfg(test)]
mod tests;
mod upload;

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::task::spawn_blocking;

use self::files::{FileError, Placing, StagedFile};
use self::upload::DurableUpload;
use crate::error::StorageError;
use crate::fail_point::fail_point;

/// A write that takes longer is over.
const STALE_MS: i64 = 3_600_000;

/// The directory of a table. Everything but writing is `object_store`'s own local store.
///
/// A write that reports that the file exists already has made that file durable, too.
#[derive(Debug)]
pub(crate) struct DurableLocal {
    local: LocalFileSystem,
    root: PathBuf,
}

impl DurableLocal {
    /// Opens the directory `root`, which is made if need be. What writes left unfinished an hour
    /// before `now_ms`, milliseconds since 1970, is removed. Blocks.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] if the directory cannot be made or opened.
    pub(crate) fn open(root: &FilePath, now_ms: i64) -> std::result::Result<Self, StorageError> {
        const ACTION: &str = "open the directory of a table";
        files::create_directories(root)
            .map_err(|error| StorageError::unavailable(ACTION, error))?;
        // The file system's own name of it, as the local store has it.
        let root = root.canonicalize().map_err(|source| FileError {
            path: root.to_owned(),
            source,
        });
        let root = root.map_err(|error| StorageError::unavailable(ACTION, error))?;
        match files::remove_stale_uploads(&root, now_ms.saturating_sub(STALE_MS)) {
            Ok(0) => {}
            Ok(count) => tracing::info!(
                count,
                "removed files of a table that were left half-written"
            ),
            Err(error) => {
                let error = error.to_string();
                tracing::warn!(
                    error,
                    "files of a table that were left half-written could not be removed"
                );
            }
        }
        let local = LocalFileSystem::new_with_prefix(&root);
        let local = local.map_err(|error| StorageError::unavailable(ACTION, error))?;
        Ok(Self { local, root })
    }
}

fn store_error(error: FileError) -> object_store::Error {
    let path = error.path.display().to_string();
    match error.source.kind() {
        io::ErrorKind::AlreadyExists => object_store::Error::AlreadyExists {
            path,
            source: Box::new(error),
        },
        io::ErrorKind::PermissionDenied => object_store::Error::PermissionDenied {
            path,
            source: Box::new(error),
        },
        _ => object_store::Error::Generic {
            store: "local directory",
            source: Box::new(error),
        },
    }
}

impl fmt::Display for DurableLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DurableLocal({})", self.root.display())
    }
}

/// Writes a whole file, durably.
fn put(
    target: &FilePath,
    root: &FilePath,
    payload: &PutPayload,
    placing: Placing,
) -> std::result::Result<(), FileError> {
    let mut staged = StagedFile::create(target)?;
    for bytes in payload {
        staged.write(bytes)?;
    }
    match staged.place(placing) {
        Ok(()) => {
            if target
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                fail_point("table::after-log-entry-before-fsync");
            }
            files::sync_directories(target, root)
        }
        Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => {
            files::sync_file(target, root)?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

#[async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let placing = match options.mode {
            PutMode::Create => Placing::IfAbsent,
            PutMode::Overwrite => Placing::Replace,
            PutMode::Update(_) => {
                return Err(object_store::Error::NotImplemented {
                    operation: "a conditional update".to_owned(),
                    implementer: self.to_string(),
                });
            }
        };
        let target = self.local.path_to_filesystem(location)?;
        let root = self.root.clone();
        spawn_blocking(move || put(&target, &root, &payload, placing))
            .await?
            .map_err(store_error)?;
        Ok(PutResult {
            e_tag: None,
            version: None,
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let target = self.local.path_to_filesystem(location)?;
        Ok(Box::new(
            DurableUpload::start(target, self.root.clone()).await?,
        ))
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.local.copy_opts(from, to, options).await?;
        let target = self.local.path_to_filesystem(to)?;
        let root = self.root.clone();
        spawn_blocking(move || files::sync_file(&target, &root))
            .await?
            .map_err(store_error)
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.local.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.local.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.local.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.local.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.local.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.local.list_with_delimiter(prefix).await
    }
}
