//! The services that a span of version 1 tells of.

use std::collections::HashMap;

use crate::zipkin::endpoint::Endpoint;
use crate::zipkin::span::{Annotation, Kind, Span, Spans, Tag, Text};
use crate::zipkin::v1_span::V1Span;

/// What one service did, as far as known. Times are microseconds, 0 for none.
#[derive(Debug, Default)]
pub(super) struct Side<'a> {
    /// None before a host is told: only of the first side.
    local: Option<Endpoint<'a>>,
    pub(super) remote: Endpoint<'a>,
    pub(super) kind: Kind,
    pub(super) timestamp: u64,
    pub(super) duration: u64,
    pub(super) is_shared: bool,
}

/// The sides of a span, one at least. What names no host is of the first.
#[derive(Debug, Default)]
pub(super) struct Sides<'a> {
    pub(super) list: Vec<Side<'a>>,
    /// All sides but the first and those that were forked: many hosts cost no search.
    by_service: HashMap<Text<'a>, usize>,
    annotations: Vec<(usize, Annotation<'a>)>,
    pub(super) tags: Vec<(usize, Tag<'a>)>,
}

impl<'a> Sides<'a> {
    /// Begins a span.
    pub(super) fn begin(&mut self) {
        self.list.clear();
        self.by_service.clear();
        self.annotations.clear();
        self.tags.clear();
        self.list.push(Side::default());
    }

    /// The side of a host: that of its service, whatever the address.
    pub(super) fn of(&mut self, host: Option<&Endpoint<'a>>) -> usize {
        let Some(host) = host else {
            return 0;
        };
        let first = self.list[0].local.get_or_insert_with(|| host.clone());
        if first.service_name == host.service_name {
            return 0;
        }
        if let Some(&side) = self.by_service.get(&*host.service_name) {
            return side;
        }
        let side = self.fork(host, Kind::None);
        self.by_service.insert(host.service_name.clone(), side);
        side
    }

    /// A new side of a host, also when its service has one.
    pub(super) fn fork(&mut self, host: &Endpoint<'a>, kind: Kind) -> usize {
        self.list.push(Side {
            local: Some(host.clone()),
            kind,
            ..Side::default()
        });
        self.list.len() - 1
    }

    pub(super) fn annotate(&mut self, side: usize, timestamp: u64, value: Text<'a>) {
        let annotation = Annotation { timestamp, value };
        self.annotations.push((side, annotation));
    }

    /// Appends a span for each side.
    pub(super) fn write(&mut self, source: &V1Span<'a>, spans: &mut Spans<'a>) {
        // Stable: what is of one side stays in order.
        self.annotations.sort_by_key(|&(side, _)| side);
        self.tags.sort_by_key(|&(side, _)| side);
        let mut annotations = self.annotations.drain(..).peekable();
        let mut tags = self.tags.drain(..).peekable();
        for (number, side) in self.list.drain(..).enumerate() {
            let marks = spans.marks();
            while let Some((_, annotation)) = annotations.next_if(|&(side, _)| side == number) {
                spans.annotations.push(annotation);
            }
            while let Some((_, tag)) = tags.next_if(|&(side, _)| side == number) {
                spans.tags.push(tag);
            }
            let span = Span {
                trace_id: source.trace_id,
                id: source.id,
                parent_id: source.parent_id,
                kind: side.kind,
                name: source.name.clone(),
                timestamp: side.timestamp,
                duration: side.duration,
                local: side.local.unwrap_or_default(),
                remote: side.remote,
                is_debug: source.is_debug,
                is_shared: side.is_shared,
                ..Span::default()
            };
            spans.push(span, marks);
        }
    }
}
