//! The names by which the operations of calls count.

use schemas::rollups::OTHER_OPERATIONS;

use super::call::{Call, CalledOperation};
use super::fast_map::FastMap;
use super::names::{Name, Names};
use crate::RollUps;

/// The operations that were met already, and the names that they count by.
#[derive(Debug)]
pub(crate) struct KeptOperations {
    rollups: RollUps,
    kept: FastMap<CalledOperation, Name>,
}

impl KeptOperations {
    pub(crate) fn of(rollups: &RollUps) -> Self {
        Self {
            rollups: rollups.clone(),
            kept: FastMap::default(),
        }
    }

    /// The call with the name by which its operation counts.
    pub(crate) fn call(&mut self, call: &Call, names: &mut Names) -> Call {
        let operation = call.operation.map(|operation| CalledOperation {
            name: self.name(operation, names),
            ..operation
        });
        Call { operation, ..*call }
    }

    /// The name by which an operation counts.
    pub(crate) fn name(&mut self, operation: CalledOperation, names: &mut Names) -> Name {
        if let Some(kept) = self.kept.get(&operation) {
            return *kept;
        }
        let service = names.text_of(operation.service);
        let kept = self.rollups.kept(service, names.text(operation.name));
        let kept = match kept == names.text(operation.name) {
            true => operation.name,
            false => names.number(OTHER_OPERATIONS),
        };
        self.kept.insert(operation, kept);
        kept
    }
}
