//! What a trace's tree tells about where its time went and what went wrong.
//!
//! ```text
//!   Trace ──► CallTree ──► self time · critical path · first error            ─► Diagnosis
//!             compact      repeated calls · serial siblings · zone crossings
//! ```
//!
//! Each finding is a function of the [`CallTree`] alone. Parents stand before their children there,
//! so that every one of them is a pass over a list or over a sorted list: nothing is recursive, and
//! nothing takes more than O(n log n).

mod call_tree;
mod critical_path;
mod findings;
mod first_error;
mod interval;
mod names;
mod of_trace;
mod repeated_calls;
mod self_time;
mod serial_siblings;
mod service_shares;
mod zone_crossings;

pub(crate) use call_tree::CallTree;
pub(crate) use critical_path::CriticalPath;
pub(crate) use findings::Diagnosis;
pub(crate) use first_error::FirstError;
pub(crate) use interval::Interval;
pub(crate) use names::Names;
pub(crate) use repeated_calls::{RepeatedCalls, Repetition};
pub(crate) use self_time::self_times;
pub(crate) use serial_siblings::{SerialSiblings, Target};
pub(crate) use service_shares::ServiceShare;
pub(crate) use zone_crossings::ZoneCrossing;

#[cfg(test)]
mod tests;
