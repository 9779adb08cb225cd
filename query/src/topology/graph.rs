//! Calls as a graph: edges with their figures, and the nodes between them.

mod cycles;
mod figures;
mod reach;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::TopologyQuery;
use super::call::{Call, Node};
use super::peer::{ConnectionType, NodeKind};
use super::spans::Names;

use figures::EdgeCell;
pub use figures::HalfFigures;

/// The name of whoever called without sending spans.
const USER: &str = "user";

/// What a topology's node is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopologyNode {
    /// Its name; nodes of different kinds may share one.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
}

/// The calls from one node to another by one means.
#[derive(Clone, Debug, PartialEq)]
pub struct TopologyEdge {
    /// The position of the caller in [`Topology::nodes`].
    pub caller: usize,
    /// The position of the callee in [`Topology::nodes`].
    pub callee: usize,
    /// By what means.
    pub connection: ConnectionType,
    /// How many calls.
    pub calls: u64,
    /// How many of them failed on either side.
    pub errors: u64,
    /// Calls a second.
    pub qps: f64,
    /// Durations as the caller saw them; none when no caller's half is known.
    pub client: Option<HalfFigures>,
    /// Durations as the callee saw them; none when no callee's half is known.
    pub server: Option<HalfFigures>,
}

/// Who calls whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Topology {
    /// By name, then by kind; only those with an edge.
    pub nodes: Vec<TopologyNode>,
    /// By caller, callee and means.
    pub edges: Vec<TopologyEdge>,
    /// The nodes that call each other in a circle, or call themselves: positions, in order.
    pub cycles: Vec<Vec<usize>>,
}

type Key = (Node, Node, ConnectionType);

/// A graph being made.
pub(super) struct Graph<'a> {
    query: &'a TopologyQuery,
    edges: BTreeMap<Key, EdgeCell>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(query: &'a TopologyQuery) -> Self {
        Self {
            query,
            edges: BTreeMap::new(),
        }
    }

    /// Counts a call that started in the range.
    pub(super) fn add(&mut self, call: Call) {
        let range = self.query.range;
        if (range.from..range.to).contains(&call.start) {
            let key = (call.caller, call.callee, call.connection);
            self.edges.entry(key).or_default().add(&call);
        }
    }

    pub(super) fn finish(self, names: &Names) -> Topology {
        let Self { query, edges } = self;
        let over = query.range.length();
        let node = |node: Node| TopologyNode {
            name: node.name.map_or(USER, |name| names.text(name)).to_owned(),
            kind: node.kind,
        };
        let edges: Vec<NamedEdge> = edges
            .into_iter()
            .map(|((caller, callee, connection), cell)| NamedEdge {
                caller: node(caller),
                callee: node(callee),
                connection,
                cell,
            })
            .filter(|edge| edge.cell.qps(over) >= query.min_qps)
            .collect();
        numbered(reach::near_focus(edges, query), over, &query.percentiles)
    }
}

/// An edge before its nodes have positions.
#[derive(Debug)]
struct NamedEdge {
    caller: TopologyNode,
    callee: TopologyNode,
    connection: ConnectionType,
    cell: EdgeCell,
}

fn numbered(mut edges: Vec<NamedEdge>, over: Duration, percentiles: &[f64]) -> Topology {
    let nodes: BTreeSet<&TopologyNode> = edges
        .iter()
        .flat_map(|edge| [&edge.caller, &edge.callee])
        .collect();
    let nodes: Vec<TopologyNode> = nodes.into_iter().cloned().collect();
    let position = |node: &TopologyNode| {
        nodes
            .binary_search(node)
            .expect("every end of an edge is a node")
    };
    edges.sort_by(|one, other| {
        let key = |edge: &NamedEdge| {
            (
                position(&edge.caller),
                position(&edge.callee),
                edge.connection,
            )
        };
        key(one).cmp(&key(other))
    });
    let edges: Vec<TopologyEdge> = edges
        .into_iter()
        .map(|mut edge| TopologyEdge {
            caller: position(&edge.caller),
            callee: position(&edge.callee),
            connection: edge.connection,
            calls: edge.cell.calls,
            errors: edge.cell.errors,
            qps: edge.cell.qps(over),
            client: edge.cell.client.figures(percentiles),
            server: edge.cell.server.figures(percentiles),
        })
        .collect();
    let cycles = cycles::of(nodes.len(), &edges);
    Topology {
        nodes,
        edges,
        cycles,
    }
}
