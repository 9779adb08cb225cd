//! Where the first error began.

use std::cmp::Reverse;

use super::call_tree::{Call, CallTree};

/// Where a failure began, and how far up it went.
///
/// A failure *begins* in a failed call none of whose children failed. It goes up as long as each
/// parent failed too. Of all that began, the one that went up the highest is told, since lower ones
/// were dealt with; of those the one that ended first, since calls fail when they end; then the one
/// that started first, the deepest, and the first in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FirstError {
    /// The call in which it began.
    pub(crate) origin: usize,
    /// The highest call that failed because of it; the origin itself when its parent did not fail.
    pub(crate) reached: usize,
}

/// The first error, and how many failures began anywhere.
pub(super) fn first_error(tree: &CallTree) -> (Option<FirstError>, usize) {
    let calls = &tree.calls;
    let mut has_failed_child = vec![false; calls.len()];
    // The highest call that each one's failure reached; parents stand before their children.
    let mut reached: Vec<usize> = (0..calls.len()).collect();
    for (position, call) in calls.iter().enumerate() {
        if let Some(parent) = call.parent.filter(|_| call.is_error) {
            has_failed_child[parent] = true;
            if calls[parent].is_error {
                reached[position] = reached[parent];
            }
        }
    }
    let is_origin =
        |(position, call): &(usize, &Call)| call.is_error && !has_failed_child[*position];
    let origins = calls.iter().enumerate().filter(is_origin);
    let first = origins.clone().min_by_key(|(position, call)| {
        let height = calls[reached[*position]].depth;
        (height, call.time.end, call.time.start, Reverse(call.depth))
    });
    let first = first.map(|(origin, _)| FirstError {
        origin,
        reached: reached[origin],
    });
    (first, origins.count())
}
