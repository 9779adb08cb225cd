//! Files that get their names only once their content is durable. Everything here blocks.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use uuid::Uuid;

/// A failure of the file system, with the file or directory it is about.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", .path.display())]
pub(super) struct FileError {
    pub(super) path: PathBuf,
    pub(super) source: io::Error,
}

type Result<T> = std::result::Result<T, FileError>;

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T> {
    result.map_err(|source| FileError {
        path: path.to_owned(),
        source,
    })
}

/// What to do about a file that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placing {
    /// Fail with [`io::ErrorKind::AlreadyExists`].
    IfAbsent,
    /// Put the new one in its place, at once.
    Replace,
}

/// A file without its name yet; removed when dropped.
#[derive(Debug)]
pub(super) struct StagedFile {
    pub(super) file: File,
    staged: PathBuf,
    target: PathBuf,
}

impl StagedFile {
    /// Makes an empty file beside `target`, and the directories that lead there.
    pub(super) fn create(target: &Path) -> Result<Self> {
        // Names that end so are what object_store's local store uses for the same end: every
        // reader that is built on it passes over them.
        let mut staged = target.as_os_str().to_owned();
        staged.push(format!("#{}", Uuid::new_v4().as_u128()));
        let staged = PathBuf::from(staged);
        let create = || File::options().write(true).create_new(true).open(&staged);
        let file = match create() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(parent) = target.parent() {
                    at(parent, fs::create_dir_all(parent))?;
                }
                create()
            }
            result => result,
        };
        Ok(Self {
            file: at(&staged, file)?,
            staged,
            target: target.to_owned(),
        })
    }

    /// Appends to the file.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        at(&self.target, self.file.write_all(bytes))
    }

    /// Gives the file its name, once its content is durable. The name itself becomes durable by
    /// [`sync_directories`].
    pub(super) fn place(&self, placing: Placing) -> Result<()> {
        at(&self.target, self.file.sync_all())?;
        let placed = match placing {
            Placing::IfAbsent => fs::hard_link(&self.staged, &self.target),
            Placing::Replace => fs::rename(&self.staged, &self.target),
        };
        at(&self.target, placed)
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        // Renamed, it is gone; what stays by mischance is removed at the next start.
        drop(fs::remove_file(&self.staged));
    }
}

/// Makes the name of `file` durable: its directory, and those above it up to `root`.
pub(super) fn sync_directories(file: &Path, root: &Path) -> Result<()> {
    let inner = file
        .ancestors()
        .skip(1)
        .take_while(|directory| directory.starts_with(root));
    for directory in inner {
        sync(directory)?;
    }
    Ok(())
}

/// Makes a file durable that another writer may have just made: its content and its name.
pub(super) fn sync_file(file: &Path, root: &Path) -> Result<()> {
    sync(file)?;
    sync_directories(file, root)
}

fn sync(path: &Path) -> Result<()> {
    at(path, File::open(path).and_then(|file| file.sync_all()))
}

/// Makes `directory` and its missing parents, durably.
pub(super) fn create_directories(directory: &Path) -> Result<()> {
    let missing = directory
        .ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.is_dir());
    let missing: Vec<&Path> = missing.collect();
    at(directory, fs::create_dir_all(directory))?;
    for made in missing {
        match made.parent() {
            Some(parent) if parent.as_os_str().is_empty() => sync(Path::new("."))?,
            Some(parent) => sync(parent)?,
            None => {}
        }
    }
    Ok(())
}

/// Removes the staged files of the table in `root` that were last written before `cutoff_ms`,
/// milliseconds since 1970. Returns how many.
pub(super) fn remove_stale_uploads(root: &Path, cutoff_ms: i64) -> Result<usize> {
    let mut removed = 0;
    for directory in entries(root)?.into_iter().filter(|path| path.is_dir()) {
        for path in entries(&directory)? {
            if is_staged(&path) && modified_ms(&path)? < cutoff_ms {
                at(&path, fs::remove_file(&path))?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let list = || {
        fs::read_dir(directory)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    at(directory, list())
}

fn is_staged(path: &Path) -> bool {
    let suffix = path
        .file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.rsplit_once('#'));
    suffix.is_some_and(|(_, digits)| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn modified_ms(path: &Path) -> Result<i64> {
    let modified = at(
        path,
        fs::metadata(path).and_then(|metadata| metadata.modified()),
    )?;
    let age = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}
