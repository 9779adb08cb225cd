//! Calls that ran one after another and might have run together.

use std::cmp::Reverse;

use super::call_tree::{CallTree, Siblings};
use super::interval::Interval;

/// Neighbouring calls under one parent, to at least two targets, of which none overlaps another or
/// any other child of the parent.
///
/// Whether one needs what another gave cannot be seen in a trace. So this says that they ran one
/// after another, and what it would save if they need not: calls to different targets would then
/// run at the same time, those to one target still one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SerialSiblings {
    pub(crate) parent: usize,
    /// The first of them.
    pub(crate) first: usize,
    /// The last of them.
    pub(crate) last: usize,
    /// How many there are.
    pub(crate) count: usize,
    /// What was called, the longest first.
    pub(crate) targets: Vec<Target>,
    /// Their time together, as far as it lies within the parent's, in nanoseconds.
    pub(crate) total_nano: i64,
    /// How much less it would be if different targets were called at the same time.
    pub(crate) saved_nano: i64,
}

/// The calls of one operation of one service among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The first of them, which has the service and the operation.
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) total_nano: i64,
}

/// All serial siblings, those that would save most first.
pub(super) fn serial_siblings(tree: &CallTree, siblings: &Siblings) -> Vec<SerialSiblings> {
    let mut found = Vec::new();
    for (parent, children) in siblings.groups() {
        let timed = children.into_iter().map(|call| Timed {
            call,
            time: tree.time_within_parent(call),
        });
        // A child that ran outside of its parent's time took none of it.
        let timed: Vec<Timed> = timed.filter(|child| child.time.length() > 0).collect();
        let in_rows = stretches(&timed);
        found.extend(in_rows.filter_map(|calls| SerialSiblings::of(tree, parent, &calls)));
    }
    found.sort_unstable_by_key(|serial| (Reverse(serial.saved_nano), serial.first));
    found
}

#[derive(Clone, Copy)]
struct Timed {
    call: usize,
    time: Interval,
}

/// The longest rows of neighbours that overlap nobody; `children` come by start.
fn stretches(children: &[Timed]) -> impl Iterator<Item = Vec<Timed>> {
    let mut rows = vec![Vec::new()];
    let mut overlapping = Vec::new();
    let mut last_to_end: Option<Interval> = None;
    for child in children {
        let is_apart = last_to_end.is_none_or(|last| child.time.follows(last));
        if is_apart {
            settle(&mut rows, &mut overlapping);
        }
        overlapping.push(*child);
        let ends_later = |last: &Interval| last.end >= child.time.end;
        last_to_end = last_to_end.filter(ends_later).or(Some(child.time));
    }
    settle(&mut rows, &mut overlapping);
    rows.into_iter().filter(|row| row.len() > 1)
}

/// Puts a child that overlaps nobody into the row; children that overlap end it.
fn settle(rows: &mut Vec<Vec<Timed>>, overlapping: &mut Vec<Timed>) {
    match (overlapping.as_slice(), rows.last_mut()) {
        ([alone], Some(row)) => row.push(*alone),
        ([], _) => {}
        _ => rows.push(Vec::new()),
    }
    overlapping.clear();
}

impl SerialSiblings {
    /// None when all of them are calls to one target: those are repeated ones.
    fn of(tree: &CallTree, parent: usize, calls: &[Timed]) -> Option<Self> {
        let [first, .., last] = calls else {
            return None;
        };
        let mut by_target = calls.to_vec();
        // Stable: calls of one target stay in the order of their start.
        by_target.sort_by_key(|timed| tree.target(timed.call));
        let same = by_target.chunk_by(|one, next| tree.target(one.call) == tree.target(next.call));
        let mut targets: Vec<Target> = same
            .map(|calls| Target {
                first: calls[0].call,
                count: calls.len(),
                total_nano: total(calls),
            })
            .collect();
        targets.sort_unstable_by_key(|target| (Reverse(target.total_nano), target.first));
        let longest = targets.first().filter(|_| targets.len() > 1)?.total_nano;
        let total_nano = total(calls);
        Some(Self {
            parent,
            first: first.call,
            last: last.call,
            count: calls.len(),
            targets,
            total_nano,
            saved_nano: total_nano.saturating_sub(longest),
        })
    }
}

fn total(calls: &[Timed]) -> i64 {
    let lengths = calls.iter().map(|timed| timed.time.length());
    lengths.fold(0, i64::saturating_add)
}
