//! Sums of calls by one thing at a time that tells them apart, in buckets of the first steps.

use arrow_array::RecordBatch;
use schemas::rollups::FIRST_STEPS;

use super::super::call::{Call, Sign};
use super::super::edge::EdgeKey;
use super::super::fast_map::{FastMap, Words};
use super::super::names::{Name, Names};
use super::super::operations::KeptOperations;
use super::super::query::TopologyDimension;
use super::writer::{EdgeWriter, RowKey, RowKind, RowSums};
use crate::QueryError;
use crate::red::bucket_of_nanos;
use crate::rollups::{
    DurationSum, HistogramWriter, MinuteSums, Numbered, Record, Records, RecordsInOrder, RowSum,
    ShortBucket,
};

/// What a row takes in a file, typically, in bytes.
const ROW_BYTES: usize = 100;

/// What of an edge follows from a call's ends and the connection.
const OF_ENDS: [Option<TopologyDimension>; 3] = [
    None,
    Some(TopologyDimension::Version),
    Some(TopologyDimension::Zone),
];

/// What counts of a call.
#[derive(Clone, Copy, Debug)]
struct CallRecord {
    /// The number of its ends and connection.
    ends: u32,
    /// The number of its edge, told apart by operation.
    by_operation: u32,
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

    /// By that of one half: that of the other one mostly grows with it.
    fn duration_rank(&self) -> u32 {
        bucket_of_nanos(self.server_nano().unwrap_or(self.client_nano))
    }
}

/// What calls of a row add up to.
#[derive(Debug, Default)]
struct CallSum {
    calls: u64,
    errors: u64,
    client: DurationSum,
    server: DurationSum,
}

impl RowSum<CallRecord> for CallSum {
    fn add(&mut self, call: &CallRecord) {
        self.calls += 1;
        self.errors += u64::from(call.is_error);
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
        self.client.clear();
        self.server.clear();
    }
}

/// Calls until they are summed up.
#[derive(Debug, Default)]
pub(crate) struct CallSums {
    /// The numbers of all ends and connections.
    ends: FastMap<Words<4>, u32>,
    /// By ends and connection, the numbers of the edges that follow.
    of_ends: Vec<[u32; OF_ENDS.len()]>,
    edges_of_ends: [Numbered<EdgeKey>; OF_ENDS.len()],
    /// By the number of the edge, and the operation's own name and service, that of the edge by
    /// operation.
    by_operation: FastMap<Words<2>, u32>,
    edges_by_operation: Numbered<EdgeKey>,
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
        let by = |dimension| whole.told_apart_by(|one| Some(one) == dimension);
        let of_any_operation = EdgeKey {
            operation: None,
            ..whole
        };
        let ends = *self.ends.entry(of_any_operation.code()).or_insert_with(|| {
            let mut numbers = [0; OF_ENDS.len()];
            for (way, dimension) in OF_ENDS.into_iter().enumerate() {
                numbers[way] = self.edges_of_ends[way].number_of(by(dimension));
            }
            self.of_ends.push(numbers);
            u32::try_from(self.of_ends.len() - 1).expect("fewer than calls in memory")
        });
        let [edge, ..] = self.of_ends[ends as usize];
        let service = call.operation.and_then(|operation| operation.service);
        let operation = Name::pair(whole.operation, service);
        let said = Words([u64::from(edge), operation]);
        let by_operation = *self.by_operation.entry(said).or_insert_with(|| {
            self.edges_by_operation.number_of(EdgeKey {
                operation: call.operation.map(|operation| kept.name(operation, names)),
                ..by(Some(TopologyDimension::Operation))
            })
        });
        self.records.add(CallRecord {
            ends,
            by_operation,
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
        let edges = self.edges_of_ends.iter().chain([&self.edges_by_operation]);
        let of_edges = edges.map(|edges| {
            let rows = self.records.most_rows(edges.len());
            rows * ROW_BYTES + edges.memory_bytes()
        });
        let said = self.ends.len() * 2 * size_of::<(Words<4>, u32)>()
            + self.by_operation.len() * 2 * size_of::<(Words<2>, u32)>()
            + size_of_val(self.of_ends.as_slice());
        of_edges.sum::<usize>() + said + self.records.memory_bytes()
    }

    /// Hands over rows, some at a time, each time of one step and in order.
    pub(crate) fn into_rows<E: From<QueryError>>(
        self,
        names: &Names,
        mut see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = names.order();
        let place = |edge: &EdgeKey| edge.place(&order);
        let [edges, versions, zones] = self.edges_of_ends;
        let of_ends = |way: usize, edges: Numbered<EdgeKey>| {
            let (edges, ranks) = edges.ranked(place);
            let numbers = self.of_ends.iter().map(|numbers| numbers[way]);
            let ranks = numbers.map(|number| ranks[number as usize]).collect();
            (OF_ENDS[way], edges, ranks)
        };
        let (operations, ranks) = self.edges_by_operation.ranked(place);
        let by_operation = (Some(TopologyDimension::Operation), operations, ranks);
        let ends = |call: &CallRecord| call.ends;
        let mut calls = self.records.in_order();
        let mut rows = Rows::new(names, &mut see);
        rows.add(&mut calls, of_ends(0, edges), ends)?;
        rows.add(&mut calls, by_operation, |call| call.by_operation)?;
        rows.add(&mut calls, of_ends(1, versions), ends)?;
        rows.add(&mut calls, of_ends(2, zones), ends)?;
        rows.finish()
    }
}

/// Edges in order, what they are told apart by, and the position among them of each number.
type RankedEdges = (Option<TopologyDimension>, Vec<EdgeKey>, Vec<u32>);

/// Rows as they are made.
struct Rows<'a, S> {
    shortest: EdgeWriter<'a>,
    minutes: EdgeWriter<'a>,
    sums: MinuteSums<CallSum>,
    client: HistogramWriter,
    server: HistogramWriter,
    see: S,
}

impl<'a, S: FnMut(RecordBatch) -> Result<(), E>, E: From<QueryError>> Rows<'a, S> {
    fn new(names: &'a Names, see: S) -> Self {
        Self {
            shortest: EdgeWriter::new(names, false),
            minutes: EdgeWriter::new(names, true),
            sums: MinuteSums::default(),
            client: HistogramWriter::default(),
            server: HistogramWriter::default(),
            see,
        }
    }

    /// Adds the rows of edges that are told apart in one way.
    fn add(
        &mut self,
        calls: &mut RecordsInOrder<CallRecord>,
        (dimension, edges, ranks): RankedEdges,
        number: impl Fn(&CallRecord) -> u32,
    ) -> Result<(), E> {
        let [shortest, _] = FIRST_STEPS;
        let Self {
            sums,
            client,
            server,
            see,
            ..
        } = self;
        let (of_shortest, of_minutes) = (&mut self.shortest, &mut self.minutes);
        let rank = |call: &CallRecord| ranks[number(call) as usize];
        calls.each_key(&edges, rank, |edge, calls| {
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
                let client = client.histogram_of(&mut sum.client);
                let server = server.histogram_of(&mut sum.server);
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
