//! The segments that a running log has, and their release once their records are not needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::directory::{self, SegmentFile};
use super::error::WalError;
use super::position::WalPosition;
use super::spares::Spares;
use crate::fail_point::fail_point;

/// The segment files of a log, oldest first; the last one is or was written last.
#[derive(Debug)]
pub(super) struct Segments {
    dir: PathBuf,
    files: Mutex<Vec<SegmentFile>>,
}

impl Segments {
    pub fn new(dir: &Path, files: Vec<SegmentFile>) -> Self {
        Self {
            dir: dir.to_owned(),
            files: Mutex::new(files),
        }
    }

    /// Adds the segment now being written; one with the same first position is replaced, as its
    /// file was: nothing in it became durable.
    pub fn begin(&self, file: SegmentFile) {
        let mut files = self.lock();
        if files.last().is_some_and(|last| last.first == file.first) {
            files.pop();
        }
        files.push(file);
    }

    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Bytes the files take.
    pub fn bytes(&self) -> u64 {
        let lengths = |file: &SegmentFile| fs::metadata(&file.path).map(|m| m.len()).ok();
        self.lock().iter().filter_map(lengths).sum()
    }

    /// Releases the segments whose records are all at or before `through`, into `spares` where it
    /// wants them; returns how many. The last segment always stays: its name keeps the position.
    ///
    /// # Errors
    /// `WalError::Io`; what was not released stays and can be released later.
    pub fn release(&self, through: WalPosition, spares: &Spares) -> Result<usize, WalError> {
        let mut recycled = Vec::new();
        let mut released = 0;
        {
            let mut files = self.lock();
            // Oldest first and one by one, so that what is left is gapless after a crash.
            for _ in 0..releasable(&files, through) {
                let file = &files[0];
                let bytes = fs::metadata(&file.path).map_or(0, |m| m.len());
                if spares.wants(bytes, recycled.len()) {
                    let spare = file.spare_path();
                    fs::rename(&file.path, &spare)
                        .map_err(|error| WalError::io("recycle", &file.path, error))?;
                    recycled.push(spare);
                } else {
                    fs::remove_file(&file.path)
                        .map_err(|error| WalError::io("remove", &file.path, error))?;
                }
                files.remove(0);
                released += 1;
                fail_point("wal::trim");
            }
        }
        if released > 0 {
            // A recycled file may be overwritten only once its old name is durably gone.
            directory::sync(&self.dir)?;
        }
        recycled.into_iter().for_each(|spare| spares.put(spare));
        Ok(released)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SegmentFile>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many of the oldest `files` hold nothing after `through`.
fn releasable(files: &[SegmentFile], through: WalPosition) -> usize {
    files
        .windows(2)
        .take_while(|pair| pair[1].first <= through.get() + 1)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_only_whole_segments_and_never_the_last() {
        let dir = Path::new("wal");
        let files = [1, 10, 20].map(|first| SegmentFile::new(dir, first));
        let check = |through, expect| {
            assert_eq!(
                releasable(&files, WalPosition::new(through)),
                expect,
                "{through}"
            );
        };
        check(0, 0);
        check(8, 0);
        check(9, 1);
        check(18, 1);
        check(19, 2);
        check(1000, 2);
        assert_eq!(releasable(&[], WalPosition::new(5)), 0);
    }
}
