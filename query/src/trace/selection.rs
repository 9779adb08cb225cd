//! Parts of traces: subtrees, the upper levels of large ones, the way to a span.

use schemas::SpanId;

use super::{Half, Trace, TraceSpan};

/// How much of a tree is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The levels, from 1 for the topmost spans alone.
    pub(crate) depth: usize,
    /// The children of one parent, the first ones.
    pub(crate) width: usize,
    /// The entries in all; upper levels come before lower ones.
    pub(crate) entries: usize,
}

impl Limits {
    /// Everything.
    pub(crate) const NONE: Self = Self {
        depth: usize::MAX,
        width: usize::MAX,
        entries: usize::MAX,
    };
}

/// The part of a trace that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// In pre-order; each one's parent is before it, except for the topmost.
    pub(crate) entries: Vec<Entry>,
    /// How many stored spans of the trace are in none of the entries.
    pub(crate) omitted: usize,
}

/// An entry of the tree: a span, both halves of an RPC, or a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The position of the span, or of the RPC's client half.
    pub(crate) position: usize,
    /// How many stored spans of its subtree are neither it nor below an entry that is shown.
    pub(crate) omitted: usize,
    /// Whether no entry above it is shown.
    pub(crate) is_top: bool,
}

impl Trace {
    /// The position of the first entry that has this span id.
    pub(crate) fn find_id(&self, id: SpanId) -> Option<usize> {
        let position = self
            .spans
            .iter()
            .position(|span| span.span_id == Some(id))?;
        Some(self.entry_of(position))
    }

    /// The trace, or the subtree of one entry, within limits.
    pub(crate) fn select(&self, under: Option<usize>, limits: Limits) -> Selection {
        let mut level: Vec<usize> = match under {
            Some(position) => vec![self.entry_of(position)],
            None => self.entries(0, self.spans.len()).collect(),
        };
        let mut shown = Vec::new();
        let mut depth = 0;
        while !level.is_empty() && depth < limits.depth && shown.len() < limits.entries {
            level.truncate(limits.entries - shown.len());
            let below = level.iter().flat_map(|position| {
                let below = self.entries(self.first_below(*position), self.spans[*position].end);
                below.take(limits.width)
            });
            let below = below.collect();
            shown.append(&mut level);
            level = below;
            depth += 1;
        }
        shown.sort_unstable();
        self.selection(&shown)
    }

    /// The entries from the root to this one.
    pub(crate) fn select_ancestors(&self, position: usize) -> Selection {
        let above = |position: &usize| Some(self.entry_of(self.spans[*position].parent?));
        let first = Some(self.entry_of(position));
        let mut shown: Vec<usize> = std::iter::successors(first, above).collect();
        shown.reverse();
        self.selection(&shown)
    }

    /// Counts what is left out. Of each entry that is shown all ancestors up to the topmost are
    /// shown, and stand before it.
    fn selection(&self, shown: &[usize]) -> Selection {
        let mut stored_before = Vec::with_capacity(self.spans.len() + 1);
        stored_before.push(0);
        for (position, span) in self.spans.iter().enumerate() {
            stored_before.push(stored_before[position] + usize::from(!span.is_placeholder()));
        }
        let stored = |begin: usize, end: usize| stored_before[end] - stored_before[begin];
        let mut entries: Vec<Entry> = Vec::with_capacity(shown.len());
        let mut entry_at: Vec<Option<usize>> = vec![None; self.spans.len()];
        let mut omitted = self.summary.span_count;
        for position in shown.iter().copied() {
            let (below, end) = (self.first_below(position), self.spans[position].end);
            let above = self.spans[position].parent;
            let above = above.and_then(|parent| entry_at[self.entry_of(parent)]);
            if let Some(above) = above {
                entries[above].omitted -= stored(position, end);
            }
            omitted -= stored(position, below);
            entry_at[position] = Some(entries.len());
            entries.push(Entry {
                position,
                omitted: stored(below, end),
                is_top: above.is_none(),
            });
        }
        Selection { entries, omitted }
    }

    /// The entries of one level among these positions, of which the first is one.
    fn entries(&self, begin: usize, end: usize) -> impl Iterator<Item = usize> {
        let next = |position: &usize| Some(self.spans.get(*position)?.end);
        let all = std::iter::successors(Some(begin), next);
        all.take_while(move |position| *position < end)
    }

    /// The position after an entry itself: where its first child is, if it has any.
    pub(super) fn first_below(&self, position: usize) -> usize {
        match self.spans[position].half {
            Some(Half::Client { server }) => server + 1,
            _ => position + 1,
        }
    }

    /// The position of the entry that shows a span.
    fn entry_of(&self, position: usize) -> usize {
        match self.spans[position] {
            TraceSpan {
                half: Some(Half::Server),
                parent: Some(client),
                ..
            } => client,
            _ => position,
        }
    }
}
