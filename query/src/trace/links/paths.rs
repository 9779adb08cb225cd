//! Links of the spans that were sent with call paths.

use schemas::{CallPath, SpanId};

use super::{Linked, Links, Missing};
use crate::trace::marks::Mark;

/// Links spans by their call paths. In the order of a tree the ancestors of each path are those
/// last met, so one pass with a stack finds all parents, in time of the length of all paths.
///
/// A parent that is not stored, and a root that is not stored, become placeholders; levels
/// between them do not, since there may be hundreds for one span.
pub(super) fn link(links: &mut Links<'_>) {
    let mut sorted: Vec<(CallPath<'_>, usize)> = links
        .spans
        .iter()
        .enumerate()
        .filter_map(|(position, span)| Some((span.path?, position)))
        .collect();
    sorted.sort_by_cached_key(|(path, position)| (path.parts().collect::<Vec<_>>(), *position));
    let mut ancestors = Ancestors::default();
    for same in sorted.chunk_by(|(one, _), (next, _)| one == next) {
        let path = same[0].0;
        let same: Vec<usize> = same.iter().map(|(_, span)| *span).collect();
        let parent = ancestors.parent_of(links, path, &same);
        let inner = link_same(links, parent, &same);
        ancestors.stack.push((path, inner));
        links.by_path.extend(same);
    }
}

/// Links the spans of one path, and gives the one below which their children stand.
fn link_same(links: &mut Links<'_>, parent: Option<usize>, same: &[usize]) -> usize {
    let halves = links.join(same, Linked::is_called_by_path);
    let inner = halves.map_or(same[0], |halves| halves.server);
    if same.len() > if halves.is_some() { 2 } else { 1 } {
        links.mark_all(same, Mark::RepeatedId);
        links
            .same_path
            .extend(same.iter().map(|span| (*span, inner)));
    }
    let is_orphan = parent.is_some_and(|parent| links.missing(parent).is_some());
    for span in same {
        if links.parents[*span].is_none() {
            links.parents[*span] = parent;
            if is_orphan {
                links.marks[*span].add(Mark::Orphan);
            }
        }
    }
    inner
}

/// The paths above the one that is looked at, from the root down.
#[derive(Default)]
struct Ancestors<'a> {
    stack: Vec<(CallPath<'a>, usize)>,
}

impl<'a> Ancestors<'a> {
    /// The node that is the parent of these spans of one path; a placeholder if need be.
    fn parent_of(
        &mut self,
        links: &mut Links<'a>,
        path: CallPath<'a>,
        same: &[usize],
    ) -> Option<usize> {
        while let Some((above, _)) = self.stack.last()
            && !above.is_ancestor_of(path)
        {
            self.stack.pop();
        }
        let parent = path.parent()?;
        if self.stack.is_empty()
            && let Some(root) = path.ancestors().last().filter(|root| *root != parent)
        {
            self.push_missing(links, root, same, None);
        }
        match self.stack.last() {
            Some((above, node)) if *above == parent => Some(*node),
            _ => Some(self.push_missing(links, parent, same, named_parent(links, same))),
        }
    }

    fn push_missing(
        &mut self,
        links: &mut Links<'a>,
        path: CallPath<'a>,
        same: &[usize],
        span_id: Option<SpanId>,
    ) -> usize {
        let missing = Missing {
            span_id,
            path: Some((path, same[0])),
            start: links.spans[same[0]].start,
        };
        let parent = self.stack.last().map(|(_, node)| *node);
        let node = links.add_missing(missing, parent);
        links.by_path.push(node);
        self.stack.push((path, node));
        node
    }
}

/// The id by which spans of one path name the span above. Called spans name their caller, which
/// has their own path.
fn named_parent(links: &Links<'_>, same: &[usize]) -> Option<SpanId> {
    let mut spans = same.iter().map(|span| &links.spans[*span]);
    spans.find(|span| !span.is_called())?.parent
}
