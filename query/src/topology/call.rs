//! One call.

use schemas::UnixNanos;

use super::names::{Name, Names};
use super::peer::{ConnectionType, NodeKind};

/// Something that calls or is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    /// None for the user, who has no name.
    pub(crate) name: Option<Name>,
}

/// The name of whoever called without sending spans.
const USER: &str = "user";

impl Node {
    /// Its name.
    pub(crate) fn text(self, names: &Names) -> &str {
        names.text_of(self.name).unwrap_or(USER)
    }
}

/// An end of a call: a node, and which part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct End {
    pub(crate) node: Node,
    /// `service.version`, where the node's span says.
    pub(crate) version: Option<Name>,
    /// `cloud.availability_zone`, where the node's span says.
    pub(crate) zone: Option<Name>,
}

impl End {
    pub(crate) const USER: Self = Self::unseen(NodeKind::User, None);

    /// An end that sends no spans.
    pub(crate) const fn unseen(kind: NodeKind, name: Option<Name>) -> Self {
        Self {
            node: Node { kind, name },
            version: None,
            zone: None,
        }
    }
}

/// What was called: the name of a span, and the service that the span is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CalledOperation {
    pub(crate) service: Option<Name>,
    pub(crate) name: Name,
}

/// A call from one node to another, with what is known of its two halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) caller: End,
    pub(crate) callee: End,
    pub(crate) connection: ConnectionType,
    /// By the callee's span, or by the caller's where that is all there is.
    pub(crate) operation: Option<CalledOperation>,
    /// The start of the half that started it.
    pub(crate) start: UnixNanos,
    /// Whether either half failed.
    pub(crate) is_error: bool,
    /// How long the caller's half took, in nanoseconds.
    pub(crate) client_nano: Option<i64>,
    /// How long the callee's half took, in nanoseconds.
    pub(crate) server_nano: Option<i64>,
}

/// Whether something is added to sums, or taken from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Sign {
    /// It counts.
    Added,
    /// It was counted, and counts no more.
    Taken,
}

impl Sign {
    /// 1 or −1.
    pub(crate) fn weight(self) -> i8 {
        match self {
            Self::Added => 1,
            Self::Taken => -1,
        }
    }

    pub(crate) fn of_weight(weight: i8) -> Self {
        if weight < 0 { Self::Taken } else { Self::Added }
    }
}
