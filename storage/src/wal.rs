//! The write-ahead log: what makes an acknowledged request survive a crash.
//!
//! ```text
//!  append ─► bounded queue ─► writer thread: one pwritev + one fdatasync for a whole group
//!                                   │ then on_durable(batch, in log order), then the acks
//!                                   ▼
//!   wal.lock  wal.id  0…01.wal  0…0312.wal  0…0958.wal ◄─ rename ── x.spare (preallocated)
//!                     └ trim(through) ── rename ───────────────────────▲
//! ```
//!
//! **Positions** are consecutive numbers from 1. A segment file is named after the position of its
//! first record and holds all records up to the first of the next segment.
//!
//! **Damage or torn tail.** A group is written only once everything before it is durable, and each
//! record names the first record of its group. So a record proves that whatever precedes its group
//! *was* durable: damage below that is corruption and refused; damage above it was never
//! acknowledged and is cut off. A *seal* (a record without payload) proves the same for the last
//! group when nothing follows it, and the existence of a next segment proves it for a whole one.
//!
//! **Recycled segments** still hold records of their previous life. Each life has a random salt in
//! its header that goes into every record's checksum, and positions never run backwards, so an old
//! record is never taken for a new one.
//!
//! **After a failed write or sync** the segment is abandoned: the kernel may have dropped the pages
//! and marked them clean, so a later successful fdatasync of the same file would prove nothing. The
//! next group starts a fresh segment with the same positions, which hides the failed group.

mod active_segment;
mod directory;
mod error;
mod format;
mod inspect;
mod log;
mod position;
mod queue;
mod recovery;
mod replay;
mod scan;
mod segments;
mod settings;
mod spares;
mod stats;
mod writer;

pub use directory::read_id;
pub use error::{Corruption, IoFailure, WalError};
pub use inspect::{InspectReport, SegmentReport, SegmentState, inspect};
pub use log::Wal;
pub use position::{WalId, WalPosition};
pub use queue::PendingAppend;
pub use recovery::TornTail;
pub use replay::{Replay, ReplayProgress, ReplayReport, ReplayedRecord};
pub use settings::{Salvage, WalSettings};
pub use stats::WalStats;

#[cfg(test)]
mod tests;
