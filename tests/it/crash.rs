//! What survives: kills at any moment, damaged logs, full and read-only disks.
//!
//! A driver sends numbered batches, never one twice, and remembers which were acknowledged.
//! Whatever happens to the server, each acknowledged span must be there exactly once afterwards,
//! and no other more than once.

mod fail_points;
mod full_disk;
mod kills;
mod mounts;
mod read_only;
mod wal_damage;

use std::path::PathBuf;

use crate::server::Launch;

/// Settings that make segments, flushes and commits happen all the time.
fn restless(data_dir: impl Into<PathBuf>) -> Launch {
    Launch::in_directory(data_dir)
        .set("flush-bytes", "64KiB")
        .set("flush-age", "1s")
        .set("max-request-bytes", "64KiB")
        .set("wal-segment-bytes", "256KiB")
        .set("log-level", "warn")
}
