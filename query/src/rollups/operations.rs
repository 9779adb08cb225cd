//! How many operations of a service are told apart.

use std::collections::{HashMap, HashSet};

use schemas::UNKNOWN_SERVICE;
use schemas::rollups::OTHER_OPERATIONS;

/// The operations that rollups keep, by service: the first so many that were met. All further ones
/// count as [`OTHER_OPERATIONS`], so that names made of ids cannot make the tables grow with the
/// spans.
///
/// The set only grows: a name that was kept once is kept for good, so the rows of a name are all of
/// its spans from its first on.
#[derive(Debug)]
pub(crate) struct OperationLimits {
    per_service: usize,
    kept: HashMap<String, HashSet<String>>,
}

impl OperationLimits {
    pub(crate) fn new(per_service: usize) -> Self {
        Self {
            per_service,
            kept: HashMap::new(),
        }
    }

    /// The name by which an operation counts: its own, or [`OTHER_OPERATIONS`]. A name that is new
    /// is kept from now on where its service has room.
    pub(crate) fn kept<'a>(&mut self, service: Option<&str>, name: &'a str) -> &'a str {
        let per_service = self.per_service;
        let kept = self.of_service(service);
        if kept.contains(name) {
            return name;
        }
        if kept.len() >= per_service || name == OTHER_OPERATIONS {
            return OTHER_OPERATIONS;
        }
        kept.insert(name.to_owned());
        name
    }

    /// Keeps a name that is in the table already, whatever the limit is now.
    pub(crate) fn admit(&mut self, service: Option<&str>, name: &str) {
        let kept = self.of_service(service);
        if name != OTHER_OPERATIONS && !kept.contains(name) {
            kept.insert(name.to_owned());
        }
    }

    /// How many of a service's names count as [`OTHER_OPERATIONS`], or will once their spans are
    /// counted: those that are not kept, less those for which there is room. `names` are distinct.
    pub(crate) fn beyond<'a>(
        &self,
        service: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> usize {
        let kept = self.kept.get(service);
        let is_kept = |name: &str| kept.is_some_and(|kept| kept.contains(name));
        let names = names.into_iter();
        let others = names.filter(|name| *name != OTHER_OPERATIONS && !is_kept(name));
        let room = self
            .per_service
            .saturating_sub(kept.map_or(0, HashSet::len));
        others.count().saturating_sub(room)
    }

    fn of_service(&mut self, service: Option<&str>) -> &mut HashSet<String> {
        let service = service.unwrap_or(UNKNOWN_SERVICE);
        if !self.kept.contains_key(service) {
            self.kept.insert(service.to_owned(), HashSet::new());
        }
        self.kept
            .get_mut(service)
            .expect("the service was put there if it was not")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_limit_are_other_operations() {
        let mut limits = OperationLimits::new(2);
        let mut check = |service, name, expect| assert_eq!(limits.kept(service, name), expect);
        check(Some("shop"), "a", "a");
        check(Some("shop"), OTHER_OPERATIONS, OTHER_OPERATIONS);
        check(Some("shop"), "b", "b");
        check(Some("shop"), "c", OTHER_OPERATIONS);
        check(Some("shop"), "a", "a");
        check(Some("cart"), "c", "c");
        check(None, "c", "c");
        check(Some(UNKNOWN_SERVICE), "d", "d");
        check(None, "e", OTHER_OPERATIONS);
    }

    #[test]
    fn names_beyond_the_limit_are_counted() {
        let mut limits = OperationLimits::new(2);
        let names = ["a", "b", "c", "d", OTHER_OPERATIONS];
        assert_eq!(limits.beyond("shop", names), 2);
        limits.kept(Some("shop"), "d");
        assert_eq!(limits.beyond("shop", names), 2);
        assert_eq!(limits.beyond("shop", ["a", "d"]), 0);
        // The limit was higher once.
        for name in ["a", "b"] {
            limits.admit(Some("shop"), name);
        }
        assert_eq!(limits.beyond("shop", names), 1);
        assert_eq!(limits.beyond("cart", ["c"]), 0);
    }

    #[test]
    fn names_of_the_table_stay_when_the_limit_is_lowered() {
        let mut limits = OperationLimits::new(1);
        for name in ["a", "b", OTHER_OPERATIONS] {
            limits.admit(Some("shop"), name);
        }
        assert_eq!(limits.kept(Some("shop"), "b"), "b");
        assert_eq!(limits.kept(Some("shop"), "c"), OTHER_OPERATIONS);
    }
}
