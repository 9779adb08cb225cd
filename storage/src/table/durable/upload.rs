//! A file that is written in parts.

use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};
use tokio::task::spawn_blocking;

use super::files::{FileError, Placing, StagedFile, sync_directories};
use super::store_error;

/// Parts may be written in any order; the file appears, durable, once all are complete.
#[derive(Debug)]
pub(super) struct DurableUpload {
    /// `None` once completed or aborted.
    staged: Option<Arc<StagedFile>>,
    path: PathBuf,
    root: PathBuf,
    offset: u64,
}

impl DurableUpload {
    pub(super) async fn start(path: PathBuf, root: PathBuf) -> Result<Self> {
        let target = path.clone();
        let staged = spawn_blocking(move || StagedFile::create(&target))
            .await?
            .map_err(store_error)?;
        Ok(Self {
            staged: Some(Arc::new(staged)),
            path,
            root,
            offset: 0,
        })
    }

    fn over(&self) -> object_store::Error {
        let source = std::io::Error::other("the upload is over");
        store_error(FileError {
            path: self.path.clone(),
            source,
        })
    }
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let Some(staged) = self.staged.clone() else {
            return futures::future::err(self.over()).boxed();
        };
        let mut offset = self.offset;
        self.offset += payload.content_length() as u64;
        let path = self.path.clone();
        let write = move || {
            for bytes in &payload {
                staged
                    .file
                    .write_all_at(bytes, offset)
                    .map_err(|source| FileError {
                        path: path.clone(),
                        source,
                    })?;
                offset += bytes.len() as u64;
            }
            Ok(())
        };
        async move { spawn_blocking(write).await?.map_err(store_error) }.boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let staged = self.staged.take().ok_or_else(|| self.over())?;
        let (path, root) = (self.path.clone(), self.root.clone());
        let place = move || {
            staged
                .place(Placing::Replace)
                .and_then(|()| sync_directories(&path, &root))
        };
        spawn_blocking(place).await?.map_err(store_error)?;
        Ok(PutResult {
            e_tag: None,
            version: None,
        })
    }

    async fn abort(&mut self) -> Result<()> {
        let staged = self.staged.take();
        Ok(spawn_blocking(move || drop(staged)).await?)
    }
}
