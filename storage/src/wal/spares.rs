//! Preallocated segment files, made ahead by a thread of their own.
//!
//! Writing into a file that has its blocks already makes fdatasync some twenty times faster than
//! on a growing file, and a full disk shows before a record is written rather than halfway.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use uuid::Uuid;

use super::directory;
use super::error::{IoFailure, WalError};

/// Spares kept beyond this are given back to the file system.
const MOST_SPARES: usize = 2;

/// The pool of spare segment files of a log.
#[derive(Debug)]
pub(super) struct Spares {
    dir: PathBuf,
    segment_bytes: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<PathBuf>,
    is_wanted: bool,
    failure: Option<WalError>,
    is_stopping: bool,
}

impl Spares {
    /// Takes over the spares `found` in the directory; the unfit and the surplus are removed.
    pub fn new(dir: &Path, segment_bytes: u64, found: Vec<PathBuf>) -> Result<Self, WalError> {
        let mut ready = VecDeque::new();
        for path in found {
            let is_whole = fs::metadata(&path).is_ok_and(|m| m.len() == segment_bytes);
            if is_whole && ready.len() < MOST_SPARES {
                ready.push_back(path);
            } else {
                fs::remove_file(&path).map_err(|error| WalError::io("remove", &path, error))?;
            }
        }
        let state = State {
            ready,
            ..State::default()
        };
        Ok(Self {
            dir: dir.to_owned(),
            segment_bytes,
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    /// Starts the thread that keeps one spare ready until [`Spares::stop`].
    pub fn start(self: &Arc<Self>) -> Result<JoinHandle<()>, WalError> {
        let spares = Arc::clone(self);
        self.lock().is_wanted = true;
        std::thread::Builder::new()
            .name("wal-preallocate".to_owned())
            .spawn(move || spares.run())
            .map_err(|error| WalError::io("start the preallocating thread for", &self.dir, error))
    }

    /// Ends the thread.
    pub fn stop(&self) {
        self.lock().is_stopping = true;
        self.changed.notify_all();
    }

    /// A spare, waiting for one to be made if none is ready.
    ///
    /// # Errors
    /// What kept the spare from being made, for example a full disk.
    pub fn take(&self) -> Result<PathBuf, WalError> {
        let mut state = self.lock();
        // A failure of an earlier attempt to make one ahead says nothing about now.
        state.failure = None;
        loop {
            if let Some(path) = state.ready.pop_front() {
                state.is_wanted = true;
                self.changed.notify_all();
                return Ok(path);
            }
            if let Some(failure) = state.failure.take() {
                return Err(failure);
            }
            if state.is_stopping {
                return Err(WalError::Closed);
            }
            state.is_wanted = true;
            self.changed.notify_all();
            state = self.wait(state);
        }
    }

    /// Whether a released segment of `bytes` is to be kept, `more` being on their way already.
    pub fn wants(&self, bytes: u64, more: usize) -> bool {
        bytes == self.segment_bytes && self.count() + more < MOST_SPARES
    }

    /// Adds a spare whose name is durable.
    pub fn put(&self, path: PathBuf) {
        self.lock().ready.push_back(path);
        self.changed.notify_all();
    }

    pub fn count(&self) -> usize {
        self.lock().ready.len()
    }

    pub fn bytes(&self) -> u64 {
        self.count() as u64 * self.segment_bytes
    }

    fn run(&self) {
        let mut state = self.lock();
        let mut was_failing = false;
        while !state.is_stopping {
            if !state.is_wanted {
                state = self.wait(state);
                continue;
            }
            state.is_wanted = false;
            if !state.ready.is_empty() {
                continue;
            }
            drop(state);
            let made = self.make();
            state = self.lock();
            let is_failing = made.is_err();
            match made {
                Ok(path) => state.ready.push_back(path),
                Err(error) => {
                    // Once only: while the disk is full, each append tries again.
                    if !was_failing {
                        tracing::warn!(%error, "no spare write-ahead log segment");
                    }
                    state.failure = Some(error);
                }
            }
            was_failing = is_failing;
            self.changed.notify_all();
        }
    }

    fn make(&self) -> Result<PathBuf, WalError> {
        let path = self.dir.join(format!("new-{}.spare", Uuid::new_v4()));
        let made = File::create_new(&path)
            .map_err(|error| IoFailure::new("create", &path, error))
            .and_then(|file| preallocate(&file, &path, self.segment_bytes))
            .map_err(WalError::from)
            .and_then(|()| directory::sync(&self.dir));
        match made {
            Ok(()) => Ok(path),
            Err(error) => {
                // If this fails too, the next open removes the file.
                drop(fs::remove_file(&path));
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives `file` its blocks and makes them durable.
fn preallocate(file: &File, path: &Path, bytes: u64) -> Result<(), Arc<IoFailure>> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => {}
        Err(Errno::OPNOTSUPP) => write_zeros(file, bytes)
            .map_err(|error| IoFailure::new("fill with zeros", path, error))?,
        Err(error) => return Err(IoFailure::new("preallocate", path, error)),
    }
    file.sync_all()
        .map_err(|error| IoFailure::new("sync", path, error))
}

/// Stands in for fallocate on file systems that have none.
fn write_zeros(mut file: &File, bytes: u64) -> std::io::Result<()> {
    let zeros = vec![0; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let now = left.min(zeros.len() as u64);
        file.write_all(&zeros[..now as usize])?;
        left -= now;
    }
    Ok(())
}
