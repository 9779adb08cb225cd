//! The stages of a call and of a message: whose they are, and the times that they give.

use schemas::SpanKind;

use super::sides::Sides;
use crate::zipkin::endpoint::Endpoint;
use crate::zipkin::span::Kind;
use crate::zipkin::v1_span::V1Span;

const CLIENT: Kind = Kind::Known(SpanKind::Client);
const SERVER: Kind = Kind::Known(SpanKind::Server);
const PRODUCER: Kind = Kind::Known(SpanKind::Producer);
const CONSUMER: Kind = Kind::Known(SpanKind::Consumer);

/// When a stage was reached, in microseconds, and by whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage<'s, 'a> {
    pub(super) timestamp: u64,
    pub(super) side: usize,
    pub(super) host: &'s Endpoint<'a>,
}

/// The stages of a span; of repeated ones the last.
#[derive(Debug, Default)]
pub(super) struct Stages<'s, 'a> {
    pub(super) client_sent: Option<Stage<'s, 'a>>,
    pub(super) client_received: Option<Stage<'s, 'a>>,
    pub(super) server_received: Option<Stage<'s, 'a>>,
    pub(super) server_sent: Option<Stage<'s, 'a>>,
    pub(super) message_sent: Option<Stage<'s, 'a>>,
    pub(super) message_received: Option<Stage<'s, 'a>>,
    wire_sent: Option<Stage<'s, 'a>>,
    wire_received: Option<Stage<'s, 'a>>,
}

impl<'s, 'a> Stages<'s, 'a> {
    /// Keeps a stage and tells what it makes of its side; none for another annotation.
    pub(super) fn note(&mut self, value: &[u8], stage: Stage<'s, 'a>) -> Option<Kind> {
        let (place, kind) = match value {
            b"cs" => (&mut self.client_sent, CLIENT),
            b"cr" => (&mut self.client_received, CLIENT),
            b"sr" => (&mut self.server_received, SERVER),
            b"ss" => (&mut self.server_sent, SERVER),
            b"ms" => (&mut self.message_sent, PRODUCER),
            b"mr" => (&mut self.message_received, CONSUMER),
            b"ws" => (&mut self.wire_sent, Kind::None),
            b"wr" => (&mut self.wire_received, Kind::None),
            _ => return None,
        };
        *place = Some(stage);
        Some(kind)
    }

    pub(super) fn has_call(&self) -> bool {
        self.client_sent.is_some()
            || self.client_received.is_some()
            || self.server_received.is_some()
            || self.server_sent.is_some()
    }

    /// Adds a start that is missing when the span's own times tell it: they end with the end.
    pub(super) fn complete(&mut self, source: &V1Span<'_>) {
        let start_of = |end: Option<Stage<'s, 'a>>| {
            let end = end?;
            let is_told = source.timestamp != 0
                && source.duration != 0
                && source.timestamp.checked_add(source.duration) == Some(end.timestamp);
            is_told.then_some(Stage {
                timestamp: source.timestamp,
                ..end
            })
        };
        self.client_sent = self.client_sent.or_else(|| start_of(self.client_received));
        self.server_received = self.server_received.or_else(|| start_of(self.server_sent));
    }

    /// Gives the sides of a call their times, and marks the second side.
    pub(super) fn time_call(&mut self, sides: &mut Sides<'a>, source: &V1Span<'_>) {
        match (self.client_sent, self.server_received) {
            (Some(sent), Some(received)) => self.time_both(sides, source, (sent, received)),
            (Some(sent), None) if self.client_received.is_some() => {
                time_side(sides, source, sent, self.client_received);
            }
            (None, Some(received)) if self.server_sent.is_some() => {
                time_side(sides, source, received, self.server_sent);
            }
            _ => self.time_incomplete(sides, source),
        }
        // Version 1 has no mark for shared spans: a server that did not begin its span leaves the
        // span's own times out.
        if let (None, Some(received)) = (self.client_sent, self.server_received) {
            let is_unfinished = self.server_sent.is_some() && source.duration == 0;
            if source.timestamp == 0 || is_unfinished {
                sides.list[received.side].is_shared = true;
            }
        }
    }

    /// The span's own times are the client's; the server's follow from its stages.
    fn time_both(
        &mut self,
        sides: &mut Sides<'a>,
        source: &V1Span<'_>,
        (sent, received): (Stage<'s, 'a>, Stage<'s, 'a>),
    ) {
        time_side(sides, source, sent, self.client_received);
        if self.client_received.is_none() && source.duration == 0 {
            // Nobody waited for an answer.
            sides.list[sent.side].duration = 0;
        }
        let server_side = apart(sides, (sent, CLIENT), (received, SERVER));
        if let Some(stage) = &mut self.server_received {
            stage.side = server_side;
        }
        let server = &mut sides.list[server_side];
        server.is_shared = true;
        server.timestamp = received.timestamp;
        if let Some(end) = self.server_sent {
            server.duration = end.timestamp.saturating_sub(received.timestamp);
        }
    }

    /// A side that lacks its end starts with its stage; an end without a start stays an
    /// annotation. Both give way to the span's own times.
    fn time_incomplete(&self, sides: &mut Sides<'a>, source: &V1Span<'_>) {
        for number in 0..sides.list.len() {
            let (start, end, name) = match sides.list[number].kind {
                CLIENT => (self.client_sent, self.client_received, b"cr"),
                SERVER => (self.server_received, self.server_sent, b"ss"),
                _ => continue,
            };
            if let Some(start) = start {
                sides.list[number].timestamp = start.timestamp;
            }
            if let Some(end) = end {
                sides.annotate(number, end.timestamp, name.as_slice().into());
            }
        }
        if source.timestamp != 0 {
            sides.list[0].timestamp = source.timestamp;
            sides.list[0].duration = source.duration;
        }
    }

    /// Gives the sides of a message their times.
    pub(super) fn time_message(&mut self, sides: &mut Sides<'a>, source: &V1Span<'_>) {
        match (self.message_sent, self.message_received) {
            (Some(sent), Some(received)) => self.time_both_of_message(sides, (sent, received)),
            (Some(sent), None) => time_side(sides, source, sent, self.wire_sent),
            (None, Some(received)) => match self.wire_received {
                Some(begin) => time_side(sides, source, begin, Some(received)),
                None => time_side(sides, source, received, None),
            },
            (None, None) => {
                for (stage, name) in [(self.wire_sent, b"ws"), (self.wire_received, b"wr")] {
                    if let Some(stage) = stage {
                        sides.annotate(stage.side, stage.timestamp, name.as_slice().into());
                    }
                }
            }
        }
    }

    fn time_both_of_message(
        &mut self,
        sides: &mut Sides<'a>,
        (sent, received): (Stage<'s, 'a>, Stage<'s, 'a>),
    ) {
        let consumer_side = apart(sides, (sent, PRODUCER), (received, CONSUMER));
        if let Some(stage) = &mut self.message_received {
            stage.side = consumer_side;
        }
        let consumer = &mut sides.list[consumer_side];
        consumer.is_shared = true;
        let begin = self.wire_received.unwrap_or(received);
        consumer.timestamp = begin.timestamp;
        consumer.duration = received.timestamp.saturating_sub(begin.timestamp);
        let producer = &mut sides.list[sent.side];
        producer.timestamp = sent.timestamp;
        producer.duration = self
            .wire_sent
            .map_or(0, |end| end.timestamp.saturating_sub(sent.timestamp));
    }
}

/// The side of the second stage, which is a new one when a service called itself.
fn apart<'a>(
    sides: &mut Sides<'a>,
    (first, first_kind): (Stage<'_, 'a>, Kind),
    (second, second_kind): (Stage<'_, 'a>, Kind),
) -> usize {
    if first.side != second.side {
        return second.side;
    }
    sides.list[first.side].kind = first_kind;
    sides.fork(second.host, second_kind)
}

/// Gives a side the span's own times when both are there, or else those of its stages.
fn time_side(
    sides: &mut Sides<'_>,
    source: &V1Span<'_>,
    begin: Stage<'_, '_>,
    end: Option<Stage<'_, '_>>,
) {
    let side = &mut sides.list[begin.side];
    if source.timestamp != 0 && source.duration != 0 {
        side.timestamp = source.timestamp;
        side.duration = source.duration;
    } else {
        side.timestamp = begin.timestamp;
        side.duration = end.map_or(side.duration, |end| {
            end.timestamp.saturating_sub(begin.timestamp)
        });
    }
}
