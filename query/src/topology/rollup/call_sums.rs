//! Sums of calls by one thing at a time that tells them apart, in buckets of the first steps.

use std::hash::{Hash, Hasher};

use arrow_array::RecordBatch;
use schemas::rollups::FIRST_STEPS;

use super::super::call::{Call, End, Sign};
use super::super::edge::EdgeKey;
use super::super::fast_map::FastMap;
use super::super::names::{Name, Names};
use super::super::operations::KeptOperations;
use super::super::query::TopologyDimension;
use super::writer::{EdgeWriter, RowKey, RowKind, RowSums};
use crate::QueryError;
use crate::rollups::{DurationSum, Numbered, Record, Records, ShortBucket};

/// What a row takes in a file, typically, in bytes.
const ROW_BYTES: usize = 100;

/// In how many ways edges are told apart: one of them is not at all.
const WAYS: usize = RowKind::DIMENSIONS.len();

/// The numbers of the edges that follow from a call's ends: not told apart, by version and by zone.
type EdgesOfEnds = [u32; 3];

/// What is said of a call, by number: of its ends and the connection, or of its edge and the
/// operation's own name and service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Said([u32; 3]);

impl Hash for Said {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [one, two, three] = self.0;
        state.write_u64(u64::from(one) << 32 | u64::from(two));
        state.write_u32(three);
    }
}

/// What counts of a call.
#[derive(Clone, Copy, Debug)]
struct CallRecord {
    /// The numbers of its edge, as it is told apart in each way.
    edges: [u32; WAYS],
    bucket: ShortBucket,
    sign: Sign,
    is_error: bool,
    /// Whether the caller's half is known, and the callee's; unknown ones took no time.
    has_client: bool,
    has_server: bool,
    client_nano: i64,
    server_nano: i64,
}

impl CallRecord {
    /// Whether both count in one row, where all else is equal.
    fn is_with(&self, other: &Self, step_seconds: i64) -> bool {
        self.sign == other.sign && self.bucket.is_with(other.bucket, step_seconds)
    }

    fn client_nano(&self) -> Option<i64> {
        self.has_client.then_some(self.client_nano)
    }

    fn server_nano(&self) -> Option<i64> {
        self.has_server.then_some(self.server_nano)
    }
}

impl Record for CallRecord {
    fn bucket(&self) -> ShortBucket {
        self.bucket
    }
}

/// Calls until they are summed up.
#[derive(Debug, Default)]
pub(crate) struct CallSums {
    /// For each way to tell edges apart. They are few, in each: all that tells calls apart, together,
    /// would make nearly an edge a call.
    edges: [Numbered<EdgeKey>; WAYS],
    ends: Numbered<End>,
    by_ends: FastMap<Said, EdgesOfEnds>,
    by_operation: FastMap<Said, u32>,
    records: Records<CallRecord>,
}

impl CallSums {
    /// Counts a call in its edge's bucket.
    pub(crate) fn add(
        &mut self,
        call: &Call,
        sign: Sign,
        names: &mut Names,
        kept: &mut KeptOperations,
    ) {
        let whole = EdgeKey::of(call);
        let by = |dimension| whole.told_apart_by(|one| one == dimension);
        let [edges, of_operations, of_versions, of_zones] = &mut self.edges;
        let ends = [call.caller, call.callee].map(|end| self.ends.number_of(end));
        let said = Said([ends[0], ends[1], call.connection as u32]);
        let [edge, by_version, by_zone] = *self.by_ends.entry(said).or_insert_with(|| {
            [
                edges.number_of(whole.told_apart_by(|_| false)),
                of_versions.number_of(by(TopologyDimension::Version)),
                of_zones.number_of(by(TopologyDimension::Zone)),
            ]
        });
        let service = call.operation.and_then(|operation| operation.service);
        let said = Said([edge, Name::code(whole.operation), Name::code(service)]);
        let by_operation = *self.by_operation.entry(said).or_insert_with(|| {
            of_operations.number_of(EdgeKey {
                operation: call.operation.map(|operation| kept.name(operation, names)),
                ..by(TopologyDimension::Operation)
            })
        });
        self.records.add(CallRecord {
            edges: [edge, by_operation, by_version, by_zone],
            bucket: ShortBucket::of(call.start.0),
            sign,
            is_error: call.is_error,
            has_client: call.client_nano.is_some(),
            has_server: call.server_nano.is_some(),
            client_nano: call.client_nano.unwrap_or_default(),
            server_nano: call.server_nano.unwrap_or_default(),
        });
    }

    /// The memory that the calls take, and that a file of their rows will take, about, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let of_edges = self.edges.iter().map(|edges| {
            let rows = self.records.most_rows(edges.len());
            rows * ROW_BYTES + edges.memory_bytes()
        });
        let said = self.by_ends.len() * 2 * size_of::<(Said, EdgesOfEnds)>()
            + self.by_operation.len() * 2 * size_of::<(Said, u32)>();
        of_edges.sum::<usize>() + said + self.ends.memory_bytes() + self.records.memory_bytes()
    }

    /// Hands over rows, some at a time, each time of one step and in order.
    pub(crate) fn into_rows<E: From<QueryError>>(
        self,
        names: &Names,
        mut see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = names.order();
        let [shortest, minute] = FIRST_STEPS;
        let mut shortest = RowsInStep::new(shortest, EdgeWriter::new(names, false));
        let mut minutes = RowsInStep::new(minute, EdgeWriter::new(names, true));
        let place = |edge: &EdgeKey| edge.place(&order);
        let mut room = Vec::new();
        for ((way, dimension), edges) in (0..).zip(RowKind::DIMENSIONS).zip(self.edges) {
            let number = |call: &CallRecord| call.edges[way];
            let mut calls = self.records.by_key(edges, number, place, room);
            calls.each(|edge, calls| {
                if dimension.is_none() {
                    shortest.add((edge, dimension), calls, &mut see)?;
                }
                minutes.add((edge, dimension), calls, &mut see)
            })?;
            room = calls.into_room();
        }
        see(shortest.writer.take()?)?;
        see(minutes.writer.take()?)
    }
}

/// Rows of a step as they are made.
struct RowsInStep<'a> {
    step: i64,
    writer: EdgeWriter<'a>,
    client: DurationSum,
    server: DurationSum,
}

impl<'a> RowsInStep<'a> {
    fn new(step: i64, writer: EdgeWriter<'a>) -> Self {
        Self {
            step,
            writer,
            client: DurationSum::default(),
            server: DurationSum::default(),
        }
    }

    /// Adds the rows of an edge.
    fn add<E: From<QueryError>>(
        &mut self,
        (edge, dimension): (&EdgeKey, Option<TopologyDimension>),
        calls: &mut [CallRecord],
        see: &mut impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let step = self.step;
        calls.sort_unstable_by_key(|call| call.bucket);
        if calls.iter().any(|call| call.sign == Sign::Taken) {
            calls.sort_by_key(|call| (call.bucket.start_in(step), call.sign));
        }
        for calls in calls.chunk_by(|one, next| one.is_with(next, step)) {
            let CallRecord { bucket, sign, .. } = calls[0];
            self.client
                .sum_up(calls.iter().filter_map(CallRecord::client_nano));
            self.server
                .sum_up(calls.iter().filter_map(CallRecord::server_nano));
            let key = RowKey {
                kind: RowKind { dimension, step },
                edge: *edge,
                bucket: bucket.start_in(step),
            };
            let sums = RowSums {
                calls: calls.len() as u64,
                errors: calls.iter().filter(|call| call.is_error).count() as u64,
                client_nano: self.client.nanos(),
                server_nano: self.server.nanos(),
            };
            let (client, server) = (self.client.histogram(), self.server.histogram());
            self.writer.add((&key, sign), sums, client, server);
            if let Some(rows) = self.writer.take_when_full()? {
                see(rows)?;
            }
        }
        Ok(())
    }
}
