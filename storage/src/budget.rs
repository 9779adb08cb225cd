//! The bound on the memory that spans take before they are in the table.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::StorageError;

/// Counts the bytes of batches that are on their way into a memtable.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    limit: usize,
    underway: AtomicUsize,
}

/// Bytes of the budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl MemoryBudget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            underway: AtomicUsize::new(0),
        })
    }

    /// Reserves `bytes` beside the `held` bytes that memtables take already.
    ///
    /// # Errors
    /// `Rejected` when they would not even fit an empty store, `Busy` when they do not fit now.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        bytes: usize,
        held: usize,
    ) -> Result<Reservation, StorageError> {
        if bytes > self.limit {
            let reason = format!(
                "the request's spans take {bytes} bytes of memory, the whole memory budget is {}; send smaller batches",
                self.limit
            );
            return Err(StorageError::Rejected { reason });
        }
        let underway = self.underway.fetch_add(bytes, Ordering::Relaxed);
        let reservation = Reservation {
            budget: Arc::clone(self),
            bytes,
        };
        if held + underway + bytes > self.limit {
            let reason = format!(
                "{} bytes of spans wait to be written to the table, the memory budget is {}",
                held + underway,
                self.limit
            );
            return Err(StorageError::Busy {
                reason,
                retry_after: Duration::from_secs(1),
            });
        }
        Ok(reservation)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget
            .underway
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_comes_back_when_dropped() {
        let budget = MemoryBudget::new(100);
        let first = budget.reserve(60, 30).expect("fits");
        assert!(matches!(
            budget.reserve(11, 30),
            Err(StorageError::Busy { .. })
        ));
        let second = budget
            .reserve(10, 30)
            .expect("fits exactly; the refused bytes came back");
        drop((first, second));
        assert!(budget.reserve(100, 0).is_ok());
        assert!(matches!(
            budget.reserve(101, 0),
            Err(StorageError::Rejected { .. })
        ));
    }
}
