//! Where a record is in the log, and which log it is.

use std::fmt;

use uuid::Uuid;

/// The place of one record in the log: 1 for the first ever, then consecutive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WalPosition(u64);

impl WalPosition {
    /// Before the first record.
    pub const START: Self = Self(0);

    /// The position with this number, for example one read back from a Delta `txn` action.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number of the position; 0 is [`WalPosition::START`].
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for WalPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The identity of one log, made when its directory is first opened and kept in `wal.id`.
///
/// A table remembers per log id how far it holds the log's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WalId(Uuid);

impl WalId {
    pub(super) fn random() -> Self {
        Self(Uuid::new_v4())
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Uuid::parse_str(text.trim()).ok().map(Self)
    }

    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    pub(super) fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for WalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
