//! Trees from parent links, whatever the links say.

use std::collections::HashMap;

use schemas::SpanId;

use super::marks::{Mark, Marks};

/// A span as far as its links go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linked {
    pub(super) span_id: SpanId,
    pub(super) parent: Option<SpanId>,
}

/// A span's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The span's position in the slice that the forest was made of.
    pub(super) span: usize,
    /// Its parent's position among the places.
    pub(super) parent: Option<usize>,
    pub(super) depth: usize,
    /// Its number among its siblings, from 1; among roots from 0.
    pub(super) ordinal: usize,
    pub(super) marks: Marks,
}

/// Puts spans, sorted in the order in which siblings are to stand, in pre-order.
///
/// A link to several spans of one id goes to the first of them.
pub(super) fn grow(spans: &[Linked]) -> Vec<Place> {
    let mut marks = vec![Marks::default(); spans.len()];
    let mut parents = resolve_parents(spans, &mut marks);
    cut_cycles(&mut parents, &mut marks);
    pre_order(&Children::of(&parents), &marks)
}

fn resolve_parents(spans: &[Linked], marks: &mut [Marks]) -> Vec<Option<usize>> {
    let mut first_of_id: HashMap<SpanId, usize> = HashMap::with_capacity(spans.len());
    for (position, span) in spans.iter().enumerate() {
        let first = *first_of_id.entry(span.span_id).or_insert(position);
        if first != position {
            marks[first].add(Mark::RepeatedId);
            marks[position].add(Mark::RepeatedId);
        }
    }
    let resolve = |(span, marks): (&Linked, &mut Marks)| {
        let parent = span.parent?;
        if parent == span.span_id {
            marks.add(Mark::Cycle);
            return None;
        }
        let found = first_of_id.get(&parent).copied();
        if found.is_none() {
            marks.add(Mark::Orphan);
        }
        found
    };
    spans.iter().zip(marks).map(resolve).collect()
}

/// Makes the first span of each circle a root.
fn cut_cycles(parents: &mut [Option<usize>], marks: &mut [Marks]) {
    /// The number of the walk that came by first; walks are numbered from 1.
    const NEVER: usize = 0;
    let mut seen = vec![NEVER; parents.len()];
    for start in 0..parents.len() {
        let walk = start + 1;
        let mut position = start;
        while seen[position] == NEVER {
            seen[position] = walk;
            match parents[position] {
                Some(parent) => position = parent,
                None => break,
            }
        }
        // A walk that comes back to its own steps has found a circle, and stands on it.
        if seen[position] == walk && parents[position].is_some() {
            let first = first_on_circle(parents, position);
            parents[first] = None;
            marks[first].add(Mark::Cycle);
        }
    }
}

fn first_on_circle(parents: &[Option<usize>], on_circle: usize) -> usize {
    let mut first = on_circle;
    let mut next = parents[on_circle];
    while let Some(position) = next.filter(|position| *position != on_circle) {
        first = first.min(position);
        next = parents[position];
    }
    first
}

/// The children of each span, and the roots, all in the order of the spans.
struct Children {
    roots: Vec<usize>,
    /// Where each span's children begin; one more entry than spans.
    begins: Vec<usize>,
    children: Vec<usize>,
}

impl Children {
    fn of(parents: &[Option<usize>]) -> Self {
        let mut begins = vec![0; parents.len() + 1];
        for parent in parents.iter().flatten() {
            begins[parent + 1] += 1;
        }
        for index in 1..begins.len() {
            begins[index] += begins[index - 1];
        }
        let mut next = begins.clone();
        let mut roots = Vec::new();
        let mut children = vec![0; begins.last().copied().unwrap_or(0)];
        for (position, parent) in parents.iter().enumerate() {
            if let Some(parent) = parent {
                children[next[*parent]] = position;
                next[*parent] += 1;
            } else {
                roots.push(position);
            }
        }
        Self {
            roots,
            begins,
            children,
        }
    }

    fn of_span(&self, span: usize) -> &[usize] {
        &self.children[self.begins[span]..self.begins[span + 1]]
    }
}

fn pre_order(children: &Children, marks: &[Marks]) -> Vec<Place> {
    let mut places = Vec::with_capacity(marks.len());
    let place = |(ordinal, span): (usize, &usize), parent: Option<usize>, depth: usize| Place {
        span: *span,
        parent,
        depth,
        ordinal,
        marks: marks[*span],
    };
    let roots = children.roots.iter().enumerate();
    let mut waiting: Vec<Place> = roots.map(|root| place(root, None, 0)).rev().collect();
    while let Some(next) = waiting.pop() {
        let position = places.len();
        let below = children.of_span(next.span).iter().enumerate();
        let below =
            below.map(|(index, span)| place((index + 1, span), Some(position), next.depth + 1));
        places.push(next);
        waiting.extend(below.rev());
    }
    places
}
