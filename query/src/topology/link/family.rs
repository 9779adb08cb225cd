//! Who is whose parent, and who answers whom.

use std::collections::HashMap;

use schemas::{CallPath, SpanId, SpanKind};

use super::super::spans::{LinkedSpan, Name, Names};

/// What the spans of a trace are to each other, by position.
#[derive(Debug)]
pub(super) struct Family {
    parents: Vec<Option<usize>>,
    /// The span itself, or its nearest ancestor, that names a service.
    named: Vec<Option<usize>>,
    /// Whether a child shows the service that was called.
    answered: Vec<bool>,
    /// The topic that a consumer below names.
    consumed_from: Vec<Option<Name>>,
}

/// The two halves of an RPC that share an id or a call path.
#[derive(Clone, Copy, Debug, Default)]
struct Halves {
    calling: Option<usize>,
    answering: Option<usize>,
}

impl Halves {
    fn see(&mut self, position: usize, span: &LinkedSpan) {
        let half = match is_answering(span) {
            true => &mut self.answering,
            false => &mut self.calling,
        };
        half.get_or_insert(position);
    }

    /// The half that further calls are made from.
    fn last(self) -> Option<usize> {
        self.answering.or(self.calling)
    }
}

impl Family {
    pub(super) fn of(spans: &[LinkedSpan], names: &Names) -> Self {
        let parents = parents(spans, names);
        let named = nearest_named(spans, &parents);
        let mut family = Self {
            answered: vec![false; spans.len()],
            consumed_from: vec![None; spans.len()],
            parents,
            named,
        };
        for (position, span) in spans.iter().enumerate() {
            family.tell_parent(spans, position, span);
        }
        family
    }

    pub(super) fn parent(&self, position: usize) -> Option<usize> {
        self.parents[position]
    }

    pub(super) fn named(&self, position: usize) -> Option<usize> {
        self.named[position]
    }

    pub(super) fn is_answered(&self, position: usize) -> bool {
        self.answered[position]
    }

    pub(super) fn consumed_from(&self, position: usize) -> Option<Name> {
        self.consumed_from[position]
    }

    fn tell_parent(&mut self, spans: &[LinkedSpan], position: usize, span: &LinkedSpan) {
        let (Some(parent), Some(service)) = (self.parents[position], span.service) else {
            return;
        };
        if span.kind == SpanKind::Consumer {
            self.consumed_from[parent] = self.consumed_from[parent].or(span.peer.destination);
            return;
        }
        let above = self.named[parent].and_then(|named| spans[named].service);
        self.answered[parent] |= span.kind == SpanKind::Server || above != Some(service);
    }
}

fn parents(spans: &[LinkedSpan], names: &Names) -> Vec<Option<usize>> {
    let mut by_id: HashMap<SpanId, Halves> = HashMap::with_capacity(spans.len());
    let mut by_path: HashMap<&str, Halves> = HashMap::new();
    for (position, span) in spans.iter().enumerate() {
        by_id.entry(span.span_id).or_default().see(position, span);
        if let Some(path) = span.call_path {
            let halves = by_path.entry(names.text(path)).or_default();
            halves.see(position, span);
        }
    }
    let by_path = |position: usize, path: CallPath<'_>| {
        let same = by_path.get(path.as_str()).and_then(|halves| halves.calling);
        if let (Some(calling), true) = (same, is_answering(&spans[position])) {
            return Some(calling);
        }
        let mut above = path
            .ancestors()
            .filter_map(|path| by_path.get(path.as_str()));
        above.next().and_then(|halves| halves.last())
    };
    let parent = |(position, span): (usize, &LinkedSpan)| {
        let path = span.call_path.map(|path| names.text(path));
        if let Some(path) = path.and_then(|path| CallPath::parse(path).ok()) {
            return by_path(position, path);
        }
        let calling = by_id.get(&span.span_id).and_then(|halves| halves.calling);
        if is_answering(span) && calling.is_some() {
            return calling;
        }
        let parent = by_id.get(&span.parent?)?.last();
        parent.filter(|parent| *parent != position)
    };
    spans.iter().enumerate().map(parent).collect()
}

fn is_answering(span: &LinkedSpan) -> bool {
    matches!(span.kind, SpanKind::Server | SpanKind::Consumer)
}

/// Each span is walked over once, also in circles.
fn nearest_named(spans: &[LinkedSpan], parents: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut named: Vec<Option<usize>> = vec![None; spans.len()];
    let mut is_known = vec![false; spans.len()];
    let mut walked = Vec::new();
    for start in 0..spans.len() {
        let mut position = start;
        let found = loop {
            if is_known[position] {
                break named[position];
            }
            is_known[position] = true;
            walked.push(position);
            if spans[position].service.is_some() {
                break Some(position);
            }
            match parents[position] {
                Some(parent) => position = parent,
                None => break None,
            }
        };
        for position in walked.drain(..) {
            named[position] = found;
        }
    }
    named
}
