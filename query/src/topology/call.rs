//! One call.

use schemas::UnixNanos;

use super::names::Name;
use super::peer::{ConnectionType, NodeKind};

/// Something that calls or is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// None for the user, who has no name.
    pub(super) name: Option<Name>,
}

/// An end of a call: a node, and which part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct End {
    pub(super) node: Node,
    /// `service.version`, where the node's span says.
    pub(super) version: Option<Name>,
    /// `cloud.availability_zone`, where the node's span says.
    pub(super) zone: Option<Name>,
}

impl End {
    pub(super) const USER: Self = Self::unseen(NodeKind::User, None);

    /// An end that sends no spans.
    pub(super) const fn unseen(kind: NodeKind, name: Option<Name>) -> Self {
        Self {
            node: Node { kind, name },
            version: None,
            zone: None,
        }
    }

    /// The node alone.
    pub(super) fn whole(self) -> Self {
        Self::unseen(self.node.kind, self.node.name)
    }
}

/// What was called: the name of a span, and the service that the span is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct CalledOperation {
    pub(super) service: Option<Name>,
    pub(super) name: Name,
}

/// A call from one node to another, with what is known of its two halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call {
    pub(super) caller: End,
    pub(super) callee: End,
    pub(super) connection: ConnectionType,
    /// By the callee's span, or by the caller's where that is all there is.
    pub(super) operation: Option<CalledOperation>,
    /// The start of the half that started it.
    pub(super) start: UnixNanos,
    /// Whether either half failed.
    pub(super) is_error: bool,
    /// How long the caller's half took, in nanoseconds.
    pub(super) client_nano: Option<i64>,
    /// How long the callee's half took, in nanoseconds.
    pub(super) server_nano: Option<i64>,
}

/// Whether something is added to sums, or taken from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Sign {
    /// It counts.
    Added,
    /// It was counted, and counts no more.
    Taken,
}

impl Sign {
    /// 1 or −1.
    pub(super) fn weight(self) -> i8 {
        match self {
            Self::Added => 1,
            Self::Taken => -1,
        }
    }

    pub(super) fn of_weight(weight: i8) -> Self {
        if weight < 0 { Self::Taken } else { Self::Added }
    }
}
