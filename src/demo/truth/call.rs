//! The calls of a trace as it was made.

use std::collections::{HashMap, HashSet};

use opentelemetry::trace::{SpanId, SpanKind};
use opentelemetry_sdk::trace::SpanData;

use super::super::fleet::Fleet;
use super::super::traffic::DemoSpan;
use super::is_error;

/// An end of a call: its name, and its type as the HTTP API names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) r#type: &'static str,
}

/// Who calls whom by what means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) caller: Node,
    pub(super) callee: Node,
    pub(super) connection: &'static str,
}

/// A call, and the spans that are its halves, by position in their trace.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) edge: Edge,
    pub(super) is_error: bool,
    own: usize,
    other: Option<usize>,
}

impl Call {
    pub(super) fn halves(&self) -> impl Iterator<Item = usize> + use<> {
        [Some(self.own), self.other].into_iter().flatten()
    }
}

/// The calls of a whole trace.
pub(super) fn calls(trace: &[DemoSpan], fleet: &Fleet) -> Vec<Call> {
    let positions: HashMap<SpanId, usize> = trace
        .iter()
        .enumerate()
        .map(|(position, each)| (each.span.span_context.span_id(), position))
        .collect();
    let answers = trace.iter().map(|each| &each.span);
    let answered: HashSet<SpanId> = answers
        .filter(|span| span.span_kind == SpanKind::Server)
        .map(|span| span.parent_span_id)
        .collect();
    let service =
        |position: usize| node(fleet.get(trace[position].instance).service.name, "service");
    let call = |(own, each): (usize, &DemoSpan)| {
        let span = &each.span;
        let other = positions.get(&span.parent_span_id).copied();
        let alone = |caller, callee, connection| Call {
            edge: Edge {
                caller,
                callee,
                connection,
            },
            is_error: is_error(span),
            own,
            other: None,
        };
        match (&span.span_kind, other) {
            (SpanKind::Server, Some(half)) => Some(Call {
                is_error: is_error(span) || is_error(&trace[half].span),
                other,
                ..alone(service(half), service(own), "rpc")
            }),
            (SpanKind::Server, None) => {
                Some(alone(node("user", "user"), service(own), "virtual_node"))
            }
            (SpanKind::Client, _) if !answered.contains(&span.span_context.span_id()) => {
                let (callee, connection) = stranger(span)?;
                Some(alone(service(own), callee, connection))
            }
            (SpanKind::Producer, _) => Some(alone(service(own), topic(span)?, "messaging_system")),
            (SpanKind::Consumer, _) => Some(alone(topic(span)?, service(own), "messaging_system")),
            (SpanKind::Client | SpanKind::Internal, _) => None,
        }
    };
    trace.iter().enumerate().filter_map(call).collect()
}

fn node(name: &str, r#type: &'static str) -> Node {
    Node {
        name: name.to_owned(),
        r#type,
    }
}

/// What a client calls from which no spans come, and by what means.
fn stranger(span: &SpanData) -> Option<(Node, &'static str)> {
    let host = text(span, "server.address")?;
    Some(match text(span, "db.system.name").as_deref() {
        None => (node(&host, "external"), "virtual_node"),
        Some("redis") => (node(&host, "cache"), "database"),
        Some(_) => (node(&host, "database"), "database"),
    })
}

fn topic(span: &SpanData) -> Option<Node> {
    Some(node(&text(span, "messaging.destination.name")?, "queue"))
}

fn text(span: &SpanData, key: &str) -> Option<String> {
    let mut attributes = span.attributes.iter();
    let found = attributes.find(|each| each.key.as_str() == key)?;
    Some(found.value.as_str().into_owned())
}
