//! Nodes that call each other in a circle: the strongly connected components of the graph.

use super::TopologyEdge;

const UNSEEN: usize = usize::MAX;

/// The circles of a graph of so many nodes, each as positions in order, by their first node. A
/// node that calls itself is one. Tarjan's algorithm, without recursion.
pub(super) fn of(nodes: usize, edges: &[TopologyEdge]) -> Vec<Vec<usize>> {
    let mut callees = vec![Vec::new(); nodes];
    let mut calls_itself = vec![false; nodes];
    for edge in edges {
        callees[edge.caller].push(edge.callee);
        calls_itself[edge.caller] |= edge.caller == edge.callee;
    }
    let mut walk = Walk {
        order: vec![UNSEEN; nodes],
        lowest: vec![UNSEEN; nodes],
        is_open: vec![false; nodes],
        open: Vec::new(),
        next: 0,
    };
    let mut circles = Vec::new();
    for start in 0..nodes {
        if walk.order[start] == UNSEEN {
            walk.from(start, &callees, &mut circles);
        }
    }
    circles.retain(|circle| circle.len() > 1 || calls_itself[circle[0]]);
    circles.sort_unstable();
    circles
}

struct Walk {
    /// When a node was first seen.
    order: Vec<usize>,
    /// The earliest seen node that is reached from it and still open.
    lowest: Vec<usize>,
    is_open: Vec<bool>,
    open: Vec<usize>,
    next: usize,
}

impl Walk {
    fn from(&mut self, start: usize, callees: &[Vec<usize>], circles: &mut Vec<Vec<usize>>) {
        self.enter(start);
        // A node, and how many of its callees were seen to.
        let mut path = vec![(start, 0)];
        while let Some((node, seen)) = path.last_mut() {
            let node = *node;
            if let Some(callee) = callees[node].get(*seen).copied() {
                *seen += 1;
                if self.order[callee] == UNSEEN {
                    self.enter(callee);
                    path.push((callee, 0));
                } else if self.is_open[callee] {
                    self.lowest[node] = self.lowest[node].min(self.order[callee]);
                }
                continue;
            }
            path.pop();
            if let Some((caller, _)) = path.last() {
                self.lowest[*caller] = self.lowest[*caller].min(self.lowest[node]);
            }
            if self.lowest[node] == self.order[node] {
                circles.push(self.close(node));
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.order[node] = self.next;
        self.lowest[node] = self.next;
        self.next += 1;
        self.open.push(node);
        self.is_open[node] = true;
    }

    fn close(&mut self, first: usize) -> Vec<usize> {
        let mut circle = Vec::new();
        while let Some(node) = self.open.pop() {
            self.is_open[node] = false;
            circle.push(node);
            if node == first {
                break;
            }
        }
        circle.sort_unstable();
        circle
    }
}
