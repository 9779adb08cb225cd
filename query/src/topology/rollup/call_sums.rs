//! Sums of calls by one thing at a time that tells them apart, in buckets of the first steps.

use arrow_array::RecordBatch;
use schemas::rollups::FIRST_STEPS;

use super::super::call::{Call, Sign};
use super::super::edge::EdgeKey;
use super::super::fast_map::Words;
use super::super::names::{Name, Names};
use super::super::operations::KeptOperations;
use super::dimension::EdgeDimension;
use super::writer::{EdgeWriter, RowKey, RowKind, RowSums};
use crate::QueryError;
use crate::red::bucket_of_nanos;
use crate::rollups::{
    DurationSum, HistogramWriter, MinuteSums, MixedDurationSum, RankedKeys, Record, Records,
    RecordsInOrder, RowSum, ShortBucket, Ways,
};

/// The way to tell ends apart by their edge alone.
const BY_EDGE: usize = 0;

/// What a row takes in a file, typically, in bytes.
const ROW_BYTES: usize = 100;

/// What counts of a call.
#[derive(Clone, Copy, Debug)]
struct CallRecord {
    /// The number of its ends and its connection.
    ends: u32,
    /// The number of its edge and operation.
    operation: u32,
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

    fn sign(&self) -> Sign {
        self.sign
    }

    /// By that of the callee's half, if it is known: that of the other one mostly grows with it.
    fn duration_rank(&self) -> u32 {
        bucket_of_nanos(self.server_nano().unwrap_or(self.client_nano))
    }
}

/// What calls of a row add up to.
#[derive(Debug, Default)]
struct CallSum {
    calls: u64,
    errors: u64,
    client: MixedDurationSum,
    /// By these calls are in order.
    server: DurationSum,
    /// Whether the halves of a call differ: of one to a database they are the same span.
    halves_differ: bool,
}

impl RowSum<CallRecord> for CallSum {
    fn add(&mut self, call: &CallRecord) {
        self.calls += 1;
        self.errors += u64::from(call.is_error);
        self.halves_differ |= call.client_nano() != call.server_nano();
        call.client_nano()
            .into_iter()
            .for_each(|nanos| self.client.add(nanos));
        call.server_nano()
            .into_iter()
            .for_each(|nanos| self.server.add(nanos));
    }

    fn is_empty(&self) -> bool {
        self.calls == 0
    }

    fn clear(&mut self) {
        (self.calls, self.errors) = (0, 0);
        self.halves_differ = false;
        self.client.clear();
        self.server.clear();
    }
}

/// Calls until they are summed up.
#[derive(Debug, Default)]
pub(crate) struct CallSums {
    /// All ends and connections: [`BY_EDGE`], and by the ends.
    ends: Ways<EdgeKey, 4, 2>,
    /// Edges, by their numbers, with the operation's own name and its service: of all ends and operations
    /// together there are many times more.
    operations: Ways<EdgeKey, 2, 1>,
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
        let told_apart_by = |edge: EdgeKey, dimension: Option<EdgeDimension>| {
            edge.told_apart_by(|one| Some(EdgeDimension::with(one)) == dimension)
        };
        let of_any_operation = EdgeKey {
            operation: None,
            ..whole
        };
        let ends = self.ends.number_of(of_any_operation.code(), || {
            [None, Some(EdgeDimension::Ends)].map(|dimension| told_apart_by(whole, dimension))
        });
        let edge = self.ends.key_number(ends, BY_EDGE);
        let service = call.operation.and_then(|operation| operation.service);
        let said = Words([u64::from(edge), Name::pair(whole.operation, service)]);
        let operation = self.operations.number_of(said, || {
            let operation = call.operation.map(|operation| kept.name(operation, names));
            let counted = EdgeKey { operation, ..whole };
            [told_apart_by(counted, Some(EdgeDimension::Operation))]
        });
        self.records.add(CallRecord {
            ends,
            operation,
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
        let rows = |edges| self.records.most_rows(edges) * ROW_BYTES;
        let edges = self.ends.memory_bytes(rows) + self.operations.memory_bytes(rows);
        edges + self.records.memory_bytes()
    }

    /// Hands over rows, some at a time, each time of one step and in order.
    pub(crate) fn into_rows<E: From<QueryError>>(
        self,
        names: &Names,
        mut see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = names.order();
        let [edges, ends] = self.ends.ranked(|edge| edge.place(&order));
        let [operations] = self.operations.ranked(|edge| edge.place(&order));
        let mut calls = self.records.in_order();
        let mut rows = Rows::new(names, &mut see);
        for dimension in EdgeDimension::OF_ROWS {
            match dimension {
                None => rows.add(&mut calls, (dimension, &edges), |call| call.ends),
                Some(EdgeDimension::Ends) => {
                    rows.add(&mut calls, (dimension, &ends), |call| call.ends)
                }
                Some(EdgeDimension::Operation) => {
                    rows.add(&mut calls, (dimension, &operations), |call| call.operation)
                }
            }?;
        }
        rows.finish()
    }
}

/// Rows as they are made.
struct Rows<'a, S> {
    shortest: EdgeWriter<'a>,
    minutes: EdgeWriter<'a>,
    sums: MinuteSums<CallSum>,
    client: HistogramWriter,
    see: S,
}

impl<'a, S: FnMut(RecordBatch) -> Result<(), E>, E: From<QueryError>> Rows<'a, S> {
    fn new(names: &'a Names, see: S) -> Self {
        Self {
            shortest: EdgeWriter::new(names, false),
            minutes: EdgeWriter::new(names, true),
            sums: MinuteSums::default(),
            client: HistogramWriter::default(),
            see,
        }
    }

    /// Adds the rows of edges that are told apart in one way, by what calls say.
    fn add(
        &mut self,
        calls: &mut RecordsInOrder<CallRecord>,
        (dimension, edges): (Option<EdgeDimension>, &RankedKeys<EdgeKey>),
        said: impl Fn(&CallRecord) -> u32,
    ) -> Result<(), E> {
        let [shortest, _] = FIRST_STEPS;
        let Self {
            sums, client, see, ..
        } = self;
        let (of_shortest, of_minutes) = (&mut self.shortest, &mut self.minutes);
        calls.each_key(edges, said, |edge, calls| {
            sums.each_row(calls, dimension.is_none(), |row, sum| {
                let writer = match row.step == shortest {
                    true => &mut *of_shortest,
                    false => &mut *of_minutes,
                };
                let key = RowKey {
                    kind: RowKind {
                        dimension,
                        step: row.step,
                    },
                    edge: *edge,
                    bucket: row.bucket,
                };
                let figures = RowSums {
                    calls: sum.calls,
                    errors: sum.errors,
                    client_nano: sum.client.nanos(),
                    server_nano: sum.server.nanos(),
                };
                let server = sum.server.take_histogram();
                let client = match sum.halves_differ {
                    true => client.histogram_of(&mut sum.client),
                    false => server,
                };
                writer.add((&key, row.sign), figures, client, server);
                match writer.take_when_full()? {
                    Some(rows) => see(rows),
                    None => Ok(()),
                }
            })
        })
    }

    /// Hands over the rest.
    fn finish(mut self) -> Result<(), E> {
        (self.see)(self.shortest.take()?)?;
        (self.see)(self.minutes.take()?)
    }
}
