//! Each service's part of a trace.

use std::cmp::Reverse;

use super::call_tree::CallTree;
use super::critical_path::CriticalPath;

/// A service's part of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceShare {
    /// Its number in [`CallTree::services`].
    pub(crate) service: usize,
    /// How many spans it has.
    pub(crate) span_count: usize,
    /// How many of them failed.
    pub(crate) error_count: usize,
    /// The self time of all of them, in nanoseconds; more than the trace took where they ran side
    /// by side.
    pub(crate) self_nano: i64,
    /// Their own work on the critical path, in nanoseconds.
    pub(crate) critical_path_nano: i64,
}

/// All services, those with most of the critical path first, of equals by name. Placeholders are
/// not counted, but the one on the critical path has its share, under their name.
pub(super) fn service_shares(
    tree: &CallTree,
    self_times: &[i64],
    path: &CriticalPath,
) -> Vec<ServiceShare> {
    let numbered = (0..tree.services.all().len()).map(|service| ServiceShare {
        service,
        ..ServiceShare::default()
    });
    let mut shares: Vec<ServiceShare> = numbered.collect();
    for (position, call) in tree.calls.iter().enumerate() {
        let share = &mut shares[call.service];
        share.span_count += usize::from(!call.is_placeholder);
        share.error_count += usize::from(call.is_error);
        share.self_nano = share.self_nano.saturating_add(self_times[position]);
        let on_path = path.own_nano[position];
        share.critical_path_nano = share.critical_path_nano.saturating_add(on_path);
    }
    shares.retain(|share| share.span_count > 0 || share.critical_path_nano > 0);
    shares.sort_unstable_by_key(|share| {
        let name = tree.services.name(share.service);
        (Reverse(share.critical_path_nano), name)
    });
    shares
}
