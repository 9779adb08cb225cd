//! Folding spans of Zipkin v1 to those of v2, as Zipkin does.
//!
//! A span of version 1 is one call as both of its sides saw it: a list of events, each with the
//! host that recorded it. Eight events are stages of a call or of a message: `cs cr` make a
//! client, `sr ss` a server, `ms ws` a producer and `wr mr` a consumer. The span becomes one span
//! for each service among its hosts; the second side of a call is marked as shared.

mod sides;
mod stages;

use schemas::SpanKind;

use super::endpoint::Endpoint;
use super::span::{Kind, Spans, Tag};
use super::v1_span::{BinaryAnnotation, BinaryValue, V1Annotation, V1Span};

use sides::Sides;
use stages::{Stage, Stages};

/// Folds one span after the other; it keeps its memory between them.
#[derive(Debug, Default)]
pub(super) struct Folder<'a> {
    sides: Sides<'a>,
}

/// The addresses of others, which stand among the tags.
#[derive(Default)]
struct Addresses<'s, 'a> {
    client: Option<&'s Endpoint<'a>>,
    server: Option<&'s Endpoint<'a>>,
    broker: Option<&'s Endpoint<'a>>,
}

impl<'a> Folder<'a> {
    /// Appends what `source` becomes.
    pub(super) fn fold(&mut self, source: &V1Span<'a>, spans: &mut Spans<'a>) {
        self.sides.begin();
        let mut stages = Stages::default();
        for annotation in &source.annotations {
            self.place_annotation(annotation, &mut stages);
        }
        stages.complete(source);
        stages.time_call(&mut self.sides, source);
        stages.time_message(&mut self.sides, source);
        let mut addresses = Addresses::default();
        for annotation in &source.binary_annotations {
            self.place_binary_annotation(annotation, &mut addresses);
        }
        self.place_addresses(&addresses, &stages);
        self.sides.write(source, spans);
    }

    /// Stages are noted, everything else stays an annotation of its host's side. A stage without
    /// a host is an annotation too.
    fn place_annotation<'s>(
        &mut self,
        annotation: &'s V1Annotation<'a>,
        stages: &mut Stages<'s, 'a>,
    ) {
        let side = self.sides.of(annotation.host.as_ref());
        let stage = annotation.host.as_ref().map(|host| Stage {
            timestamp: annotation.timestamp,
            side,
            host,
        });
        match stage.and_then(|stage| stages.note(&annotation.value, stage)) {
            Some(Kind::None) => {}
            Some(kind) => self.sides.list[side].kind = kind,
            None => {
                let value = annotation.value.clone();
                self.sides.annotate(side, annotation.timestamp, value);
            }
        }
    }

    fn place_binary_annotation<'s>(
        &mut self,
        annotation: &'s BinaryAnnotation<'a>,
        addresses: &mut Addresses<'s, 'a>,
    ) {
        let BinaryAnnotation { key, value, host } = annotation;
        let address = match &**key {
            b"ca" => Some(&mut addresses.client),
            b"sa" => Some(&mut addresses.server),
            b"ma" => Some(&mut addresses.broker),
            _ => None,
        };
        let value = match (value, address) {
            (BinaryValue::Bool(truth), Some(address)) => {
                if *truth && host.is_some() {
                    *address = host.as_ref();
                }
                return;
            }
            // Zipkin ignores it, but some tracers tell by `error` alone that a span failed.
            (BinaryValue::Bool(truth), None) => truth.to_string().into_bytes().into(),
            (BinaryValue::Text(text), _) => text.clone(),
        };
        let side = self.sides.of(host.as_ref());
        // An empty `lc` only names the host, which is known now.
        if **key != *b"lc" || !value.is_empty() {
            let key = key.clone();
            self.sides.tags.push((side, Tag { key, value }));
        }
    }

    fn place_addresses(&mut self, addresses: &Addresses<'_, 'a>, stages: &Stages<'_, 'a>) {
        if !stages.has_call() && (addresses.client.is_some() || addresses.server.is_some()) {
            self.place_addresses_alone(addresses);
            return;
        }
        let server = stages.server_received.or(stages.server_sent);
        if let (Some(client), Some(server)) = (addresses.client, server)
            && client != server.host
        {
            let mut client = client.clone();
            // Some servers tell their own name for the client's socket: that would be a call to
            // itself.
            if client.service_name == server.host.service_name {
                client.service_name = Endpoint::default().service_name;
            }
            self.sides.list[server.side].remote = client;
        }
        let client = stages.client_sent.or(stages.client_received);
        let of_call = client.zip(addresses.server);
        let of_producer = stages.message_sent.zip(addresses.broker);
        let of_consumer = stages.message_received.zip(addresses.broker);
        for (stage, address) in [of_call, of_producer, of_consumer].into_iter().flatten() {
            self.sides.list[stage.side].remote = address.clone();
        }
    }

    /// Without stages, both addresses tell both sides; that of a client makes a server, that of a
    /// server makes no client: any span may tell it.
    fn place_addresses_alone(&mut self, addresses: &Addresses<'_, 'a>) {
        let (side, remote) = match (addresses.client, addresses.server) {
            (Some(client), Some(server)) => (self.sides.of(Some(client)), server),
            (Some(client), None) => {
                self.sides.list[0].kind = Kind::Known(SpanKind::Server);
                (0, client)
            }
            (None, Some(server)) => (0, server),
            (None, None) => return,
        };
        self.sides.list[side].remote = remote.clone();
    }
}
