//! Who is whose parent: from stored call paths, from shared ids, and from parent ids, whatever
//! they say.
//!
//! ```text
//!   spans ──► call paths ──► shared ids ──► parent ids ──► cycles cut ──► Links
//!            (sorted sweep)  (RPC halves)   (orphans)
//! ```
//!
//! Nodes are numbered: first the spans, then the placeholders for parents that are not stored.

mod cycles;
mod ids;
mod paths;

use std::collections::HashMap;

use schemas::{CallPath, SpanId, SpanKind, UnixNanos};

use super::marks::{Mark, Marks};

/// A span as far as its links go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linked<'a> {
    pub(super) span_id: SpanId,
    pub(super) parent: Option<SpanId>,
    /// The call path that it was sent with.
    pub(super) path: Option<CallPath<'a>>,
    pub(super) kind: SpanKind,
    pub(super) start: UnixNanos,
    /// Equal for spans of one service.
    pub(super) service: usize,
}

impl Linked<'_> {
    fn is_caller(&self) -> bool {
        matches!(self.kind, SpanKind::Client | SpanKind::Producer)
    }

    fn is_called(&self) -> bool {
        matches!(self.kind, SpanKind::Server | SpanKind::Consumer)
    }

    /// Whether it was called, as far as its path tells: a path is that of a call, whose callers
    /// say that they are.
    fn is_called_by_path(&self) -> bool {
        !self.is_caller()
    }
}

/// A parent that spans name and that is not stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing<'a> {
    /// Its id, if a span names it.
    pub(super) span_id: Option<SpanId>,
    /// Its call path, if that is how it is known, and a span whose path begins with it.
    pub(super) path: Option<(CallPath<'a>, usize)>,
    /// The earliest start of a span that names it, by which it stands among its siblings.
    start: UnixNanos,
}

/// The parents of all nodes, and what was odd about them.
pub(super) struct Links<'a> {
    /// Sorted by start, id and content.
    spans: &'a [Linked<'a>],
    missing: Vec<Missing<'a>>,
    parents: Vec<Option<usize>>,
    /// The server half of each client half.
    servers: Vec<Option<usize>>,
    marks: Vec<Marks>,
    /// The nodes that have call paths of their own, as a tree is read.
    by_path: Vec<usize>,
    /// For spans that have one path and are no call: that of them below which children by path
    /// stand.
    same_path: HashMap<usize, usize>,
}

impl<'a> Links<'a> {
    /// Links spans that are sorted by start, id and content.
    pub(super) fn of(spans: &'a [Linked<'a>]) -> Self {
        let mut links = Self {
            spans,
            missing: Vec::new(),
            parents: vec![None; spans.len()],
            servers: vec![None; spans.len()],
            marks: vec![Marks::default(); spans.len()],
            by_path: Vec::new(),
            same_path: HashMap::new(),
        };
        paths::link(&mut links);
        ids::link(&mut links);
        cycles::cut(&mut links);
        links
    }

    /// The number of nodes.
    pub(super) fn len(&self) -> usize {
        self.parents.len()
    }

    pub(super) fn parents(&self) -> &[Option<usize>] {
        &self.parents
    }

    pub(super) fn marks(&self, node: usize) -> Marks {
        self.marks[node]
    }

    /// The placeholder that a node is; none for a span.
    pub(super) fn missing(&self, node: usize) -> Option<&Missing<'a>> {
        self.missing.get(node.checked_sub(self.spans.len())?)
    }

    /// The call path of its own that a node has.
    pub(super) fn path(&self, node: usize) -> Option<CallPath<'a>> {
        match self.spans.get(node) {
            Some(span) => span.path,
            None => self.missing(node)?.path.map(|(path, _)| path),
        }
    }

    /// Where several entries have the path of this node, that of them below which children by path
    /// stand.
    pub(super) fn same_path(&self, node: usize) -> Option<usize> {
        self.same_path.get(&node).copied()
    }

    /// The server half of a client half.
    pub(super) fn server_of(&self, node: usize) -> Option<usize> {
        self.servers[node]
    }

    /// Whether a node is the server half of its parent.
    pub(super) fn is_server_half(&self, node: usize) -> bool {
        self.parents[node].is_some_and(|parent| self.servers[parent] == Some(node))
    }

    /// All nodes in the order in which siblings stand: those with call paths by their numbers,
    /// then the others by start and id.
    pub(super) fn sibling_order(&self) -> Vec<usize> {
        let mut by_start: Vec<usize> = (0..self.len())
            .filter(|node| self.path(*node).is_none())
            .collect();
        by_start.sort_by_cached_key(|node| match self.missing(*node) {
            Some(missing) => (missing.start, missing.span_id),
            None => (self.spans[*node].start, Some(self.spans[*node].span_id)),
        });
        let mut order = self.by_path.clone();
        order.append(&mut by_start);
        order
    }

    fn add_missing(&mut self, missing: Missing<'a>, parent: Option<usize>) -> usize {
        let node = self.len();
        self.missing.push(missing);
        self.parents.push(parent);
        self.servers.push(None);
        let mut marks = Marks::default();
        marks.add(Mark::Missing);
        self.marks.push(marks);
        node
    }

    /// Makes the first caller and the first called one of spans that share one id or path the
    /// halves of one RPC; the other called ones become children of the caller. All are in start
    /// order.
    fn join(&mut self, same: &[usize], is_called: fn(&Linked<'a>) -> bool) -> Option<Halves> {
        let find = |is_wanted: fn(&Linked<'a>) -> bool| {
            let mut found = same.iter().copied();
            found.find(|span| is_wanted(&self.spans[*span]))
        };
        let halves = Halves {
            client: find(Linked::is_caller)?,
            server: find(Linked::is_called).or_else(|| find(is_called))?,
        };
        self.servers[halves.client] = Some(halves.server);
        for span in same {
            if is_called(&self.spans[*span]) {
                self.parents[*span] = Some(halves.client);
            }
        }
        Some(halves)
    }

    fn mark_all(&mut self, spans: &[usize], mark: Mark) {
        for span in spans {
            self.marks[*span].add(mark);
        }
    }
}

/// The two sides of one call.
#[derive(Clone, Copy, Debug)]
struct Halves {
    client: usize,
    server: usize,
}
