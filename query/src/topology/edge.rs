//! What makes an edge.

use super::call::{Call, End};
use super::names::{Name, NameOrder};
use super::peer::ConnectionType;

/// An edge: calls from one end to another by one means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct EdgeKey {
    pub(super) caller: End,
    pub(super) callee: End,
    pub(super) connection: ConnectionType,
    pub(super) operation: Option<Name>,
}

impl EdgeKey {
    /// The edge of a call, with everything that it can be told apart by.
    pub(super) fn of(call: &Call) -> Self {
        Self {
            caller: call.caller,
            callee: call.callee,
            connection: call.connection,
            operation: call.operation.map(|operation| operation.name),
        }
    }

    /// The edge between whole nodes, of all operations.
    pub(super) fn total(self) -> Self {
        Self {
            caller: self.caller.whole(),
            callee: self.callee.whole(),
            operation: None,
            ..self
        }
    }

    /// What edges are sorted by.
    pub(super) fn place(&self, order: &NameOrder) -> impl Ord + use<> {
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
