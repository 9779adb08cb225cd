//! One call.

use schemas::UnixNanos;

use super::peer::{ConnectionType, NodeKind};
use super::spans::Name;

/// An end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// None for the user, who has no name.
    pub(super) name: Option<Name>,
}

impl Node {
    pub(super) const USER: Self = Self {
        kind: NodeKind::User,
        name: None,
    };

    pub(super) fn service(name: Name) -> Self {
        Self {
            kind: NodeKind::Service,
            name: Some(name),
        }
    }
}

/// A call from one node to another, with what is known of its two halves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) caller: Node,
    pub(super) callee: Node,
    pub(super) connection: ConnectionType,
    /// The start of the half that started it.
    pub(super) start: UnixNanos,
    /// Whether either half failed.
    pub(super) is_error: bool,
    /// How long the caller's half took, in nanoseconds.
    pub(super) client_nano: Option<i64>,
    /// How long the callee's half took, in nanoseconds.
    pub(super) server_nano: Option<i64>,
}
