//! Operations: what services do.

use schemas::SpanKind;

/// A kind of span that a service has: its name and its role in calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// The spans' name.
    pub name: String,
    /// The spans' kind.
    pub kind: SpanKind,
}
