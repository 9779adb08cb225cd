//! How long each call worked itself.

use super::call_tree::{CallTree, Siblings};
use super::interval::covered;

/// The self time of each call in nanoseconds: its duration without the time in which at least one
/// of its children ran. What a child did before its parent began or after it ended does not count.
pub(crate) fn self_times(tree: &CallTree) -> Vec<i64> {
    self_times_of(tree, &tree.siblings())
}

pub(super) fn self_times_of(tree: &CallTree, siblings: &Siblings) -> Vec<i64> {
    let durations = tree.calls.iter().map(|call| call.time.length());
    let mut self_times: Vec<i64> = durations.collect();
    for (parent, children) in siblings.groups() {
        let times = children.iter().map(|call| tree.time_within_parent(*call));
        self_times[parent] -= covered(times);
    }
    self_times
}
