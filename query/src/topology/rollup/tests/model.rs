//! Spans as the oracle sees them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use schemas::{
    AttributeRef, ResourceRow, SpanBatch, SpanBatchBuilder, SpanKind, SpanRow, StatusCode, TraceId,
    UnixNanos,
};

use crate::fixtures::span_id;

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// A sent span.
#[derive(Clone, Debug)]
pub(in super::super) struct Sent {
    pub(in super::super) trace: u8,
    pub(in super::super) id: u64,
    pub(in super::super) parent: Option<u64>,
    pub(in super::super) path: Option<&'static str>,
    pub(in super::super) start: i64,
    pub(in super::super) duration: i64,
    pub(in super::super) kind: SpanKind,
    pub(in super::super) is_error: bool,
    pub(in super::super) service: Option<&'static str>,
    pub(in super::super) name: &'static str,
    pub(in super::super) peer: Option<&'static str>,
    pub(in super::super) database: Option<&'static str>,
    pub(in super::super) topic: Option<&'static str>,
    pub(in super::super) version: Option<&'static str>,
    pub(in super::super) zone: Option<&'static str>,
}

impl Sent {
    pub(in super::super) fn of(
        id: u64,
        parent: Option<u64>,
        kind: SpanKind,
        service: &'static str,
    ) -> Self {
        Self {
            trace: 1,
            id,
            parent,
            path: None,
            start: 0,
            duration: 10,
            kind,
            is_error: false,
            service: Some(service),
            name: "work",
            peer: None,
            database: None,
            topic: None,
            version: None,
            zone: None,
        }
    }
}

pub(in super::super) fn batch(sent: &[Sent]) -> SpanBatch {
    let mut builder = SpanBatchBuilder::default();
    for span in sent {
        let texts = |pairs: [(&'static str, Option<&'static str>); 3]| -> Vec<_> {
            let there = pairs
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?)));
            there
                .map(|(key, value)| (key, AttributeRef::String(value)))
                .collect()
        };
        builder.set_resource(&ResourceRow {
            attributes: &texts([
                ("service.name", span.service),
                ("service.version", span.version),
                ("cloud.availability_zone", span.zone),
            ]),
            ..ResourceRow::default()
        });
        builder.push(&SpanRow {
            parent_span_id: span.parent.map(span_id),
            call_path: span.path,
            start: UnixNanos(span.start),
            duration_nano: span.duration,
            kind: span.kind,
            status_code: if span.is_error {
                StatusCode::Error
            } else {
                StatusCode::Unset
            },
            name: span.name,
            attributes: &texts([
                ("peer.service", span.peer),
                ("db.system.name", span.database),
                ("messaging.destination.name", span.topic),
            ]),
            ..SpanRow::new(TraceId([span.trace; 16]), span_id(span.id))
        });
    }
    builder.finish()
}

fn perhaps(part: f64, of: &'static [&'static str]) -> impl Strategy<Value = Option<&'static str>> {
    prop::option::weighted(part, select(of))
}

/// Spans of a few traces, some hours apart: ids that halves share, parents that are not there,
/// circles, hierarchical ids.
pub(in super::super) fn spans() -> impl Strategy<Value = Vec<Sent>> {
    let place = (
        (1..5_u8, 1..9_u64),
        prop::option::weighted(0.8, 1..10_u64),
        perhaps(0.1, &["0", "0.1", "0.1.1", "0.2.1"]),
    );
    let time = (
        prop_oneof![3 => 0..30 * SECOND, 1 => -5 * HOUR..0],
        prop_oneof![0..3_000_i64, 0..9 * SECOND],
    );
    let what = (
        select(SpanKind::ALL.to_vec()),
        any::<bool>(),
        perhaps(0.8, &["shop", "cart", "bank"]),
        select(vec!["GET /", "POST /", ""]),
    );
    let other = (
        perhaps(0.3, &["bank", "mq", "host"]),
        perhaps(0.2, &["redis", "postgresql"]),
        perhaps(0.2, &["orders", "mails"]),
    );
    let part = (perhaps(0.5, &["v1", "v2"]), perhaps(0.5, &["a", "b"]));
    let one = (place, time, what, other, part).prop_map(
        |(((trace, id), parent, path), (start, duration), what, other, (version, zone))| {
            let (kind, is_error, service, name) = what;
            let (peer, database, topic) = other;
            Sent {
                trace,
                id,
                parent,
                path,
                start,
                duration,
                kind,
                is_error,
                service,
                name,
                peer,
                database,
                topic,
                version,
                zone,
            }
        },
    );
    vec(one, 0..40)
}

/// Spans in any order, some of them several times, cut into commits.
pub(in super::super) fn commits() -> impl Strategy<Value = Vec<Vec<Sent>>> {
    let again = vec(any::<Index>(), 0..15);
    let arrived = (spans(), again).prop_map(|(mut sent, again)| {
        if !sent.is_empty() {
            let copies = again.iter().map(|at| {
                let mut copy = sent[at.index(sent.len())].clone();
                // A gateway may rewrite what it sends again.
                if copy.id.is_multiple_of(3) {
                    (copy.peer, copy.parent) = (Some("proxy"), None);
                }
                copy
            });
            let copies: Vec<Sent> = copies.collect();
            sent.extend(copies);
        }
        sent
    });
    (arrived.prop_shuffle(), vec(any::<Index>(), 0..5)).prop_map(|(sent, cuts)| {
        let mut commits = vec![sent];
        for cut in cuts {
            let last = commits.last_mut().expect("there is one");
            let rest = last.split_off(cut.index(last.len() + 1));
            commits.push(rest);
        }
        commits
    })
}
