//! Links of the spans that name their parents by id.

use std::collections::HashMap;

use schemas::SpanId;

use super::{Linked, Links, Missing};
use crate::trace::marks::Mark;

/// Links the spans without call paths by their parents' ids. Of several spans of one id, the
/// first that fits is the parent.
pub(super) fn link(links: &mut Links<'_>) {
    let ids = SpansById::of(links.spans);
    for same in ids.shared() {
        link_same(links, same);
    }
    let mut missing = missing_by_id(links);
    for position in 0..links.spans.len() {
        let span = links.spans[position];
        let (None, None, Some(parent)) = (span.path, links.parents[position], span.parent) else {
            continue;
        };
        if parent == span.span_id {
            links.marks[position].add(Mark::Cycle);
            continue;
        }
        let found = match ids.with_id(parent) {
            [] => None,
            [only] => Some(*only),
            candidates => Some(fitting(links, candidates, &span)),
        };
        links.parents[position] = Some(match found {
            Some(found) => found,
            None => {
                links.marks[position].add(Mark::Orphan);
                *missing.entry(parent).or_insert_with(|| {
                    let missing = Missing {
                        span_id: Some(parent),
                        path: None,
                        start: span.start,
                    };
                    links.add_missing(missing, None)
                })
            }
        });
    }
}

/// Marks spans of one id, except for the two halves of an RPC.
fn link_same(links: &mut Links<'_>, same: &[usize]) {
    let of_path = |span: &usize| links.spans[*span].path.is_some();
    let are_joined_by_path = same.iter().any(|span| {
        let server = links.server_of(*span);
        server.is_some_and(|server| same.len() == 2 && same.contains(&server))
    });
    let without_path: Vec<usize> = same.iter().copied().filter(|span| !of_path(span)).collect();
    let are_joined = links.join(&without_path, Linked::is_called).is_some() && same.len() == 2;
    if !are_joined && !are_joined_by_path {
        links.mark_all(same, Mark::RepeatedId);
    }
}

/// Of the spans with the id that a span names as its parent: where both halves of an RPC have it,
/// the span was made where the call arrived, unless only the caller is of the span's service.
fn fitting(links: &Links<'_>, candidates: &[usize], child: &Linked<'_>) -> usize {
    let halves = candidates.iter().find_map(|client| {
        let server = links.server_of(*client)?;
        candidates.contains(&server).then_some((*client, server))
    });
    let Some((client, server)) = halves else {
        return candidates[0];
    };
    let is_near = |span: usize| links.spans[span].service == child.service;
    let called = candidates.iter().copied();
    let mut near = called.filter(|span| links.spans[*span].is_called() && is_near(*span));
    match near.next() {
        Some(near) => near,
        None if is_near(client) => client,
        None => server,
    }
}

/// The placeholders with call paths whose ids are known.
fn missing_by_id(links: &Links<'_>) -> HashMap<SpanId, usize> {
    let mut by_id = HashMap::new();
    for (position, missing) in links.missing.iter().enumerate() {
        if let Some(span_id) = missing.span_id {
            by_id.entry(span_id).or_insert(links.spans.len() + position);
        }
    }
    by_id
}

/// Spans by id, those of one id in their order.
struct SpansById {
    ids: Vec<SpanId>,
    positions: Vec<usize>,
}

impl SpansById {
    fn of(spans: &[Linked<'_>]) -> Self {
        let mut positions: Vec<usize> = (0..spans.len()).collect();
        positions.sort_by_key(|position| spans[*position].span_id);
        Self {
            ids: positions
                .iter()
                .map(|position| spans[*position].span_id)
                .collect(),
            positions,
        }
    }

    fn with_id(&self, id: SpanId) -> &[usize] {
        let begin = self.ids.partition_point(|other| *other < id);
        let same = self.ids[begin..].partition_point(|other| *other == id);
        &self.positions[begin..begin + same]
    }

    /// The groups of more than one span.
    fn shared(&self) -> impl Iterator<Item = &[usize]> {
        let groups = self.ids.chunk_by(|one, next| one == next);
        let places = groups.scan(0, |begin, group| {
            let place = *begin..*begin + group.len();
            *begin = place.end;
            Some(place)
        });
        places
            .filter(|place| place.len() > 1)
            .map(|place| &self.positions[place])
    }
}
