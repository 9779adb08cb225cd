//! Which part of its life the server is in.

use std::sync::{Mutex, MutexGuard, PoisonError};

use storage::wal::ReplayProgress;

/// The parts of a server's life, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Listening, and reading the write-ahead log.
    Replaying(ReplayProgress),
    /// Taking spans and answering queries.
    Ready,
    /// Finishing what it has begun.
    Stopping,
}

/// The current phase, told to health checks.
#[derive(Debug)]
pub(super) struct Readiness {
    phase: Mutex<Phase>,
}

impl Readiness {
    pub(super) fn new() -> Self {
        Self {
            phase: Mutex::new(Phase::Replaying(ReplayProgress::default())),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        *self.lock()
    }

    /// Notes how far the replay is; a server that is being stopped stays so.
    pub(super) fn replayed(&self, progress: ReplayProgress) {
        let mut phase = self.lock();
        if matches!(*phase, Phase::Replaying(_)) {
            *phase = Phase::Replaying(progress);
        }
    }

    /// Ends the replay; a server that is being stopped stays so.
    pub(super) fn become_ready(&self) {
        let mut phase = self.lock();
        if matches!(*phase, Phase::Replaying(_)) {
            *phase = Phase::Ready;
        }
    }

    pub(super) fn begin_stopping(&self) {
        *self.lock() = Phase::Stopping;
    }

    /// The phase is one plain value, whole even if a holder of the lock panicked.
    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
