//! Calls by the rules of facts/service-graph.yaml and facts/zipkin-dependencies.yaml, found by
//! looking through all spans of a trace again and again: slow, and plain to read.
//!
//! - A server or consumer hangs below the calling span of its own id (shared ids), or else below the
//!   span of its parent id; the answering half of a shared id is the one that children hang below.
//! - A server is called by the service above it; a root server by its `peer.service`, or by a user.
//! - A client that nobody answers calls a database, or the peer that it names.
//! - Messages go through their topic, where either side names one, and directly otherwise.
//! - Any span of another service than the one above it is called by that one.

use std::collections::BTreeMap;

use super::sent::{Sent, SpanKind, distinct};

const PEER: [&str; 4] = [
    "peer.service",
    "server.address",
    "net.peer.name",
    "network.peer.address",
];
const DATABASE: [&str; 4] = ["db.namespace", "db.name", "db.system.name", "db.system"];
const DATABASE_SYSTEM: [&str; 2] = ["db.system.name", "db.system"];
const TOPIC: [&str; 1] = ["messaging.destination.name"];
const BROKER: [&str; 1] = ["messaging.system"];

/// An end of a call: its name and type.
pub(crate) type Node = (String, &'static str);

/// A call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) caller: Node,
    pub(crate) callee: Node,
    pub(crate) connection: &'static str,
    pub(crate) start: i64,
    pub(crate) is_error: bool,
    /// Nanoseconds as the caller saw them.
    pub(crate) client: Option<i64>,
    /// Nanoseconds as the callee saw them.
    pub(crate) server: Option<i64>,
}

/// All calls that some spans show.
pub(crate) fn calls(spans: &[Sent]) -> Vec<Call> {
    let mut traces = BTreeMap::<[u8; 16], Vec<&Sent>>::new();
    for span in distinct(spans) {
        traces.entry(span.trace_id).or_default().push(span);
    }
    let mut calls = Vec::new();
    for mut trace in traces.into_values() {
        trace.sort_by_key(|span| span.start);
        let trace = Trace(trace);
        for span in &trace.0 {
            calls.extend(trace.called_as_other_service(span));
            calls.extend(trace.calls_stranger(span));
            calls.extend(trace.sends(span));
            calls.extend(trace.answers(span));
            calls.extend(trace.receives(span));
        }
    }
    calls
}

struct Trace<'a>(Vec<&'a Sent>);

/// Without a kind, a span that names both ends is read like a client's.
fn side(span: &Sent) -> SpanKind {
    match span.kind {
        SpanKind::Unspecified if !span.service.is_empty() && span.first(&PEER).is_some() => {
            SpanKind::Client
        }
        kind => kind,
    }
}

fn is_answering(span: &Sent) -> bool {
    matches!(span.kind, SpanKind::Server | SpanKind::Consumer)
}

fn is_calling(span: &Sent) -> bool {
    matches!(side(span), SpanKind::Client | SpanKind::Producer)
}

fn service(name: &str) -> Node {
    (name.to_owned(), "service")
}

impl<'a> Trace<'a> {
    fn parent(&self, span: &Sent) -> Option<&'a Sent> {
        let of_id = |id| {
            self.0
                .iter()
                .copied()
                .filter(move |other| other.span_id == id)
        };
        let other_half = of_id(span.span_id).find(|other| !is_answering(other));
        if let (true, Some(half)) = (is_answering(span), other_half) {
            return Some(half);
        }
        let id = span.parent?;
        let parent = of_id(id)
            .find(|other| is_answering(other))
            .or(of_id(id).next())?;
        (!std::ptr::eq(parent, span)).then_some(parent)
    }

    fn children(&self, span: &Sent) -> impl Iterator<Item = &'a Sent> {
        let is_child = |other: &&Sent| {
            self.parent(other)
                .is_some_and(|parent| std::ptr::eq(parent, span))
        };
        self.0.iter().copied().filter(is_child)
    }

    /// The service of a span, or of the nearest one above it that names any.
    fn service_of(&self, span: &'a Sent) -> Option<&'a str> {
        let mut at = span;
        // No trace is higher than it has spans, unless its parents go in a circle.
        for _ in 0..self.0.len() {
            if !at.service.is_empty() {
                return Some(&at.service);
            }
            at = self.parent(at)?;
        }
        None
    }

    fn service_above(&self, span: &Sent) -> Option<&'a str> {
        self.service_of(self.parent(span)?)
    }

    /// The calling half above a span that answers it.
    fn half(&self, span: &Sent) -> Option<&'a Sent> {
        self.parent(span).filter(|parent| is_calling(parent))
    }

    /// Whether a span below shows the service that a span calls.
    fn is_answered(&self, span: &'a Sent) -> bool {
        self.children(span).any(|child| {
            let is_other = Some(child.service.as_str()) != self.service_of(span);
            match child.kind {
                SpanKind::Consumer => false,
                SpanKind::Server => !child.service.is_empty(),
                _ => !child.service.is_empty() && is_other,
            }
        })
    }

    /// A call between two services, of which `span` is the called side.
    fn between_services(&self, span: &Sent, caller: &str, own: Option<i64>) -> Call {
        let half = self.half(span);
        let own_error = own.is_some() && span.is_error;
        Call {
            caller: service(caller),
            callee: service(&span.service),
            connection: "rpc",
            start: half.map_or(span.start, |half| half.start),
            is_error: own_error || half.is_some_and(|half| half.is_error),
            client: half.map(|half| half.duration),
            server: own,
        }
    }

    fn called_as_other_service(&self, span: &Sent) -> Option<Call> {
        let above = self.service_above(span)?;
        if is_answering(span) || span.service.is_empty() || span.service == above {
            return None;
        }
        let own = (!is_calling(span)).then_some(span.duration);
        Some(self.between_services(span, above, own))
    }

    fn answers(&self, span: &Sent) -> Option<Call> {
        if span.kind != SpanKind::Server || span.service.is_empty() {
            return None;
        }
        if let Some(above) = self.service_above(span) {
            return Some(self.between_services(span, above, Some(span.duration)));
        }
        let caller = match span.first(&PEER[..1]) {
            Some(peer) => (peer.to_owned(), "external"),
            None if span.parent.is_none() && self.parent(span).is_none() => {
                ("user".to_owned(), "user")
            }
            None => return None,
        };
        Some(Call {
            caller,
            callee: service(&span.service),
            connection: "virtual_node",
            start: span.start,
            is_error: span.is_error,
            client: None,
            server: Some(span.duration),
        })
    }

    fn calls_stranger(&self, span: &'a Sent) -> Option<Call> {
        let may_call = matches!(side(span), SpanKind::Client | SpanKind::Unspecified);
        if !may_call || self.is_answered(span) {
            return None;
        }
        let peer = span.first(&PEER);
        let database = span.first(&DATABASE);
        let system = span.first(&DATABASE_SYSTEM);
        let r#type = match (database, system) {
            (None, _) => "external",
            (_, Some("redis" | "memcached" | "valkey")) => "cache",
            _ => "database",
        };
        let client = Some(span.duration);
        Some(Call {
            caller: service(self.service_of(span)?),
            callee: (peer.or(database)?.to_owned(), r#type),
            connection: if database.is_some() {
                "database"
            } else {
                "virtual_node"
            },
            start: span.start,
            is_error: span.is_error,
            client,
            server: client.filter(|_| database.is_some()),
        })
    }

    fn sends(&self, span: &'a Sent) -> Option<Call> {
        if span.kind != SpanKind::Producer || self.is_answered(span) {
            return None;
        }
        let mut consumers = self
            .children(span)
            .filter(|child| child.kind == SpanKind::Consumer && !child.service.is_empty());
        let topic = span
            .first(&TOPIC)
            .or(consumers.find_map(|consumer| consumer.first(&TOPIC)))
            .or(span.first(&PEER))
            .or(span.first(&BROKER))?;
        Some(Call {
            caller: service(self.service_of(span)?),
            callee: (topic.to_owned(), "queue"),
            connection: "messaging_system",
            start: span.start,
            is_error: span.is_error,
            client: Some(span.duration),
            server: None,
        })
    }

    fn receives(&self, span: &Sent) -> Option<Call> {
        if span.kind != SpanKind::Consumer || span.service.is_empty() {
            return None;
        }
        let producer = self
            .half(span)
            .filter(|half| half.kind == SpanKind::Producer);
        let either = |keys: &[&str]| {
            span.first(keys)
                .or(producer.and_then(|half| half.first(keys)))
        };
        let topic = either(&TOPIC).or(either(&PEER)).or(either(&BROKER));
        if let Some(topic) = topic {
            return Some(Call {
                caller: (topic.to_owned(), "queue"),
                callee: service(&span.service),
                connection: "messaging_system",
                start: span.start,
                is_error: span.is_error,
                client: None,
                server: Some(span.duration),
            });
        }
        let producer = producer?;
        Some(Call {
            caller: service(self.service_above(span)?),
            callee: service(&span.service),
            connection: "messaging_system",
            start: span.start,
            is_error: span.is_error || producer.is_error,
            client: Some(producer.duration),
            server: Some(span.duration),
        })
    }
}
