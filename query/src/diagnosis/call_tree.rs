//! A trace as far as its diagnosis depends on it.

use super::interval::Interval;
use super::names::Names;
use schemas::SpanKind;

/// The calls of a trace in pre-order: parents stand before their children.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallTree {
    pub(crate) calls: Vec<Call>,
    pub(crate) services: Names,
    pub(crate) operations: Names,
    pub(super) zones: Names,
}

/// A span, or a placeholder for one that is missing. Calls are named by their position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// Its parent, which stands before it; none for a root.
    pub(crate) parent: Option<usize>,
    pub(crate) depth: usize,
    pub(crate) time: Interval,
    /// Its number in [`CallTree::services`].
    pub(crate) service: usize,
    /// Its number in [`CallTree::operations`].
    pub(crate) operation: usize,
    pub(crate) kind: SpanKind,
    pub(crate) is_error: bool,
    /// Whether nothing is known of it but that it must have been.
    pub(crate) is_placeholder: bool,
    pub(crate) zones: Zones,
}

/// Where a call ran, as numbers in [`CallTree::zones`]; none where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Zones {
    /// `cloud.availability_zone`.
    pub(super) availability_zone: Option<usize>,
    /// `idc`.
    pub(super) idc: Option<usize>,
}

/// The calls that have a parent, those of one parent together.
#[derive(Clone, Debug)]
pub(super) struct Siblings {
    by_parent: Vec<(usize, usize)>,
}

impl CallTree {
    /// The children of each parent, by start.
    pub(super) fn siblings(&self) -> Siblings {
        let calls = self.calls.iter().enumerate();
        let mut by_parent: Vec<(usize, usize)> = calls
            .filter_map(|(position, call)| Some((call.parent?, position)))
            .collect();
        by_parent
            .sort_unstable_by_key(|&(parent, call)| (parent, self.calls[call].time.start, call));
        Siblings { by_parent }
    }

    /// The part of the call's time that lies within its parent's.
    pub(super) fn time_within_parent(&self, call: usize) -> Interval {
        let call = &self.calls[call];
        let parent = call.parent.map(|parent| self.calls[parent].time);
        parent.map_or(call.time, |parent| call.time.within(parent))
    }

    /// What was called: service and operation.
    pub(super) fn target(&self, call: usize) -> (usize, usize) {
        (self.calls[call].service, self.calls[call].operation)
    }
}

impl Siblings {
    /// Each parent with its children by start; parents in the order of the tree.
    pub(super) fn groups(&self) -> impl Iterator<Item = (usize, Vec<usize>)> {
        let groups = self.by_parent.chunk_by(|one, next| one.0 == next.0);
        groups.map(|group| (group[0].0, group.iter().map(|(_, call)| *call).collect()))
    }
}
