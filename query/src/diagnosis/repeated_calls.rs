//! One call making the same call again and again: the N+1 pattern.

use std::cmp::Reverse;

use super::call_tree::{CallTree, Siblings};
use super::interval::{Interval, covered};

/// How many calls of one operation under one parent are repeated ones; at least 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repetition(usize);

/// Calls of one operation of one service under one parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepeatedCalls {
    pub(crate) parent: usize,
    /// The first of them; the others have its service and operation.
    pub(crate) first: usize,
    /// How many there are.
    pub(crate) count: usize,
    /// Their durations together, in nanoseconds.
    pub(crate) total_nano: i64,
    /// The time in which at least one of them ran, in nanoseconds.
    pub(crate) elapsed_nano: i64,
}

impl Repetition {
    /// Where an N+1 pattern is worth to be told.
    pub(crate) const DEFAULT: usize = 5;

    /// At least `count` calls; none when `count` is below 2, since one call repeats nothing.
    pub(crate) fn at_least(count: usize) -> Option<Self> {
        (count >= 2).then_some(Self(count))
    }

    /// The least count.
    pub(crate) fn count(self) -> usize {
        self.0
    }
}

impl Default for Repetition {
    fn default() -> Self {
        Self(Self::DEFAULT)
    }
}

/// All repeated calls, those that took most time first.
pub(super) fn repeated_calls(
    tree: &CallTree,
    siblings: &Siblings,
    repetition: Repetition,
) -> Vec<RepeatedCalls> {
    let mut found = Vec::new();
    for (parent, mut children) in siblings.groups() {
        if children.len() < repetition.0 {
            continue;
        }
        // Stable: calls of one target stay in the order of their start.
        children.sort_by_key(|call| tree.target(*call));
        let same = children.chunk_by(|one, next| tree.target(*one) == tree.target(*next));
        for calls in same.filter(|calls| calls.len() >= repetition.0) {
            let times = calls.iter().map(|call| tree.calls[*call].time);
            let lengths = times.clone().map(Interval::length);
            found.push(RepeatedCalls {
                parent,
                first: calls[0],
                count: calls.len(),
                total_nano: lengths.fold(0, i64::saturating_add),
                elapsed_nano: covered(times),
            });
        }
    }
    found.sort_unstable_by_key(|calls| (Reverse(calls.total_nano), calls.first));
    found
}
