//! Calls from one zone into another.

use std::cmp::Reverse;

use super::call_tree::CallTree;

/// A call whose caller ran in another zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ZoneCrossing {
    pub(crate) parent: usize,
    pub(crate) child: usize,
    /// The attribute that differs.
    pub(crate) key: ZoneKey,
    /// The parent's zone, a number in the tree's zones.
    pub(super) from: usize,
    /// The child's zone.
    pub(super) to: usize,
}

/// The attributes that name a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ZoneKey {
    /// OpenTelemetry's name for a part of a cloud's region.
    AvailabilityZone,
    /// A data centre, as Dapper-like tracers name it.
    Idc,
}

impl ZoneKey {
    /// The attribute's key.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AvailabilityZone => "cloud.availability_zone",
            Self::Idc => "idc",
        }
    }
}

impl ZoneCrossing {
    /// The names of the caller's zone and of the call's.
    pub(crate) fn zone_names<'a>(&self, tree: &'a CallTree) -> (&'a str, &'a str) {
        (tree.zones.name(self.from), tree.zones.name(self.to))
    }
}

/// All calls that cross zones, the longest first. Only what both sides say of themselves under the
/// same key is compared; of two keys that differ, the availability zone is told.
pub(super) fn zone_crossings(tree: &CallTree) -> Vec<ZoneCrossing> {
    let mut found = Vec::new();
    for (child, call) in tree.calls.iter().enumerate() {
        let Some(parent) = call.parent else {
            continue;
        };
        let (here, there) = (tree.calls[parent].zones, call.zones);
        let pairs = [
            (
                ZoneKey::AvailabilityZone,
                here.availability_zone.zip(there.availability_zone),
            ),
            (ZoneKey::Idc, here.idc.zip(there.idc)),
        ];
        let crossing = pairs.into_iter().find_map(|(key, zones)| {
            let (from, to) = zones.filter(|(from, to)| from != to)?;
            Some(ZoneCrossing {
                parent,
                child,
                key,
                from,
                to,
            })
        });
        found.extend(crossing);
    }
    found.sort_unstable_by_key(|crossing| {
        let duration = tree.calls[crossing.child].time.length();
        (Reverse(duration), crossing.child)
    });
    found
}
