//! Trees in pre-order, with the numbers of call paths.

use std::collections::{BTreeSet, HashMap};

use super::Half;
use super::links::Links;
use super::marks::Marks;

/// A node's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) node: usize,
    /// Its parent's position among the places.
    pub(super) parent: Option<usize>,
    /// The position after its last descendant's.
    pub(super) end: usize,
    pub(super) half: Option<Half>,
    pub(super) depth: usize,
    /// The last number of its call path.
    pub(super) ordinal: usize,
    /// How many numbers its call path has.
    pub(super) levels: usize,
    pub(super) marks: Marks,
}

/// Puts all nodes in pre-order. The server half of an RPC follows its client half at once; both
/// halves' children are numbered together, those of the server half first.
pub(super) fn grow(links: &Links<'_>) -> Vec<Place> {
    let children = Children::of(links);
    let mut numbering = Numbering {
        links,
        of_same_path: HashMap::new(),
    };
    let mut places: Vec<Place> = Vec::with_capacity(links.len());
    let mut waiting: Vec<Place> = Vec::new();
    numbering.place_roots(&children.roots, &mut waiting);
    while let Some(next) = waiting.pop() {
        let position = places.len();
        places.push(next);
        let own = (position, children.of_node(next.node));
        let Some(server) = links.server_of(next.node) else {
            numbering.place_below(&next, &children, &[own], &mut waiting);
            continue;
        };
        places[position].half = Some(Half::Client {
            server: position + 1,
        });
        places.push(Place {
            node: server,
            parent: Some(position),
            half: Some(Half::Server),
            marks: links.marks(server),
            ..next
        });
        let of_server = (position + 1, children.of_node(server));
        numbering.place_below(&next, &children, &[of_server, own], &mut waiting);
    }
    set_ends(&mut places);
    places
}

/// Gives siblings their numbers: those with call paths of their own keep theirs, the others get
/// numbers after them.
struct Numbering<'a> {
    links: &'a Links<'a>,
    /// What is left for the children of several entries of one path.
    of_same_path: HashMap<usize, FreeNumbers>,
}

impl Numbering<'_> {
    /// Puts the roots where the first is taken next.
    fn place_roots(&self, roots: &[usize], waiting: &mut Vec<Place>) {
        let mut numbers = FreeNumbers::beside(self.links, roots, 0);
        let roots = roots.iter().map(|root| {
            let place = Place {
                node: *root,
                parent: None,
                end: 0,
                half: None,
                depth: 0,
                ordinal: 0,
                levels: 1,
                marks: self.links.marks(*root),
            };
            numbered(self.links, &mut numbers, place)
        });
        waiting.extend(roots);
        waiting.reverse();
    }

    /// Puts the children of one entry, by the half whose children they are, where the first is
    /// taken next.
    fn place_below(
        &mut self,
        above: &Place,
        children: &Children,
        by_half: &[(usize, &[usize])],
        waiting: &mut Vec<Place>,
    ) {
        let links = self.links;
        // Only one half's children have call paths of their own.
        let free = |nodes: &[usize]| FreeNumbers::beside(links, nodes, above.levels);
        let mut own_numbers;
        let numbers = match links.same_path(above.node) {
            Some(inner) => self
                .of_same_path
                .entry(inner)
                .or_insert_with(|| free(children.of_node(inner))),
            None => {
                own_numbers = free(by_half.first().map_or(&[], |(_, nodes)| nodes));
                &mut own_numbers
            }
        };
        let begin = waiting.len();
        for (parent, nodes) in by_half {
            for node in *nodes {
                let place = Place {
                    node: *node,
                    parent: Some(*parent),
                    end: 0,
                    half: None,
                    depth: above.depth + 1,
                    ordinal: 0,
                    levels: above.levels + 1,
                    marks: links.marks(*node),
                };
                waiting.push(numbered(links, numbers, place));
            }
        }
        waiting[begin..].reverse();
    }
}

/// The place with its number, and with the levels of its own call path.
fn numbered(links: &Links<'_>, numbers: &mut FreeNumbers, place: Place) -> Place {
    match links.path(place.node) {
        Some(path) => Place {
            ordinal: path.parts().last().map_or(0, |part| part as usize),
            levels: path.depth() + 1,
            ..place
        },
        None => Place {
            ordinal: numbers.take(),
            ..place
        },
    }
}

/// Numbers that no sibling has.
struct FreeNumbers {
    next: usize,
    taken: BTreeSet<usize>,
}

impl FreeNumbers {
    /// The numbers after those that siblings were sent with, below a path of so many levels: from
    /// 1, and from 0 for roots.
    fn beside(links: &Links<'_>, siblings: &[usize], levels_above: usize) -> Self {
        /// Numbers after one near the largest that a path may have would be too large.
        const LARGE: usize = 500_000_000;
        let paths = siblings.iter().filter_map(|node| links.path(*node));
        let taken: BTreeSet<usize> = paths
            .filter_map(|path| path.parts().nth(levels_above))
            .map(|part| part as usize)
            .collect();
        let first = usize::from(levels_above > 0);
        let last = taken.last().filter(|last| **last < LARGE);
        Self {
            next: last.map_or(first, |last| last + 1),
            taken,
        }
    }

    fn take(&mut self) -> usize {
        while self.taken.contains(&self.next) {
            self.next += 1;
        }
        self.next += 1;
        self.next - 1
    }
}

/// The children of each node, and the roots, in the order of siblings. Server halves are left
/// out: they go with their client halves.
struct Children {
    roots: Vec<usize>,
    /// Where each node's children begin; one more entry than nodes.
    begins: Vec<usize>,
    children: Vec<usize>,
}

impl Children {
    fn of(links: &Links<'_>) -> Self {
        let order = links.sibling_order();
        let placed = || order.iter().filter(|node| !links.is_server_half(**node));
        let parents = links.parents();
        let mut begins = vec![0; parents.len() + 1];
        for parent in placed().filter_map(|node| parents[*node]) {
            begins[parent + 1] += 1;
        }
        for index in 1..begins.len() {
            begins[index] += begins[index - 1];
        }
        let mut next = begins.clone();
        let mut roots = Vec::new();
        let mut children = vec![0; begins.last().copied().unwrap_or(0)];
        for node in placed() {
            if let Some(parent) = parents[*node] {
                children[next[parent]] = *node;
                next[parent] += 1;
            } else {
                roots.push(*node);
            }
        }
        Self {
            roots,
            begins,
            children,
        }
    }

    fn of_node(&self, node: usize) -> &[usize] {
        &self.children[self.begins[node]..self.begins[node + 1]]
    }
}

/// Children come after their parents, so that going backwards each subtree is whole.
fn set_ends(places: &mut [Place]) {
    for position in (0..places.len()).rev() {
        let end = places[position].end.max(position + 1);
        places[position].end = end;
        if let Some(parent) = places[position].parent {
            places[parent].end = places[parent].end.max(end);
        }
    }
}
