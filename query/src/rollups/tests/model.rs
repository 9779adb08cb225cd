//! Spans as the oracle sees them.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use schemas::{
    AttributeRef, ResourceRow, SpanBatch, SpanBatchBuilder, SpanKind, SpanRow, StatusCode, TraceId,
    UnixNanos,
};

use crate::fixtures::span_id;

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// A sent span: equal ones are one span.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sent {
    pub(super) trace: u8,
    pub(super) id: u64,
    pub(super) start: i64,
    pub(super) duration: i64,
    pub(super) kind: SpanKind,
    pub(super) is_error: bool,
    pub(super) service: Option<&'static str>,
    pub(super) name: String,
    /// The number of what it runs in.
    pub(super) place: u64,
}

impl Default for Sent {
    fn default() -> Self {
        Self {
            trace: 1,
            id: 1,
            start: 0,
            duration: 10,
            kind: SpanKind::Server,
            is_error: false,
            service: Some("shop"),
            name: "GET /".into(),
            place: 0,
        }
    }
}

impl Sent {
    pub(super) fn status_code(&self) -> StatusCode {
        if self.is_error {
            StatusCode::Error
        } else {
            StatusCode::Unset
        }
    }

    /// Instance, version and zone: some spans say nothing of them.
    pub(super) fn place(&self) -> [Option<&'static str>; 3] {
        match self.place % 4 {
            0 => [None, None, None],
            1 => [Some("pod-1"), Some("v1"), Some("a")],
            2 => [Some("pod-2"), Some("v2"), Some("a")],
            _ => [Some("pod-3"), None, Some("b")],
        }
    }
}

/// What is left when each span is there once.
pub(super) fn distinct(sent: &[Sent]) -> BTreeSet<Sent> {
    sent.iter().cloned().collect()
}

pub(super) fn batch(sent: &[Sent]) -> SpanBatch {
    let mut builder = SpanBatchBuilder::default();
    for span in sent {
        let [instance, version, zone] = span.place();
        let attributes: Vec<_> = [
            ("service.name", span.service),
            ("service.instance.id", instance),
            ("service.version", version),
            ("cloud.availability_zone", zone),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, AttributeRef::String(value?))))
        .collect();
        builder.set_resource(&ResourceRow {
            attributes: &attributes,
            ..ResourceRow::default()
        });
        builder.push(&SpanRow {
            start: UnixNanos(span.start),
            duration_nano: span.duration,
            kind: span.kind,
            status_code: span.status_code(),
            name: &span.name,
            ..SpanRow::new(TraceId([span.trace; 16]), span_id(span.id))
        });
    }
    builder.finish()
}

/// Spans of a few traces, most within two minutes, some hours or a day before.
pub(super) fn spans() -> impl Strategy<Value = Vec<Sent>> {
    let one = (
        (1..6_u8, 0..12_u64, 0..4_u64),
        prop_oneof![4 => 0..120 * SECOND, 1 => -5 * HOUR..0, 1 => -30 * HOUR..0],
        prop_oneof![0..3_000_i64, 0..9 * SECOND],
        prop_oneof![Just(SpanKind::Server), Just(SpanKind::Client)],
        any::<bool>(),
        prop_oneof![Just(None), Just(Some("shop")), Just(Some("cart"))],
        prop_oneof![Just("GET /"), Just("POST /"), Just("")],
    );
    let one = one.prop_map(
        |((trace, id, place), start, duration, kind, is_error, service, name)| Sent {
            trace,
            id,
            start,
            duration,
            kind,
            is_error,
            service,
            name: name.to_owned(),
            place,
        },
    );
    vec(one, 0..40)
}

/// Spans in any order, some of them several times, cut into commits.
pub(super) fn commits() -> impl Strategy<Value = Vec<Vec<Sent>>> {
    let again = vec(any::<prop::sample::Index>(), 0..15);
    let arrived = (spans(), again).prop_map(|(mut sent, again)| {
        if !sent.is_empty() {
            let copies: Vec<Sent> = again
                .iter()
                .map(|at| sent[at.index(sent.len())].clone())
                .collect();
            sent.extend(copies);
        }
        sent
    });
    let shuffled = arrived.prop_shuffle();
    (shuffled, vec(any::<prop::sample::Index>(), 0..5)).prop_map(|(sent, cuts)| {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(sent.len() + 1)).collect();
        cuts.sort_unstable();
        let mut commits = Vec::new();
        let mut rest = sent.as_slice();
        let mut taken = 0;
        for cut in cuts {
            let (commit, others) = rest.split_at(cut - taken);
            commits.push(commit.to_vec());
            (rest, taken) = (others, cut);
        }
        commits.push(rest.to_vec());
        commits
    })
}
