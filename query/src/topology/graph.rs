//! Calls as a graph: edges with their figures, and the nodes between them.

mod cycles;
mod figures;
mod reach;
mod sums;
mod totals;

use std::collections::BTreeSet;

use schemas::UnixNanos;

use super::TopologyQuery;
use super::peer::{ConnectionType, NodeKind};

pub use figures::{EdgePoint, HalfFigures};
pub(super) use sums::GraphSums;

/// What a topology's node is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopologyNode {
    /// Its name; nodes of different kinds may share one.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// Its `service.version`, where asked for and known.
    pub version: Option<String>,
    /// Its `cloud.availability_zone`, where asked for and known.
    pub zone: Option<String>,
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
    /// What was called, where asked for and known.
    pub operation: Option<String>,
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
    /// By the start of each step that has calls, in order; empty where steps were not asked for.
    pub points: Vec<(UnixNanos, EdgePoint)>,
}

/// Who calls whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Topology {
    /// By name, then by kind, version and zone; only those with an edge.
    pub nodes: Vec<TopologyNode>,
    /// By caller, callee, means and operation.
    pub edges: Vec<TopologyEdge>,
    /// The nodes that call each other in a circle, or call themselves: positions, in order.
    pub cycles: Vec<Vec<usize>>,
}

/// An edge before its nodes have positions.
#[derive(Debug)]
struct NamedEdge {
    caller: TopologyNode,
    callee: TopologyNode,
    connection: ConnectionType,
    operation: Option<String>,
    total: EdgePoint,
    points: Vec<(UnixNanos, EdgePoint)>,
}

/// The part of a graph that is asked for.
fn of_edges(mut edges: Vec<NamedEdge>, query: &TopologyQuery) -> Topology {
    edges.retain(|edge| edge.total.calls > 0 && edge.total.qps >= query.min_qps);
    let mut edges = reach::near_focus(edges, query);
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
    edges.sort_by_cached_key(|edge| {
        let ends = (position(&edge.caller), position(&edge.callee));
        (ends, edge.connection, edge.operation.clone())
    });
    let edges: Vec<TopologyEdge> = edges
        .into_iter()
        .map(|edge| TopologyEdge {
            caller: position(&edge.caller),
            callee: position(&edge.callee),
            connection: edge.connection,
            operation: edge.operation,
            calls: edge.total.calls,
            errors: edge.total.errors,
            qps: edge.total.qps,
            client: edge.total.client,
            server: edge.total.server,
            points: edge.points,
        })
        .collect();
    let cycles = cycles::of(nodes.len(), &edges);
    Topology {
        nodes,
        edges,
        cycles,
    }
}
