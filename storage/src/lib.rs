//! spanhouse's storage: durable, readable at once, open to other engines.
//!
//! ```text
//!  append(payload, batch) ─► budget ─► wal (group fsync) ─► memtable ─► ack
//!                                        ▲                     │ frozen at 96 MiB or 60 s
//!                                        │ trim                ▼
//!                                        └──── Delta commit ◄─ flush (sorted Parquet)
//!
//!  Snapshot = memtables + files of one table version
//!     ├─ scan: pruned by statistics, bloom filters and keys; then DataFusion
//!     └─ lookup: whole traces by id
//! ```
//!
//! Acknowledged means durable in the log. A span is in exactly one of memtable and table, in the
//! eyes of every reader and after any crash.

#![warn(missing_docs)]

mod budget;
mod catalog;
mod clock;
mod data_file;
mod error;
mod fail_point;
mod flush;
mod footers;
mod gather;
mod learning;
mod live;
mod lookup;
mod memtable;
mod operations;
mod rollup;
mod scan;
mod settings;
mod snapshot;
mod stats;
mod store;
mod table;
mod trace_filters;
pub mod wal;

pub use error::StorageError;
#[cfg(feature = "fail-points")]
pub use fail_point::arm_fail_points;
pub use rollup::{
    Fold, Folding, Merge, MergedRows, OnOpen, RollUp, RollUpInput, RollupTable, WriteRows,
};
pub use settings::StorageSettings;
pub use stats::{MemoryLoad, StorageStats};
pub use store::{DecodePayload, OnReplay, SpanStore};
