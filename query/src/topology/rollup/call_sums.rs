//! Sums of calls by all that tells them apart, in buckets of the shortest step.

use arrow_array::RecordBatch;

use super::super::call::{Call, Sign};
use super::super::edge::EdgeKey;
use super::super::names::{Name, Names};
use super::super::operations::KeptOperations;
use super::writer::{EdgeWriter, RowKey, RowKind, RowSums};
use crate::QueryError;
use crate::red::{bucket_of_nanos, bytes_of_sorted};
use crate::rollups::{Record, Records, ShortBucket};

/// What a row takes in a file, typically, in bytes.
const ROW_BYTES: usize = 150;

/// What a call says of its edge: the edge by the operation's own name, which with the service that
/// it is of makes the name by which it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct SaidEdge {
    edge: EdgeKey,
    operation_of: Option<Name>,
}

/// What counts of a call.
#[derive(Clone, Copy, Debug)]
struct CallRecord {
    edge: u32,
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
    /// By bucket, then by sign.
    fn place(&self) -> i64 {
        i64::from(self.bucket.number()) * 2 + i64::from(self.sign == Sign::Taken)
    }

    fn client_nano(&self) -> Option<i64> {
        self.has_client.then_some(self.client_nano)
    }

    fn server_nano(&self) -> Option<i64> {
        self.has_server.then_some(self.server_nano)
    }
}

impl Record for CallRecord {
    fn key(&self) -> u32 {
        self.edge
    }

    fn bucket(&self) -> ShortBucket {
        self.bucket
    }
}

/// Calls until they are summed up.
#[derive(Debug, Default)]
pub(crate) struct CallSums(Records<SaidEdge, EdgeKey, CallRecord>);

impl CallSums {
    /// Counts a call in its edge's bucket.
    pub(crate) fn add(
        &mut self,
        call: &Call,
        sign: Sign,
        names: &mut Names,
        kept: &mut KeptOperations,
    ) {
        let said = SaidEdge {
            edge: EdgeKey::of(call),
            operation_of: call.operation.and_then(|operation| operation.service),
        };
        let edge = self.0.key_of(said, || EdgeKey {
            operation: call.operation.map(|operation| kept.name(operation, names)),
            ..said.edge
        });
        self.0.add(CallRecord {
            edge,
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
        self.0.memory_bytes(ROW_BYTES)
    }

    /// Hands over fresh rows, some at a time, by edge, bucket and sign.
    pub(crate) fn into_rows<E: From<QueryError>>(
        self,
        names: &Names,
        mut see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = names.order();
        let mut writer = EdgeWriter::of_fresh(names);
        let (mut client, mut server) = (HalfSum::default(), HalfSum::default());
        let place = |edge: &EdgeKey| edge.place(&order);
        self.0.each_key(place, |edge, calls| {
            calls.sort_unstable_by_key(CallRecord::place);
            for calls in calls.chunk_by(|one, next| one.place() == next.place()) {
                client.sum_up(calls.iter().filter_map(CallRecord::client_nano));
                server.sum_up(calls.iter().filter_map(CallRecord::server_nano));
                let key = RowKey {
                    kind: RowKind::FRESH,
                    edge: *edge,
                    bucket: calls[0].bucket.start(),
                };
                let sums = RowSums {
                    calls: calls.len() as u64,
                    errors: calls.iter().filter(|call| call.is_error).count() as u64,
                    client_nano: client.nanos,
                    server_nano: server.nanos,
                };
                let sign = calls[0].sign;
                writer.add((&key, sign), sums, &client.histogram, &server.histogram);
                if let Some(rows) = writer.take_when_full()? {
                    see(rows)?;
                }
            }
            Ok::<(), E>(())
        })?;
        see(writer.take()?)
    }
}

/// Durations of the calls of a row as one side saw them, in memory that the next row's take.
#[derive(Debug, Default)]
struct HalfSum {
    nanos: i128,
    buckets: Vec<u32>,
    /// As it is stored.
    histogram: Vec<u8>,
}

impl HalfSum {
    fn sum_up(&mut self, nanos: impl Iterator<Item = i64>) {
        self.nanos = 0;
        self.buckets.clear();
        for nanos in nanos {
            self.nanos += i128::from(nanos);
            self.buckets.push(bucket_of_nanos(nanos));
        }
        self.buckets.sort_unstable();
        bytes_of_sorted(&self.buckets, &mut self.histogram);
    }
}
