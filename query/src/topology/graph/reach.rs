//! The part of a graph that lies near a node.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
    let mut from: BTreeMap<&TopologyNode, Vec<usize>> = BTreeMap::new();
    for (position, edge) in edges.iter().enumerate() {
        from.entry(ends(edge).0).or_default().push(position);
    }
    let nodes = from.keys().copied();
    let mut seen: BTreeSet<&TopologyNode> = nodes.filter(|node| node.name == focus).collect();
    let mut waiting: VecDeque<(&TopologyNode, usize)> =
        seen.iter().map(|node| (*node, 0)).collect();
    let mut reached = BTreeSet::new();
    while let Some((node, step)) = waiting.pop_front() {
        if step == limit {
            continue;
        }
        for position in from.get(node).into_iter().flatten() {
            let (_, there) = ends(&edges[*position]);
            reached.insert(*position);
            if seen.insert(there) {
                waiting.push_back((there, step + 1));
            }
        }
    }
    reached
}
