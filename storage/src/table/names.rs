//! What the names of the log's files tell.

use std::collections::HashSet;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

use super::definition::TableStore;
use super::entry::LOG_DIRECTORY;
use crate::error::StorageError;

/// A file of the log whose name tells a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogFile {
    /// One commit.
    Entry(u64),
    /// The state as of a version, in one file.
    Checkpoint(u64),
    /// What else belongs to a version: a checksum, or a part of a checkpoint.
    Other(u64),
}

impl LogFile {
    /// What `path` is; `None` for files that belong to no version, such as `_last_checkpoint`.
    pub(super) fn parse(path: &Path) -> Option<Self> {
        let name = path
            .as_ref()
            .strip_prefix(LOG_DIRECTORY)?
            .strip_prefix('/')?;
        let (version, kind) = name.split_once('.')?;
        if version.len() != 20 || !version.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let version = version.parse().ok()?;
        Some(match kind {
            "json" => Self::Entry(version),
            "checkpoint.parquet" => Self::Checkpoint(version),
            _ => Self::Other(version),
        })
    }

    pub(super) fn version(self) -> u64 {
        match self {
            Self::Entry(version) | Self::Checkpoint(version) | Self::Other(version) => version,
        }
    }
}

/// The files of the log whose names tell a version, in no particular order.
pub(super) async fn list(table: &TableStore) -> Result<Vec<(LogFile, ObjectMeta)>, StorageError> {
    let failed =
        |error| StorageError::unavailable(&format!("list the log of {}", table.definition), error);
    let listing = table.objects.list(Some(&Path::from(LOG_DIRECTORY)));
    let named = listing
        .try_filter_map(async |meta| Ok(LogFile::parse(&meta.location).map(|file| (file, meta))));
    named.try_collect().await.map_err(failed)
}

/// The versions that the log has files of.
#[derive(Debug, Default)]
pub(super) struct LogNames {
    pub(super) entries: HashSet<u64>,
    /// The last checkpoint's version.
    pub(super) checkpoint: Option<u64>,
    /// The last version of any file; `None` if there is no log.
    pub(super) latest: Option<u64>,
}

impl LogNames {
    pub(super) async fn list(table: &TableStore) -> Result<Self, StorageError> {
        let mut names = Self::default();
        for (file, _) in list(table).await? {
            names.latest = names.latest.max(Some(file.version()));
            match file {
                LogFile::Entry(version) => {
                    names.entries.insert(version);
                }
                LogFile::Checkpoint(version) => {
                    names.checkpoint = names.checkpoint.max(Some(version));
                }
                LogFile::Other(_) => {}
            }
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_kind_and_version() {
        let check = |name: &str, expect: Option<LogFile>| {
            assert_eq!(
                LogFile::parse(&Path::from(format!("{LOG_DIRECTORY}/{name}"))),
                expect,
                "{name}"
            );
        };
        check("00000000000000000042.json", Some(LogFile::Entry(42)));
        check(
            "00000000000000000042.checkpoint.parquet",
            Some(LogFile::Checkpoint(42)),
        );
        check("00000000000000000042.crc", Some(LogFile::Other(42)));
        check(
            "00000000000000000042.checkpoint.0000000001.0000000002.parquet",
            Some(LogFile::Other(42)),
        );
        check("42.json", None);
        check("_last_checkpoint", None);
        check("+0000000000000000042.json", None);
        check("_sidecars/x.parquet", None);
        assert_eq!(
            LogFile::parse(&Path::from("00000000000000000042.json")),
            None
        );
    }
}
