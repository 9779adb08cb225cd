//! What one label set counts.

use std::collections::HashMap;

use super::bucket_counts::BucketCounts;
use super::labels::{self, Labels, SpanLabels};
use crate::red::{GroupBy, RedAnswer};
use crate::topology::{ConnectionType, HalfFigures, Topology};

/// The spans, or the calls, of one label set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    /// How many there are.
    pub(super) count: u64,
    /// How many calls failed; spans say so in their labels.
    pub(super) failed: u64,
    /// How long spans took, or calls as the callee saw them.
    pub(super) durations: BucketCounts,
    /// How long calls took as the caller saw them.
    pub(super) client_durations: BucketCounts,
}

/// Tallies by label set.
pub(super) type Tallies = HashMap<Labels, Tally>;

impl Tally {
    /// Counts what another one counted too.
    pub(super) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.failed += other.failed;
        self.durations.add(&other.durations);
        self.client_durations.add(&other.client_durations);
    }

    /// Raises each figure to that of another one; none falls.
    pub(super) fn raise_to(&mut self, other: &Self) {
        self.count = self.count.max(other.count);
        self.failed = self.failed.max(other.failed);
        self.durations.raise_to(&other.durations);
        self.client_durations.raise_to(&other.client_durations);
    }
}

/// Figures by service, operation, kind and status.
pub(super) fn of_spans(answer: RedAnswer) -> Tallies {
    let mut tallies = Tallies::with_capacity(answer.series.len());
    for mut series in answer.series {
        let total = &series.total;
        let sum_nano = total.avg_time_nano.unwrap_or_default() * total.count as f64;
        let tally = Tally {
            count: total.count,
            durations: BucketCounts::of(&mut series.durations, sum_nano),
            ..Tally::default()
        };
        let value = |by| series.value(by).unwrap_or_default();
        let labels = SpanLabels {
            service: value(GroupBy::Service),
            name: value(GroupBy::Operation),
            kind: value(GroupBy::Kind),
            status: value(GroupBy::Status),
        };
        tallies.entry(labels.labels()).or_default().add(&tally);
    }
    tallies
}

/// Edges, those that differ only in what their nodes are as one.
pub(super) fn of_calls(topology: Topology) -> Tallies {
    let mut tallies = Tallies::with_capacity(topology.edges.len());
    for mut edge in topology.edges {
        let client_durations = edge.client.as_mut().map(bucket_counts).unwrap_or_default();
        let durations = match edge.server.as_mut().map(bucket_counts) {
            Some(durations) => durations,
            // Nobody else saw the call, so the caller's durations are the best known, as in Tempo.
            None if edge.connection == ConnectionType::Database => client_durations.clone(),
            None => BucketCounts::default(),
        };
        let tally = Tally {
            count: edge.calls,
            failed: edge.errors,
            durations,
            client_durations,
        };
        let name = |position: usize| {
            let node = topology.nodes.get(position);
            node.map(|node| node.name.as_str()).unwrap_or_default()
        };
        let labels = labels::of_calls(name(edge.caller), name(edge.callee), edge.connection);
        tallies.entry(labels).or_default().add(&tally);
    }
    tallies
}

fn bucket_counts(half: &mut HalfFigures) -> BucketCounts {
    let sum_nano = half.avg_time_nano * half.count as f64;
    BucketCounts::of(&mut half.durations, sum_nano)
}
