//! The settings of a log.

use std::path::PathBuf;

use super::error::WalError;
use super::format;
use super::position::WalPosition;

/// Sizes and place of a log. Sizes are in bytes.
#[derive(Debug, Clone)]
pub struct WalSettings {
    /// The directory of the log; made if it does not exist.
    pub dir: PathBuf,
    /// Size of one preallocated segment file; a multiple of 4096.
    pub segment_bytes: u64,
    /// A group takes no further record once it has this many bytes.
    pub group_bytes: u64,
    /// Largest body of one record.
    pub max_record_bytes: u64,
    /// Bound of the bytes that wait to become durable; a fuller queue refuses with `Busy`.
    pub queue_bytes: u64,
    /// Bound of the records that wait to become durable.
    pub queue_records: usize,
    /// The records through this position are kept elsewhere: damage to them is no loss.
    pub covered: WalPosition,
}

impl WalSettings {
    /// The defaults for a log in `dir`: 64 MiB segments, 4 MiB groups, records up to 32 MiB and a
    /// queue of 64 MiB or 16384 records; nothing is covered.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            segment_bytes: 64 << 20,
            group_bytes: 4 << 20,
            max_record_bytes: 32 << 20,
            queue_bytes: 64 << 20,
            queue_records: 16_384,
            covered: WalPosition::START,
        }
    }

    /// Checks that the sizes fit each other.
    ///
    /// # Errors
    /// `WalError::Settings` naming the setting and what would fit.
    pub(super) fn validate(&self) -> Result<(), WalError> {
        let refuse = |reason: String| Err(WalError::Settings { reason });
        if !self.segment_bytes.is_multiple_of(format::HEADER_BYTES) {
            return refuse(format!(
                "segment_bytes is {}, but must be a multiple of {}",
                self.segment_bytes,
                format::HEADER_BYTES
            ));
        }
        let largest_frame = format::frame_bytes(self.max_record_bytes);
        let room = format::records_room(self.segment_bytes);
        if largest_frame > room || self.max_record_bytes >= u64::from(u32::MAX) {
            return refuse(format!(
                "a record of max_record_bytes {} does not fit a segment of segment_bytes {}",
                self.max_record_bytes, self.segment_bytes
            ));
        }
        if self.queue_bytes < largest_frame || self.queue_records == 0 {
            return refuse(format!(
                "queue_bytes {} must hold at least one record of max_record_bytes {} ({largest_frame} bytes \
                 with its frame), and queue_records at least 1",
                self.queue_bytes, self.max_record_bytes
            ));
        }
        Ok(())
    }
}

/// What to do about damage to records that once were durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Salvage {
    /// Refuse to open or replay, naming file and offset.
    Refuse,
    /// Skip what cannot be read, counting and naming it.
    Skip,
}
