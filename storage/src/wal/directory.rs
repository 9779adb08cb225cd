//! The files of a log's directory: names, lock, identity.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::error::WalError;
use super::position::WalId;

const LOCK_FILE: &str = "wal.lock";
const ID_FILE: &str = "wal.id";

/// A segment file and the position of its first record, from its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SegmentFile {
    pub first: u64,
    pub path: PathBuf,
}

impl SegmentFile {
    pub fn new(dir: &Path, first: u64) -> Self {
        Self {
            first,
            path: dir.join(format!("{first:020}.wal")),
        }
    }

    /// The name of the file once nothing in it is needed any more.
    pub fn spare_path(&self) -> PathBuf {
        self.path.with_extension("spare")
    }

    /// The whole file.
    pub fn read(&self) -> Result<Bytes, WalError> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Bytes::from(bytes)),
            Err(error) => Err(WalError::io("read", &self.path, error)),
        }
    }
}

/// What is in a log's directory.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// In order of position.
    pub segments: Vec<SegmentFile>,
    pub spares: Vec<PathBuf>,
}

/// Lists the segments and spares in `dir`; other files are ignored.
pub(super) fn list(dir: &Path) -> Result<Listing, WalError> {
    let failed = |error: io::Error| WalError::io("list", dir, error);
    let mut listing = Listing::default();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        match path.extension().and_then(|e| e.to_str()) {
            Some("spare") => listing.spares.push(path),
            Some("wal") => {
                let name = path.file_stem().and_then(|s| s.to_str());
                if let Some(first) = name.and_then(|n| n.parse().ok()) {
                    listing.segments.push(SegmentFile { first, path });
                }
            }
            Some(_) | None => {}
        }
    }
    listing.segments.sort();
    Ok(listing)
}

/// The lock that keeps other logs out of a directory while it lives.
#[derive(Debug)]
pub(super) struct DirectoryLock(File);

impl DirectoryLock {
    /// Makes `dir` if need be and locks it.
    ///
    /// # Errors
    /// `Locked` when another log has it, and `Io`.
    pub fn take(dir: &Path) -> Result<Self, WalError> {
        create_durably(dir)?;
        let path = dir.join(LOCK_FILE);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| WalError::io("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(WalError::Locked {
                dir: dir.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(WalError::io("lock", &path, error)),
        }
    }
}

impl Drop for DirectoryLock {
    /// Closing the file would not do: a process that is being started just now has a copy of it,
    /// which holds the lock until the new program runs.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the write-ahead log's directory cannot be unlocked");
        }
    }
}

/// Makes `dir` and its missing parents, each durable in the one above it.
fn create_durably(dir: &Path) -> Result<(), WalError> {
    let missing: Vec<&Path> = dir
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.is_dir())
        .collect();
    fs::create_dir_all(dir).map_err(|error| WalError::io("create", dir, error))?;
    for made in missing {
        match made.parent() {
            Some(parent) if parent.as_os_str().is_empty() => sync(Path::new("."))?,
            Some(parent) => sync(parent)?,
            None => {}
        }
    }
    Ok(())
}

/// Makes the creation, renaming and removal of files in `dir` durable.
pub(super) fn sync(dir: &Path) -> Result<(), WalError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| WalError::io("sync", dir, error))
}

/// The identity of the log in `dir`, if it has one.
///
/// # Errors
/// `Io`, and `Identity` if the file does not hold one.
pub fn read_id(dir: &Path) -> Result<Option<WalId>, WalError> {
    let path = dir.join(ID_FILE);
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(WalError::io("read", &path, error)),
    };
    match WalId::parse(&text) {
        Some(id) => Ok(Some(id)),
        None => Err(WalError::Identity {
            path,
            reason: "does not hold the UUID of the log; put it back from a copy, or move the whole directory away"
                .to_owned(),
        }),
    }
}

/// The identity of the log in `dir`; a directory without segments gets a new one, durably.
pub(super) fn read_or_create_id(dir: &Path, has_segments: bool) -> Result<WalId, WalError> {
    if let Some(id) = read_id(dir)? {
        return Ok(id);
    }
    let path = dir.join(ID_FILE);
    if has_segments {
        return Err(WalError::Identity {
            path,
            reason: "is missing, but there are segments; put it back from a copy (`wal inspect` shows the id), or \
                     move the whole directory away"
                .to_owned(),
        });
    }
    let id = WalId::random();
    let unfinished = path.with_extension("id.tmp");
    File::create(&unfinished)
        .and_then(|mut file| {
            writeln!(file, "{id}")?;
            file.sync_all()
        })
        .map_err(|error| WalError::io("write", &unfinished, error))?;
    fs::rename(&unfinished, &path).map_err(|error| WalError::io("create", &path, error))?;
    sync(dir)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_ends_when_it_is_dropped_although_a_process_being_started_has_its_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let lock = DirectoryLock::take(dir.path()).expect("free");
        let of_process_being_started = lock.0.try_clone().expect("a copy");
        let second = DirectoryLock::take(dir.path()).expect_err("locked");
        assert!(matches!(second, WalError::Locked { .. }), "{second}");
        drop(lock);
        drop(DirectoryLock::take(dir.path()).expect("free again"));
        drop(of_process_being_started);
    }
}
