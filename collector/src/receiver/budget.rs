//! A bound on the bytes of all requests in memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// Permits are of this many bytes, since a semaphore gives at most 2^32 of them at once.
const UNIT: usize = 1024;

/// Bytes that requests may hold together.
#[derive(Clone, Debug)]
pub(crate) struct ByteBudget {
    free: Arc<Semaphore>,
    units: usize,
}

/// The budget has no room: the request must come again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BudgetExhausted;

impl ByteBudget {
    pub(crate) fn new(bytes: usize) -> Self {
        let units = bytes.div_ceil(UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(units)),
            units,
        }
    }

    /// A reservation of nothing yet.
    pub(crate) fn reservation(&self) -> Reservation {
        Reservation {
            budget: self.clone(),
            permit: None,
        }
    }
}

/// Bytes held by one request; they are free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: ByteBudget,
    permit: Option<OwnedSemaphorePermit>,
}

impl Reservation {
    /// Grows to hold `bytes` in all. A request that needs more than the whole budget may have the
    /// whole budget: it would else never be taken, however often it came.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> Result<(), BudgetExhausted> {
        let held = self
            .permit
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = bytes.div_ceil(UNIT).min(self.budget.units);
        let missing = u32::try_from(wanted.saturating_sub(held)).map_err(|_| BudgetExhausted)?;
        if missing == 0 {
            return Ok(());
        }
        let more = Arc::clone(&self.budget.free)
            .try_acquire_many_owned(missing)
            .map_err(|error| match error {
                TryAcquireError::NoPermits | TryAcquireError::Closed => BudgetExhausted,
            })?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            empty => *empty = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservations_share_the_budget_and_give_it_back() {
        let budget = ByteBudget::new(10 * UNIT);
        let mut first = budget.reservation();
        let mut second = budget.reservation();
        assert_eq!(first.grow_to(6 * UNIT), Ok(()));
        assert_eq!(first.grow_to(5 * UNIT), Ok(()), "already held");
        assert_eq!(second.grow_to(4 * UNIT), Ok(()));
        assert_eq!(first.grow_to(6 * UNIT + 1), Err(BudgetExhausted));
        drop(second);
        assert_eq!(
            first.grow_to(100 * UNIT),
            Ok(()),
            "at most the whole budget"
        );
        assert_eq!(budget.reservation().grow_to(1), Err(BudgetExhausted));
        drop(first);
        assert_eq!(budget.reservation().grow_to(1), Ok(()));
    }
}
