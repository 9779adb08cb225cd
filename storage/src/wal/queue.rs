//! The bounded queue between those who append and the writer thread.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::active_segment::Record;
use super::error::WalError;
use super::position::WalPosition;

/// A record that waits to be written, with the item that goes to the sink once it is durable.
#[derive(Debug)]
pub(super) struct Request<T> {
    pub record: Record,
    pub item: T,
    pub reply: oneshot::Sender<Result<WalPosition, WalError>>,
}

/// The outcome of an append, to be awaited. Dropping it does not take the record back.
#[derive(Debug)]
#[must_use = "the record is durable only once this resolves"]
pub struct PendingAppend(pub(super) oneshot::Receiver<Result<WalPosition, WalError>>);

impl Future for PendingAppend {
    type Output = Result<WalPosition, WalError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|reply| reply.unwrap_or(Err(WalError::Closed)))
    }
}

/// How much waits; what the writer holds counts until it is durable or has failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub bytes: u64,
    pub records: usize,
}

#[derive(Debug)]
pub(super) struct Queue<T> {
    bound: Load,
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<Request<T>>,
    load: Load,
    is_closed: bool,
}

impl<T> Queue<T> {
    pub fn new(bound: Load) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            load: Load::default(),
            is_closed: false,
        };
        Self {
            bound,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Adds a request at once, or refuses it.
    ///
    /// # Errors
    /// `WalError::Busy` when it does not fit the bounds, `WalError::Closed`.
    pub fn push(&self, request: Request<T>) -> Result<(), WalError> {
        let bytes = request.record.frame_bytes();
        let mut state = self.lock();
        if state.is_closed {
            return Err(WalError::Closed);
        }
        let load = state.load;
        if load.bytes + bytes > self.bound.bytes || load.records >= self.bound.records {
            return Err(WalError::Busy {
                queued_bytes: load.bytes,
                queued_records: load.records,
            });
        }
        state.load.bytes += bytes;
        state.load.records += 1;
        state.waiting.push_back(request);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// Waits for a request and returns the frame bytes of the first; none once the queue is closed
    /// and empty. Only one thread may wait and take.
    pub fn wait(&self) -> Option<u64> {
        let mut state = self.lock();
        loop {
            if let Some(first) = state.waiting.front() {
                return Some(first.record.frame_bytes());
            }
            if state.is_closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes the first request, and more as long as together they stay within `most_bytes`.
    pub fn take(&self, most_bytes: u64) -> Vec<Request<T>> {
        let mut state = self.lock();
        let mut bytes = 0;
        let fitting = state
            .waiting
            .iter()
            .take_while(|request| {
                bytes += request.record.frame_bytes();
                bytes <= most_bytes
            })
            .count();
        let taken = fitting.max(1).min(state.waiting.len());
        state.waiting.drain(..taken).collect()
    }

    /// Makes room for what was taken and is done.
    pub fn release(&self, done: Load) {
        let mut state = self.lock();
        state.load.bytes -= done.bytes;
        state.load.records -= done.records;
    }

    pub fn load(&self) -> Load {
        self.lock().load
    }

    /// Takes no more requests; those that wait are still written.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Closes and drops what waits, which tells those who await it.
    pub fn abandon(&self) {
        self.close();
        drop(std::mem::take(&mut self.lock().waiting));
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
