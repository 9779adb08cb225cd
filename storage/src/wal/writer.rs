//! The writer thread: groups what waits, makes it durable, hands it on and acknowledges it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::active_segment::{ActiveSegment, Record};
use super::error::WalError;
use super::position::{WalId, WalPosition};
use super::queue::{Load, Queue, Request};
use super::segments::Segments;
use super::spares::Spares;
use super::stats::Counters;

/// Takes a group that became durable, in log order, before anyone is told that it did.
pub(super) type Sink<T> = Box<dyn FnMut(Vec<(WalPosition, T)>) + Send>;

/// What the writer thread works with.
pub(super) struct Writer<T> {
    pub dir: PathBuf,
    pub wal_id: WalId,
    pub group_bytes: u64,
    pub queue: Arc<Queue<T>>,
    pub spares: Arc<Spares>,
    pub segments: Arc<Segments>,
    pub counters: Arc<Counters>,
    pub on_durable: Sink<T>,
    /// The position of the next record; only a durable group moves it on.
    pub next: u64,
    /// None until the first group and after a failure.
    pub active: Option<ActiveSegment>,
    /// Whether the last group failed.
    pub is_failing: bool,
}

impl<T> Writer<T> {
    /// Works until the queue is closed and empty, then ends the segment.
    pub fn run(mut self) {
        let _tell_waiters = AbandonOnDrop(Arc::clone(&self.queue));
        while let Some(first_bytes) = self.queue.wait() {
            self.step(first_bytes);
            if self.queue.is_empty() {
                self.seal();
            }
        }
        if let Some(segment) = self.active.take()
            && let Err(error) = segment.finish(self.next)
        {
            // The records are durable; the next open does what was left undone here.
            tracing::warn!(%error, "closing the write-ahead log");
        }
    }

    /// Writes one group, whose first record takes `first_bytes`.
    pub(super) fn step(&mut self, first_bytes: u64) {
        if self.active.as_ref().is_some_and(|a| a.room() < first_bytes) {
            self.active = None;
        }
        let began = match self.active {
            Some(_) => Ok(()),
            None => self.begin_segment(),
        };
        let room = self.active.as_ref().map_or(u64::MAX, ActiveSegment::room);
        let group = self.queue.take(self.group_bytes.min(room));
        let load = Load {
            bytes: group.iter().map(|r| r.record.frame_bytes()).sum(),
            records: group.len(),
        };
        let mut records = Vec::with_capacity(group.len());
        let mut waiters = Vec::with_capacity(group.len());
        for Request {
            record,
            item,
            reply,
        } in group
        {
            records.push(record);
            waiters.push((item, reply));
        }
        match began.and_then(|()| self.write(&records)) {
            Ok(()) => {
                // The sink may turn the items into something large: let go of the bodies first.
                drop(records);
                let replies = self.hand_on(waiters);
                // Before the replies, so that who gets one finds room for its next record.
                self.queue.release(load);
                for (position, reply) in replies {
                    // Who went away needs no answer.
                    drop(reply.send(Ok(position)));
                }
            }
            Err(error) => {
                self.note_failure(&error);
                self.queue.release(load);
                for (_, reply) in waiters {
                    drop(reply.send(Err(error.clone())));
                }
            }
        }
    }

    fn begin_segment(&mut self) -> Result<(), WalError> {
        let spare = self.spares.take()?;
        let (segment, file) = ActiveSegment::begin(&spare, &self.dir, self.wal_id, self.next)
            .inspect_err(|_| {
                // A file that failed is not trusted again, nor may such files pile up. If it got
                // its name already, the next attempt replaces it.
                drop(std::fs::remove_file(&spare));
            })?;
        self.segments.begin(file);
        self.active = Some(segment);
        Ok(())
    }

    /// Makes `records` durable in the active segment, or abandons it.
    fn write(&mut self, records: &[Record]) -> Result<(), WalError> {
        let Some(segment) = &mut self.active else {
            return Err(WalError::Closed);
        };
        let written = segment.write_group(self.next, records);
        if written.is_ok() {
            let bodies = records.iter().map(|r| r.body.len() as u64).sum();
            self.counters.groups.fetch_add(1, Relaxed);
            self.counters
                .records
                .fetch_add(records.len() as u64, Relaxed);
            self.counters.body_bytes.fetch_add(bodies, Relaxed);
        } else {
            // The pages may be gone and yet look clean, so nothing more goes into this file. To cut
            // it off keeps the failed group from coming back and frees its blocks, but is no need:
            // the next segment begins with the same position and thereby hides the group.
            if let Err(error) = segment.finish(self.next) {
                tracing::warn!(%error, "abandoning a segment of the write-ahead log");
            }
            self.active = None;
        }
        written
    }

    /// Counts the durable group and gives its items to the sink; returns whom to tell.
    fn hand_on(&mut self, waiters: Vec<(T, Reply)>) -> Vec<(WalPosition, Reply)> {
        if std::mem::replace(&mut self.is_failing, false) {
            tracing::info!("the write-ahead log can be written again");
        }
        let positions = (self.next..).map(WalPosition::new);
        self.next += waiters.len() as u64;
        self.counters.last_position.store(self.next - 1, Relaxed);
        let (items, replies): (Vec<T>, Vec<Reply>) = waiters.into_iter().unzip();
        (self.on_durable)(positions.clone().zip(items).collect());
        positions.zip(replies).collect()
    }

    fn note_failure(&mut self, error: &WalError) {
        self.counters.failed_groups.fetch_add(1, Relaxed);
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::error!(%error, "the write-ahead log cannot be written; appends fail until it can");
        }
    }

    /// While nothing waits, notes that the last group is durable.
    fn seal(&self) {
        if let Some(segment) = &self.active
            && let Err(error) = segment.seal(self.next)
        {
            tracing::debug!(%error, "sealing the last group of the write-ahead log");
        }
    }
}

type Reply = tokio::sync::oneshot::Sender<Result<WalPosition, WalError>>;

/// Tells all who wait when the thread ends, be it by a panic of the sink.
struct AbandonOnDrop<T>(Arc<Queue<T>>);

impl<T> Drop for AbandonOnDrop<T> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

#[cfg(test)]
mod tests;
