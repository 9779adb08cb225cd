//! Generated traces with everything that a call can look like: halves with two ids or a shared one,
//! either half alone, databases, caches, hosts, topics and messages without one, lost callers.

use super::sent::{Sent, SpanKind};
use crate::batches::MIDNIGHT_NANOS;
use crate::random::Random;

const SERVICES: u64 = 7;
const OPERATIONS: u64 = 4;

/// Calls below a root.
const DEPTH: usize = 4;

const HOUR: i64 = 3_600_000_000_000;

/// Traces whose first spans start within six hours around a midnight.
pub(crate) fn traces(run: u64, count: u64) -> Vec<Sent> {
    let mut making = Making {
        random: Random::seeded(run),
        spans: Vec::new(),
        trace_id: [0; 16],
    };
    for number in 0..count {
        let low = (run << 32 | number).to_be_bytes();
        making.trace_id[8..].copy_from_slice(&low);
        // A third of the ids are of 128 bits.
        let high = if number % 3 == 0 {
            making.random.next()
        } else {
            0
        };
        making.trace_id[..8].copy_from_slice(&high.to_be_bytes());
        making.trace();
    }
    making.spans
}

struct Making {
    random: Random,
    spans: Vec<Sent>,
    trace_id: [u8; 16],
}

impl Making {
    fn trace(&mut self) {
        let start = i64::try_from(MIDNIGHT_NANOS).unwrap() - 3 * HOUR + self.nanos_below(6 * HOUR);
        let root = self.span(None, SpanKind::Server, start);
        let root = match self.random.below(6) {
            0 => Sent {
                attributes: vec![("peer.service", "probe".to_owned())],
                ..root
            },
            // A server's address is its own, and says nothing of its caller.
            1 => Sent {
                attributes: vec![("server.address", root.service.clone())],
                ..root
            },
            2 => Sent {
                parent: Some([0xff; 8]),
                ..root
            },
            3 => Sent {
                kind: SpanKind::Client,
                ..root
            },
            4 => Sent {
                kind: SpanKind::Internal,
                ..root
            },
            _ => root,
        };
        self.spans.push(root.clone());
        self.below(&root, DEPTH);
    }

    /// What a span does, and what is done below.
    fn below(&mut self, span: &Sent, depth: usize) {
        let steps = if depth == 0 { 0 } else { self.random.below(4) };
        for _ in 0..steps {
            let start = span.start + self.nanos_below(2_000_000_000);
            match self.random.below(10) {
                0 => self.inside(span, start, depth),
                1 => self.asks(span, start),
                2 => self.message(span, start, depth),
                3 => {
                    // The caller's half was not recorded.
                    let callee = self.span(Some(span), SpanKind::Server, start);
                    self.keep(callee, depth);
                }
                4 => {
                    // The callee's half was not recorded, but what it did then was.
                    let kind = [SpanKind::Client, SpanKind::Internal, SpanKind::Producer];
                    let kind = kind[self.random.below(3) as usize];
                    let callee = self.span(Some(span), kind, start);
                    self.keep(callee, depth);
                }
                _ => self.call(span, start, depth),
            }
        }
    }

    fn keep(&mut self, span: Sent, depth: usize) {
        self.below(&span, depth - 1);
        self.spans.push(span);
    }

    fn inside(&mut self, span: &Sent, start: i64, depth: usize) {
        let inner = Sent {
            service: span.service.clone(),
            ..self.span(Some(span), SpanKind::Internal, start)
        };
        self.keep(inner, depth);
    }

    fn client(&mut self, span: &Sent, kind: SpanKind, start: i64) -> Sent {
        Sent {
            service: span.service.clone(),
            ..self.span(Some(span), kind, start)
        }
    }

    fn call(&mut self, span: &Sent, start: i64, depth: usize) {
        let client = self.client(span, SpanKind::Client, start);
        let mut server = self.span(Some(&client), SpanKind::Server, start + 1_000);
        if self.random.below(3) == 0 {
            server.span_id = client.span_id;
            server.parent = client.parent;
        }
        self.spans.push(client);
        self.keep(server, depth);
    }

    fn asks(&mut self, span: &Sent, start: i64) {
        let mut client = self.client(span, SpanKind::Client, start);
        let attributes: &[(&'static str, &str)] = match self.random.below(5) {
            0 => &[("db.system.name", "postgresql"), ("db.namespace", "orders")],
            1 => &[("db.system", "mysql"), ("server.address", "mysql.internal")],
            2 => &[
                ("db.system.name", "redis"),
                ("network.peer.address", "10.0.0.7"),
            ],
            3 => &[("peer.service", "bank")],
            _ => &[],
        };
        let owned = attributes
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()));
        client.attributes = owned.collect();
        self.spans.push(client);
    }

    /// A message, which may wait for hours.
    fn message(&mut self, span: &Sent, start: i64, depth: usize) {
        let mut producer = self.client(span, SpanKind::Producer, start);
        let wait = [1_000_000, 30_000_000_000, 5 * HOUR][self.random.below(3) as usize];
        let mut consumer = self.span(Some(&producer), SpanKind::Consumer, start + wait);
        let topic = (
            "messaging.destination.name",
            format!("topic-{}", self.random.below(3)),
        );
        match self.random.below(4) {
            0 => {}
            1 => producer.attributes = vec![topic],
            2 => consumer.attributes = vec![topic],
            _ => {
                producer.attributes = vec![topic.clone()];
                consumer.attributes = vec![topic];
            }
        }
        self.spans.push(producer);
        self.keep(consumer, depth);
    }

    /// A span of any service, operation, duration and status.
    fn span(&mut self, parent: Option<&Sent>, kind: SpanKind, start: i64) -> Sent {
        let duration = 1_u64 << self.random.below(36);
        let duration = self.random.below(duration);
        Sent {
            trace_id: self.trace_id,
            span_id: (self.random.next() >> 1 | 1).to_be_bytes(),
            parent: parent.map(|parent| parent.span_id),
            kind,
            service: format!("service-{}", self.random.below(SERVICES)),
            name: format!("operation {}", self.random.below(OPERATIONS)),
            start,
            duration: i64::try_from(duration).unwrap(),
            is_error: self.random.below(8) == 0,
            attributes: Vec::new(),
        }
    }

    fn nanos_below(&mut self, bound: i64) -> i64 {
        i64::try_from(self.random.below(bound.unsigned_abs())).unwrap()
    }
}
