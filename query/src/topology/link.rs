//! Calls from the spans of one trace.
//!
//! The rules are those of Zipkin's dependency linker, with the virtual nodes of Tempo's service
//! graphs: a server's own name wins over what its client calls it; a lone client names what it
//! calls; a root server without a client was called by its peer, or by a user; a database's client
//! is the whole call; messages go through their topic, where one is named.

mod family;

use schemas::SpanKind;

use super::call::{Call, CalledOperation, End};
use super::names::{Name, Names};
use super::peer::{ConnectionType, NodeKind};
use super::spans::LinkedSpan;

use family::Family;

/// Finds the calls of traces, one after the other, in the same memory.
#[derive(Debug, Default)]
pub(super) struct Linker {
    family: Family,
    calls: Vec<Call>,
}

impl Linker {
    /// The calls of a trace. Its spans are in order, each once.
    pub(super) fn link(&mut self, spans: &[LinkedSpan], names: &Names) -> &[Call] {
        self.family.read(spans, names);
        self.calls.clear();
        for (position, span) in spans.iter().enumerate() {
            let member = Member {
                family: &self.family,
                spans,
                position,
                span,
            };
            member.find(&mut self.calls);
        }
        &self.calls
    }
}

/// A span among those of its trace.
struct Member<'a> {
    family: &'a Family,
    spans: &'a [LinkedSpan],
    position: usize,
    span: &'a LinkedSpan,
}

impl<'a> Member<'a> {
    /// Appends the calls that the span makes known.
    fn find(&self, calls: &mut Vec<Call>) {
        match self.span.role() {
            SpanKind::Server => calls.extend(self.answers()),
            SpanKind::Consumer => calls.extend(self.consumes()),
            SpanKind::Client => {
                calls.extend(self.appears(None));
                calls.extend(self.calls());
            }
            SpanKind::Producer => {
                calls.extend(self.appears(None));
                calls.extend(self.produces());
            }
            SpanKind::Unspecified => {
                calls.extend(self.appears(Some(self.span.duration_nano)));
                calls.extend(self.calls());
            }
            SpanKind::Internal => calls.extend(self.appears(Some(self.span.duration_nano))),
        }
    }

    fn parent(&self) -> Option<&'a LinkedSpan> {
        self.family
            .parent(self.position)
            .map(|parent| &self.spans[parent])
    }

    /// The parent, when it is the calling half of what this span answers.
    fn calling_half(&self) -> Option<&'a LinkedSpan> {
        let is_caller =
            |parent: &&LinkedSpan| matches!(parent.role(), SpanKind::Client | SpanKind::Producer);
        self.parent().filter(is_caller)
    }

    /// The service of the nearest ancestor that names one.
    fn service_above(&self) -> Option<End> {
        let parent = self.family.parent(self.position)?;
        self.service_from(parent)
    }

    /// The service of a span, or of its nearest ancestor that names one.
    fn service_from(&self, position: usize) -> Option<End> {
        service_of(&self.spans[self.family.named(position)?])
    }

    fn call(&self, caller: End, callee: End, connection: ConnectionType) -> Call {
        let operation = |name| CalledOperation {
            service: self.span.service,
            name,
        };
        Call {
            caller,
            callee,
            connection,
            operation: self.span.operation.map(operation),
            start: self.span.start,
            is_error: self.span.is_error(),
            client_nano: None,
            server_nano: None,
        }
    }

    /// The call that a server answers.
    fn answers(&self) -> Option<Call> {
        let callee = service_of(self.span)?;
        let server_nano = Some(self.span.duration_nano);
        if let Some(caller) = self.service_above() {
            let half = self.calling_half();
            return Some(Call {
                start: half.map_or(self.span.start, |half| half.start),
                is_error: self.span.is_error() || half.is_some_and(LinkedSpan::is_error),
                client_nano: half.map(|half| half.duration_nano),
                server_nano,
                ..self.call(caller, callee, ConnectionType::Rpc)
            });
        }
        let caller = match self.span.peer.name {
            Some(name) => End::unseen(NodeKind::External, Some(name)),
            None if self.span.parent.is_none() && self.parent().is_none() => End::USER,
            // Its caller was not kept, or has not come yet.
            None => return None,
        };
        Some(Call {
            server_nano,
            ..self.call(caller, callee, ConnectionType::VirtualNode)
        })
    }

    /// A call whose callee shows itself only by a span of another service than the one above it.
    fn appears(&self, server_nano: Option<i64>) -> Option<Call> {
        let (callee, caller) = (service_of(self.span)?, self.service_above()?);
        if callee.node == caller.node {
            return None;
        }
        let half = self.calling_half();
        let is_error = server_nano.is_some() && self.span.is_error();
        Some(Call {
            start: half.map_or(self.span.start, |half| half.start),
            is_error: is_error || half.is_some_and(LinkedSpan::is_error),
            client_nano: half.map(|half| half.duration_nano),
            server_nano,
            ..self.call(caller, callee, ConnectionType::Rpc)
        })
    }

    /// The call that a client makes of something that sends no spans.
    fn calls(&self) -> Option<Call> {
        if self.family.is_answered(self.position) {
            return None;
        }
        let caller = self.service_from(self.position)?;
        let peer = self.span.peer;
        let client_nano = Some(self.span.duration_nano);
        if let Some(database) = peer.database {
            let kind = match peer.is_cache {
                true => NodeKind::Cache,
                false => NodeKind::Database,
            };
            let callee = End::unseen(kind, Some(peer.name.unwrap_or(database)));
            return Some(Call {
                client_nano,
                server_nano: client_nano,
                ..self.call(caller, callee, ConnectionType::Database)
            });
        }
        let callee = End::unseen(NodeKind::External, Some(peer.name?));
        Some(Call {
            client_nano,
            ..self.call(caller, callee, ConnectionType::VirtualNode)
        })
    }

    /// The sending of a message to its topic; one that goes to no topic is the consumer's call.
    fn produces(&self) -> Option<Call> {
        if self.family.is_answered(self.position) {
            return None;
        }
        let caller = self.service_from(self.position)?;
        let peer = self.span.peer;
        let topic = peer
            .destination
            .or(self.family.consumed_from(self.position))
            .or(peer.name)
            .or(peer.broker)?;
        Some(Call {
            client_nano: Some(self.span.duration_nano),
            ..self.call(caller, queue(topic), ConnectionType::Messaging)
        })
    }

    /// The receiving of a message from its topic, or from its producer where no topic is named.
    fn consumes(&self) -> Option<Call> {
        let callee = service_of(self.span)?;
        let server_nano = Some(self.span.duration_nano);
        let producer = self
            .calling_half()
            .filter(|half| half.kind == SpanKind::Producer);
        let peer = self.span.peer;
        let of_producer = producer.map(|producer| producer.peer).unwrap_or_default();
        let topic = peer
            .destination
            .or(of_producer.destination)
            .or(peer.name)
            .or(of_producer.name)
            .or(peer.broker)
            .or(of_producer.broker);
        if let Some(topic) = topic {
            return Some(Call {
                server_nano,
                ..self.call(queue(topic), callee, ConnectionType::Messaging)
            });
        }
        let producer = producer?;
        let caller = self.service_above()?;
        Some(Call {
            is_error: self.span.is_error() || producer.is_error(),
            client_nano: Some(producer.duration_nano),
            server_nano,
            ..self.call(caller, callee, ConnectionType::Messaging)
        })
    }
}

/// The service of a span that names one.
fn service_of(span: &LinkedSpan) -> Option<End> {
    Some(End {
        version: span.version,
        zone: span.zone,
        ..End::unseen(NodeKind::Service, Some(span.service?))
    })
}

fn queue(name: Name) -> End {
    End::unseen(NodeKind::Queue, Some(name))
}

#[cfg(test)]
mod tests;
