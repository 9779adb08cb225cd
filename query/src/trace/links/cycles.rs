//! Circles of parents.

use super::Links;
use crate::trace::marks::Mark;

/// Makes the first span of each circle a root. An RPC is never torn apart: a server half stays
/// with its client half.
pub(super) fn cut(links: &mut Links<'_>) {
    /// The number of the walk that came by first; walks are numbered from 1.
    const NEVER: usize = 0;
    let mut seen = vec![NEVER; links.len()];
    for start in 0..links.len() {
        let walk = start + 1;
        let mut position = start;
        while seen[position] == NEVER {
            seen[position] = walk;
            match links.parents[position] {
                Some(parent) => position = parent,
                None => break,
            }
        }
        // A walk that comes back to its own steps has found a circle, and stands on it.
        if seen[position] == walk && links.parents[position].is_some() {
            let first = first_on_circle(links, position);
            links.parents[first] = None;
            links.marks[first].add(Mark::Cycle);
        }
    }
}

fn first_on_circle(links: &Links<'_>, on_circle: usize) -> usize {
    let mut first = None;
    let mut position = on_circle;
    loop {
        if !links.is_server_half(position) {
            first = Some(first.map_or(position, |first: usize| first.min(position)));
        }
        match links.parents[position] {
            Some(parent) if parent != on_circle => position = parent,
            _ => break,
        }
    }
    // A server half's parent is a client half, so not all of a circle are server halves.
    first.unwrap_or(on_circle)
}
