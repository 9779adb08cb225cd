//! The distinct operations of files, as sets of numbers.
//!
//! Thousands of files have much the same operations, so their names are kept once for all files, and
//! of a file a set of numbers: some hundred bytes instead of some hundred thousand.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use indexmap::IndexSet;
use roaring::RoaringBitmap;

/// A distinct service, operation and span kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Operation {
    pub(crate) service_name: Option<String>,
    pub(crate) name: String,
    pub(crate) kind: i8,
}

/// All operations of a table's files, numbered as they came; none is taken out while the process
/// runs.
#[derive(Debug, Default)]
pub(crate) struct OperationNumbers {
    known: RwLock<IndexSet<Operation>>,
}

impl OperationNumbers {
    /// The numbers of some operations; new ones get the next.
    pub(crate) fn note(&self, operations: BTreeSet<Operation>) -> RoaringBitmap {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let numbers = operations
            .into_iter()
            .map(|operation| known.insert_full(operation).0);
        let numbers = numbers.map(|number| u32::try_from(number).expect("fewer than 2^32 names"));
        numbers.collect()
    }

    /// The operations of some numbers.
    pub(crate) fn of(&self, numbers: &RoaringBitmap) -> BTreeSet<Operation> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let operations = numbers
            .iter()
            .filter_map(|number| known.get_index(number as usize).cloned());
        operations.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operations(numbers: std::ops::Range<usize>) -> BTreeSet<Operation> {
        let operations = numbers.map(|number| Operation {
            service_name: (number % 3 > 0).then(|| format!("service-{}", number % 3)),
            name: format!("GET /{number}"),
            kind: 2,
        });
        operations.collect()
    }

    #[test]
    fn each_file_has_its_own_and_names_are_kept_once() {
        let numbers = OperationNumbers::default();
        let one = numbers.note(operations(0..4_000));
        let other = numbers.note(operations(2_000..5_000));
        let nothing = numbers.note(BTreeSet::new());
        assert_eq!(numbers.of(&one), operations(0..4_000));
        assert_eq!(numbers.of(&other), operations(2_000..5_000));
        assert_eq!(numbers.of(&(&one | &other)), operations(0..5_000));
        assert!(numbers.of(&nothing).is_empty());
        let known = numbers.known.read().expect("no panic");
        assert_eq!(known.len(), 5_000);
        assert!(one.serialized_size() < 9_000, "{}", one.serialized_size());
    }
}
