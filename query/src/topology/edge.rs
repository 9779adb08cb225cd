//! What makes an edge.

use std::hash::{Hash, Hasher};

use super::call::{Call, End, Node};
use super::fast_map::FastMap;
use super::names::{Name, NameOrder, Renamed};
use super::peer::ConnectionType;
use super::query::TopologyDimension;

/// An edge: calls from one end to another by one means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EdgeKey {
    pub(crate) caller: End,
    pub(crate) callee: End,
    pub(crate) connection: ConnectionType,
    pub(crate) operation: Option<Name>,
}

impl Hash for EdgeKey {
    /// In few words: it is hashed for each call.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self {
            caller,
            callee,
            connection,
            operation,
        } = self;
        let pair = |high, low| Name::code(high) << 32 | Name::code(low);
        let kinds = [
            caller.node.kind as u64,
            callee.node.kind as u64,
            *connection as u64,
        ];
        let kinds = kinds.into_iter().fold(0, |kinds, kind| kinds << 8 | kind);
        state.write_u64(pair(caller.node.name, callee.node.name));
        state.write_u64(pair(caller.version, caller.zone));
        state.write_u64(pair(callee.version, callee.zone));
        state.write_u64(Name::code(*operation) << 32 | kinds);
    }
}

impl EdgeKey {
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

/// Edges by number.
#[derive(Debug, Default)]
pub(crate) struct EdgeNumbers {
    edges: Vec<EdgeKey>,
    numbers: FastMap<EdgeKey, u32>,
}

impl EdgeNumbers {
    pub(crate) fn number_of(&mut self, edge: EdgeKey) -> u32 {
        *self.numbers.entry(edge).or_insert_with(|| {
            self.edges.push(edge);
            u32::try_from(self.edges.len() - 1).expect("fewer edges than spans in memory")
        })
    }

    /// The edges in order of their numbers.
    pub(crate) fn edges(&self) -> &[EdgeKey] {
        &self.edges
    }

    /// The edges in order, and the place in it of each number.
    pub(crate) fn ranked(self, order: &NameOrder) -> (Vec<EdgeKey>, Vec<u32>) {
        let mut edges: Vec<(usize, EdgeKey)> = self.edges.into_iter().enumerate().collect();
        edges.sort_by_cached_key(|(_, edge)| edge.place(order));
        let mut ranks = vec![0; edges.len()];
        for (rank, (number, _)) in (0..).zip(&edges) {
            ranks[*number] = rank;
        }
        let edges = edges.into_iter().map(|(_, edge)| edge);
        (edges.collect(), ranks)
    }

    /// The memory that the edges take, about, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.edges.len() * 3 * size_of::<EdgeKey>()
    }
}
