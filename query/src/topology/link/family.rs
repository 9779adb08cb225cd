//! Who is whose parent, and who answers whom.

use std::collections::HashMap;

use schemas::{CallPath, SpanId, SpanKind};

use super::super::names::{Name, Names};
use super::super::spans::LinkedSpan;

/// What the spans of a trace are to each other, by position.
#[derive(Debug, Default)]
pub(super) struct Family {
    parents: Vec<Option<u32>>,
    /// The span itself, or its nearest ancestor, that names a service.
    named: Vec<Option<u32>>,
    /// Whether a child shows the service that was called.
    answered: Vec<bool>,
    /// The topic that a consumer below names.
    consumed_from: Vec<Option<Name>>,
    /// The spans of each id, by id as a number.
    by_id: Vec<(u64, Halves)>,
    /// While nearest names are looked for: which spans were walked over, and those of this walk.
    is_known: Vec<bool>,
    walked: Vec<usize>,
}

/// The first span of each half of an RPC, of those that share an id or a call path.
#[derive(Clone, Copy, Debug)]
struct Halves {
    calling: u32,
    answering: u32,
}

/// No span's position.
const NONE: u32 = u32::MAX;

impl Halves {
    fn of(position: u32, span: &LinkedSpan) -> Self {
        match span.is_answering() {
            true => Self {
                calling: NONE,
                answering: position,
            },
            false => Self {
                calling: position,
                answering: NONE,
            },
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            calling: self.calling.min(other.calling),
            answering: self.answering.min(other.answering),
        }
    }

    fn calling(self) -> Option<u32> {
        (self.calling != NONE).then_some(self.calling)
    }

    /// The half that further calls are made from.
    fn last(self) -> u32 {
        match self.answering {
            NONE => self.calling,
            answering => answering,
        }
    }
}

impl Family {
    /// Takes the spans of a trace in place of those of the one before.
    pub(super) fn read(&mut self, spans: &[LinkedSpan], names: &Names) {
        self.read_ids(spans);
        self.find_parents(spans, names);
        self.find_nearest_named(spans);
        self.answered.clear();
        self.answered.resize(spans.len(), false);
        self.consumed_from.clear();
        self.consumed_from.resize(spans.len(), None);
        for (position, span) in (0..).zip(spans) {
            self.tell_parent(spans, position, span);
        }
    }

    fn read_ids(&mut self, spans: &[LinkedSpan]) {
        let halves = (0..).zip(spans);
        let halves =
            halves.map(|(position, span)| (number(span.span_id), Halves::of(position, span)));
        self.by_id.clear();
        self.by_id.extend(halves);
        self.by_id.sort_unstable_by_key(|(id, _)| *id);
        self.by_id.dedup_by(|(next_id, next), (id, halves)| {
            let is_same = next_id == id;
            if is_same {
                *halves = halves.and(*next);
            }
            is_same
        });
    }

    fn of_id(&self, id: SpanId) -> Option<Halves> {
        let found = self.by_id.binary_search_by_key(&number(id), |(id, _)| *id);
        found.ok().map(|found| self.by_id[found].1)
    }

    fn find_parents(&mut self, spans: &[LinkedSpan], names: &Names) {
        let paths = Paths::of(spans, names);
        let are_ids_shared = self.by_id.len() < spans.len();
        let mut parents = std::mem::take(&mut self.parents);
        parents.clear();
        parents.extend((0..).zip(spans).map(|(position, span)| {
            let path = span.call_path.map(|path| names.text(path));
            if let Some(path) = path.and_then(|path| CallPath::parse(path).ok()) {
                return paths.parent(span, path);
            }
            if are_ids_shared
                && span.is_answering()
                && let Some(calling) = self.of_id(span.span_id).and_then(Halves::calling)
            {
                return Some(calling);
            }
            let parent = self.of_id(span.parent?)?.last();
            (parent != position).then_some(parent)
        }));
        self.parents = parents;
    }

    /// Each span is walked over once, also in circles.
    fn find_nearest_named(&mut self, spans: &[LinkedSpan]) {
        let own = (0..).zip(spans);
        let own = own.map(|(position, span)| span.service.map(|_| position));
        self.named.clear();
        self.named.extend(own);
        self.is_known.clear();
        self.is_known.extend(self.named.iter().map(Option::is_some));
        for start in 0..spans.len() {
            let mut position = start;
            let found = loop {
                if self.is_known[position] {
                    break self.named[position];
                }
                self.is_known[position] = true;
                self.walked.push(position);
                match self.parents[position] {
                    Some(parent) => position = parent as usize,
                    None => break None,
                }
            };
            for position in self.walked.drain(..) {
                self.named[position] = found;
            }
        }
    }

    pub(super) fn parent(&self, position: usize) -> Option<usize> {
        self.parents[position].map(|parent| parent as usize)
    }

    pub(super) fn named(&self, position: usize) -> Option<usize> {
        self.named[position].map(|named| named as usize)
    }

    pub(super) fn is_answered(&self, position: usize) -> bool {
        self.answered[position]
    }

    pub(super) fn consumed_from(&self, position: usize) -> Option<Name> {
        self.consumed_from[position]
    }

    fn tell_parent(&mut self, spans: &[LinkedSpan], position: usize, span: &LinkedSpan) {
        let (Some(parent), Some(service)) = (self.parent(position), span.service) else {
            return;
        };
        if span.kind == SpanKind::Consumer {
            self.consumed_from[parent] = self.consumed_from[parent].or(span.peer.destination);
            return;
        }
        let above = self.named(parent).and_then(|named| spans[named].service);
        self.answered[parent] |= span.kind == SpanKind::Server || above != Some(service);
    }
}

fn number(id: SpanId) -> u64 {
    u64::from_be_bytes(id.0)
}

/// The spans of each call path that was sent.
struct Paths<'a>(HashMap<&'a str, Halves>);

impl<'a> Paths<'a> {
    fn of(spans: &[LinkedSpan], names: &'a Names) -> Self {
        let mut by_path: HashMap<&str, Halves> = HashMap::new();
        for (position, span) in (0..).zip(spans) {
            if let Some(path) = span.call_path {
                let own = Halves::of(position, span);
                let halves = by_path.entry(names.text(path)).or_insert(own);
                *halves = halves.and(own);
            }
        }
        Self(by_path)
    }

    fn parent(&self, span: &LinkedSpan, path: CallPath<'_>) -> Option<u32> {
        let same = self
            .0
            .get(path.as_str())
            .and_then(|halves| halves.calling());
        if let (Some(calling), true) = (same, span.is_answering()) {
            return Some(calling);
        }
        let mut above = path
            .ancestors()
            .filter_map(|path| self.0.get(path.as_str()));
        above.next().map(|halves| halves.last())
    }
}
