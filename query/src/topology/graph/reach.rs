//! The part of a graph that lies near a node.

use std::collections::{BTreeSet, VecDeque};

use super::super::TopologyQuery;
use super::{NamedEdge, TopologyNode};

/// The edges within so many steps of the focus; all of them without one.
pub(super) fn near_focus(edges: Vec<NamedEdge>, query: &TopologyQuery) -> Vec<NamedEdge> {
    let Some(focus) = query.focus.as_deref() else {
        return edges;
    };
    let down = steps(&edges, focus, query.down, |edge| {
        (&edge.caller, &edge.callee)
    });
    let up = steps(&edges, focus, query.up, |edge| (&edge.callee, &edge.caller));
    let keep: Vec<bool> = (0..edges.len())
        .map(|edge| down.contains(&edge) || up.contains(&edge))
        .collect();
    let kept = edges.into_iter().zip(keep).filter(|(_, keep)| *keep);
    kept.map(|(edge, _)| edge).collect()
}

/// The positions of the edges that are reached from the focus, going from the first node that
/// `ends` gives of an edge to the second.
fn steps<'a>(
    edges: &'a [NamedEdge],
    focus: &str,
    limit: usize,
    ends: impl Fn(&'a NamedEdge) -> (&'a TopologyNode, &'a TopologyNode),
) -> BTreeSet<usize> {
    let nodes = edges.iter().flat_map(|edge| [&edge.caller, &edge.callee]);
    let mut seen: BTreeSet<&TopologyNode> = nodes.filter(|node| node.name == focus).collect();
    let mut waiting: VecDeque<(&TopologyNode, usize)> =
        seen.iter().map(|node| (*node, 0)).collect();
    let mut reached = BTreeSet::new();
    while let Some((node, step)) = waiting.pop_front() {
        if step == limit {
            continue;
        }
        for (position, edge) in edges.iter().enumerate() {
            let (here, there) = ends(edge);
            if here != node {
                continue;
            }
            reached.insert(position);
            if seen.insert(there) {
                waiting.push_back((there, step + 1));
            }
        }
    }
    reached
}
