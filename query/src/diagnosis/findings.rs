//! Everything that is found in one trace.

use super::call_tree::CallTree;
use super::critical_path::{self, CriticalPath};
use super::first_error::{FirstError, first_error};
use super::repeated_calls::{RepeatedCalls, Repetition, repeated_calls};
use super::self_time::self_times_of;
use super::serial_siblings::{SerialSiblings, serial_siblings};
use super::service_shares::{ServiceShare, service_shares};
use super::zone_crossings::{ZoneCrossing, zone_crossings};

/// Everything that is found in one trace. Calls are named by their position in its [`CallTree`].
#[derive(Clone, Debug)]
pub(crate) struct Diagnosis {
    /// The self time of each call, in nanoseconds.
    pub(crate) self_times: Vec<i64>,
    pub(crate) critical_path: CriticalPath,
    /// The call on the critical path that itself took most of it.
    pub(crate) bottleneck: Option<usize>,
    /// By their part of the critical path.
    pub(crate) services: Vec<ServiceShare>,
    pub(crate) first_error: Option<FirstError>,
    /// In how many calls a failure began.
    pub(crate) error_origin_count: usize,
    /// Those that took most time first.
    pub(crate) repeated_calls: Vec<RepeatedCalls>,
    /// Those that would save most first.
    pub(crate) serial_siblings: Vec<SerialSiblings>,
    /// The longest calls first.
    pub(crate) zone_crossings: Vec<ZoneCrossing>,
}

impl Diagnosis {
    /// The diagnosis of a trace.
    pub(crate) fn of(tree: &CallTree, repetition: Repetition) -> Self {
        let siblings = tree.siblings();
        let self_times = self_times_of(tree, &siblings);
        let critical_path = CriticalPath::among(tree, &siblings);
        let (first_error, error_origin_count) = first_error(tree);
        Self {
            bottleneck: critical_path::bottleneck(tree, &critical_path),
            services: service_shares(tree, &self_times, &critical_path),
            self_times,
            critical_path,
            first_error,
            error_origin_count,
            repeated_calls: repeated_calls(tree, &siblings, repetition),
            serial_siblings: serial_siblings(tree, &siblings),
            zone_crossings: zone_crossings(tree),
        }
    }
}
