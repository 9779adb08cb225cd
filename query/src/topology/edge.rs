//! What makes an edge.

use std::hash::{Hash, Hasher};

use super::call::{Call, End, Node};
use super::fast_map::Words;
use super::names::{Name, NameOrder, Renamed};
use super::peer::ConnectionType;
use super::query::TopologyDimension;

/// An edge: calls from one end to another by one means.
#[derive(Clone, Copy, Debug, Eq)]
pub(crate) struct EdgeKey {
    pub(crate) caller: End,
    pub(crate) callee: End,
    pub(crate) connection: ConnectionType,
    pub(crate) operation: Option<Name>,
}

impl PartialEq for EdgeKey {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Hash for EdgeKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.code().hash(state);
    }
}

impl EdgeKey {
    /// All of it in few words: it is looked up for each call.
    #[inline]
    pub(crate) fn code(&self) -> Words<4> {
        let Self {
            caller,
            callee,
            connection,
            operation,
        } = self;
        let kinds = [
            caller.node.kind as u64,
            callee.node.kind as u64,
            *connection as u64,
        ];
        let kinds = kinds.into_iter().fold(0, |kinds, kind| kinds << 8 | kind);
        Words([
            Name::pair(caller.node.name, callee.node.name),
            Name::pair(caller.version, caller.zone),
            Name::pair(callee.version, callee.zone),
            u64::from(Name::code(*operation)) << 32 | kinds,
        ])
    }

    /// The edge of a call, with everything that it can be told apart by.
    pub(crate) fn of(call: &Call) -> Self {
        Self {
            caller: call.caller,
            callee: call.callee,
            connection: call.connection,
            operation: call.operation.map(|operation| operation.name),
        }
    }

    /// The edge between whole nodes and of all operations, but for some dimensions.
    pub(crate) fn told_apart_by(self, is_by: impl Fn(TopologyDimension) -> bool) -> Self {
        let part = |end: End| End {
            version: end.version.filter(|_| is_by(TopologyDimension::Version)),
            zone: end.zone.filter(|_| is_by(TopologyDimension::Zone)),
            ..end
        };
        Self {
            caller: part(self.caller),
            callee: part(self.callee),
            operation: self
                .operation
                .filter(|_| is_by(TopologyDimension::Operation)),
            ..self
        }
    }

    /// The same edge, by the names that its texts go by elsewhere.
    pub(crate) fn renamed(self, renamed: &Renamed) -> Self {
        let end = |end: End| End {
            node: Node {
                name: renamed.name(end.node.name),
                ..end.node
            },
            version: renamed.name(end.version),
            zone: renamed.name(end.zone),
        };
        Self {
            caller: end(self.caller),
            callee: end(self.callee),
            connection: self.connection,
            operation: renamed.name(self.operation),
        }
    }

    /// What edges are sorted by.
    pub(crate) fn place(&self, order: &NameOrder) -> impl Ord + use<> {
        let node = |end: End| (order.place(end.node.name), end.node.kind.name());
        let part = |end: End| (order.place(end.version), order.place(end.zone));
        (
            (node(self.caller), node(self.callee)),
            self.connection.name(),
            order.place(self.operation),
            (part(self.caller), part(self.callee)),
        )
    }
}
