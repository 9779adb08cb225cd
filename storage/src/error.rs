//! What can go wrong in storage, told by what the caller should do.

use std::time::Duration;

use crate::wal::WalError;

/// An error of the span store.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A bounded queue or the memory budget is full: nothing was taken, try again.
    #[error("storage is busy: {reason}")]
    Busy {
        /// Which bound was met.
        reason: String,
        /// When room is likely.
        retry_after: Duration,
    },
    /// The request can never be stored as it is.
    #[error("{reason}")]
    Rejected {
        /// Why.
        reason: String,
    },
    /// Storage cannot take or give data now, for example because a disk is full.
    #[error("storage is unavailable: {reason}")]
    Unavailable {
        /// What failed and what to do.
        reason: String,
        /// The failure beneath.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Data that was durable cannot be read; someone must act.
    #[error("{reason}")]
    Corrupt {
        /// What is damaged and what to do.
        reason: String,
        /// The failure beneath.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The data directory or its settings do not fit this program.
    #[error("{reason}")]
    Incompatible {
        /// What is wrong and what to do.
        reason: String,
        /// The failure beneath.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl StorageError {
    /// An [`StorageError::Unavailable`] that says what could not be done.
    pub(crate) fn unavailable(
        action: &str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Unavailable {
            reason: format!("cannot {action}: {source}"),
            source: Some(Box::new(source)),
        }
    }

    /// An [`StorageError::Corrupt`] that says what could not be read.
    pub(crate) fn corrupt(
        what: &str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Corrupt {
            reason: format!("{what} cannot be read: {source}"),
            source: Some(Box::new(source)),
        }
    }
}

impl From<WalError> for StorageError {
    fn from(error: WalError) -> Self {
        let reason = error.to_string();
        match error {
            WalError::Busy { .. } => Self::Busy {
                reason,
                retry_after: Duration::from_secs(1),
            },
            WalError::TooLarge { .. } => Self::Rejected { reason },
            WalError::Io(_) | WalError::Closed => Self::Unavailable {
                reason,
                source: Some(Box::new(error)),
            },
            WalError::Corrupt(_) => Self::Corrupt {
                reason,
                source: Some(Box::new(error)),
            },
            WalError::Locked { .. }
            | WalError::Identity { .. }
            | WalError::BehindTable { .. }
            | WalError::Settings { .. } => Self::Incompatible {
                reason,
                source: Some(Box::new(error)),
            },
        }
    }
}
