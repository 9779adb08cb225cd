//! Delta tables that other engines read while they grow: that of spans, and those of figures.
//!
//! ```text
//!  DurableLocal (or any ObjectStore), rooted at the table
//!     │ _delta_log/00000000000000000042.json   one commit, written if absent
//!     │ _delta_log/…0100.checkpoint.parquet    every so many commits, in the background
//!     │ date=2026-11-23/part-<uuid>.parquet    data files
//!     ▼
//!  DeltaLog::open_or_create ─► TableState {version, files}
//!  DeltaLog::commit(Commit) ─► Committed {outcome, version, foreign changes}
//! ```
//!
//! The Delta kernel reads the table and writes checkpoints; both are slow and block, so they run on
//! threads of their own. A commit is a few hundred bytes of JSON that we write ourselves: it costs
//! one conditional put, however many files the table has.
//!
//! The format is specified in <https://github.com/delta-io/delta/blob/master/PROTOCOL.md>.

mod action;
mod added_file;
mod checkpoint;
mod commit;
mod create;
mod date;
mod definition;
mod durable;
mod entry;
mod history;
mod kernel;
mod log;
mod names;
mod orphans;
mod protocol;
mod schema;
mod state_visitor;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use added_file::{AddedFile, FigureBounds, data_file_path};
pub(crate) use commit::{AppTransaction, Changes, Commit, Committed, Operation, Outcome};
pub(crate) use date::PartitionDate;
pub(crate) use definition::{EDGES, RED, SPANS, TableDefinition};
pub(crate) use durable::DurableLocal;
pub(crate) use history::PastCommit;
pub(crate) use log::DeltaLog;
