//! The calls that a trace had to wait for.

use std::cmp::Reverse;

use super::call_tree::{Call, CallTree, Siblings};
use super::interval::Interval;

/// The chain of work that decided how long the trace took: at each instant of its root's time, the
/// one call that was being waited for.
///
/// It is found from the end: a call waits for the child that ended last; before that child began,
/// for the child that had ended last by then; and so on down to its own start. Where it waited for
/// no child, it worked itself. What a child did outside of the time in which it was waited for is
/// cut off, as Jaeger's UI and Uber's CRISP do: a child that outlives its parent counts to the
/// parent's end.
#[derive(Clone, Debug)]
pub(crate) struct CriticalPath {
    /// The root that it leads from: the one that took longest, of equals the first; none when the
    /// trace has no calls.
    pub(crate) root: Option<usize>,
    /// Whether each call is on the path. One that waited for children all the time is on it without
    /// a segment of its own.
    pub(crate) is_on: Vec<bool>,
    /// The calls' own work on the path, by time; together they cover the root's time exactly.
    pub(crate) segments: Vec<Segment>,
    /// How long each call is itself what is waited for, in nanoseconds.
    pub(crate) own_nano: Vec<i64>,
}

/// A stretch of time in which one call was what the trace waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) call: usize,
    pub(crate) time: Interval,
}

impl CriticalPath {
    /// The path of the trace.
    pub(crate) fn of(tree: &CallTree) -> Self {
        Self::among(tree, &tree.siblings())
    }

    pub(super) fn among(tree: &CallTree, siblings: &Siblings) -> Self {
        let calls = tree.calls.iter().enumerate();
        let root = calls
            .filter(|(_, call)| call.parent.is_none())
            .min_by_key(|(_, root)| Reverse(root.time.length()))
            .map(|(position, _)| position);
        let mut walk = Walk {
            tree,
            waited_for: vec![None; tree.calls.len()],
            is_shared_out: vec![false; tree.calls.len()],
            segments: Vec::new(),
        };
        if let Some(root) = root {
            walk.waited_for[root] = Some(tree.calls[root].time);
        }
        // Parents come in the order of the tree, so when it is their turn, it is known whether and
        // when they are waited for themselves.
        for (parent, children) in siblings.groups() {
            walk.go_down(parent, children);
        }
        walk.finish(root)
    }

    /// How long the path is, in nanoseconds: the root's duration.
    pub(crate) fn length_nano(&self) -> i64 {
        let lengths = self.segments.iter().map(|segment| segment.time.length());
        lengths.fold(0, i64::saturating_add)
    }
}

struct Walk<'a> {
    tree: &'a CallTree,
    /// When each call was waited for; none for calls that are not on the path.
    waited_for: Vec<Option<Interval>>,
    /// Whether that time is among the segments already, the call's or its children's.
    is_shared_out: Vec<bool>,
    segments: Vec<Segment>,
}

impl Walk<'_> {
    /// Goes back through the time in which `parent` was waited for and finds its children's part.
    fn go_down(&mut self, parent: usize, children: Vec<usize>) {
        let Some(window) = self.waited_for[parent] else {
            return;
        };
        let cut = |call: usize| (call, self.tree.calls[call].time.within(window));
        let mut last_first: Vec<(usize, Interval)> = children.into_iter().map(cut).collect();
        // Of those that ended together the longest, because it explains the most.
        last_first.sort_unstable_by_key(|(call, time)| (Reverse(time.end), time.start, *call));
        let mut later: Option<Interval> = None;
        let mut covered_from = window.end;
        for (call, time) in last_first {
            if time.length() == 0 || later.is_some_and(|later| !later.follows(time)) {
                continue;
            }
            let waited = Interval {
                start: time.start,
                end: time.end.min(covered_from),
            };
            self.waited_for[call] = Some(waited);
            self.push(parent, waited.end, covered_from);
            covered_from = waited.start;
            later = Some(time);
        }
        self.push(parent, window.start, covered_from);
        self.is_shared_out[parent] = true;
    }

    fn push(&mut self, call: usize, start: i64, end: i64) {
        if start < end {
            self.segments.push(Segment {
                call,
                time: Interval { start, end },
            });
        }
    }

    fn finish(mut self, root: Option<usize>) -> CriticalPath {
        for call in 0..self.waited_for.len() {
            if let Some(waited) = self.waited_for[call].filter(|_| !self.is_shared_out[call]) {
                self.push(call, waited.start, waited.end);
            }
        }
        self.segments
            .sort_unstable_by_key(|segment| segment.time.start);
        let mut own_nano = vec![0_i64; self.waited_for.len()];
        for segment in &self.segments {
            own_nano[segment.call] = own_nano[segment.call].saturating_add(segment.time.length());
        }
        CriticalPath {
            root,
            is_on: self.waited_for.iter().map(Option::is_some).collect(),
            segments: self.segments,
            own_nano,
        }
    }
}

/// The call on the path whose own work there took longest, of equals the first; placeholders
/// cannot be it.
pub(super) fn bottleneck(tree: &CallTree, path: &CriticalPath) -> Option<usize> {
    let is_known = |(_, call): &(usize, &Call)| !call.is_placeholder;
    let calls = tree.calls.iter().enumerate().filter(is_known);
    calls
        .map(|(position, _)| position)
        .filter(|position| path.is_on[*position])
        .min_by_key(|position| Reverse(path.own_nano[*position]))
}

#[cfg(test)]
mod tests;
