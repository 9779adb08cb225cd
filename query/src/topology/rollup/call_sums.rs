//! Sums of calls by all that tells them apart, in buckets of the shortest step.

use arrow_array::RecordBatch;
use schemas::rollups::ROLLUP_STEPS;

use super::super::call::{Call, Sign};
use super::super::edge::EdgeKey;
use super::super::fast_map::FastMap;
use super::super::names::{Name, Names};
use super::super::operations::KeptOperations;
use super::writer::{EdgeWriter, RowKey, RowKind, RowSums};
use crate::QueryError;
use crate::red::{bucket_of_nanos, bytes_of_sorted};
use crate::rollups::{Numbered, SortedDurations, bucket_start};

/// What the row of a sum takes in a file, typically, in bytes.
const ROW_BYTES: usize = 150;

/// Durations of calls as one side saw them, but for the durations themselves.
#[derive(Clone, Copy, Debug, Default)]
struct HalfSum {
    count: usize,
    sum_nano: i128,
}

/// The calls of an edge in a bucket.
#[derive(Clone, Copy, Debug)]
struct CallSum {
    edge: u32,
    bucket: i64,
    sign: Sign,
    calls: u64,
    errors: u64,
    client: HalfSum,
    server: HalfSum,
}

/// What a call says of where it counts: its edge by the operation's own name, which with the service
/// that it is of makes the name by which it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Said {
    edge: EdgeKey,
    operation_of: Option<Name>,
    bucket: i64,
    sign: Sign,
}

/// Sums while calls are added to them.
#[derive(Debug, Default)]
pub(crate) struct CallSums {
    edges: Numbered<EdgeKey>,
    of_calls: FastMap<Said, u32>,
    /// The numbers of sums by the number of the edge, the bucket and the sign.
    places: FastMap<(u32, i64, Sign), u32>,
    sums: Vec<CallSum>,
    /// The number of the sum, and the histogram's bucket, of each call that the caller saw.
    client: Vec<(u32, u32)>,
    /// The same of each call that the callee saw.
    server: Vec<(u32, u32)>,
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
        let [shortest, ..] = ROLLUP_STEPS;
        let said = Said {
            edge: EdgeKey::of(call),
            operation_of: call.operation.and_then(|operation| operation.service),
            bucket: bucket_start(call.start.0, shortest),
            sign,
        };
        let number = match self.of_calls.get(&said) {
            Some(number) => *number,
            None => {
                let operation = call.operation.map(|operation| kept.name(operation, names));
                let number = self.number_of(
                    EdgeKey {
                        operation,
                        ..said.edge
                    },
                    said.bucket,
                    sign,
                );
                self.of_calls.insert(said, number);
                number
            }
        };
        let sum = &mut self.sums[number as usize];
        sum.calls += 1;
        sum.errors += u64::from(call.is_error);
        let halves = [
            (call.client_nano, &mut sum.client, &mut self.client),
            (call.server_nano, &mut sum.server, &mut self.server),
        ];
        for (nanos, half, durations) in halves {
            if let Some(nanos) = nanos {
                half.count += 1;
                half.sum_nano += i128::from(nanos);
                durations.push((number, bucket_of_nanos(nanos)));
            }
        }
    }

    /// The number of a sum, which may be a new one.
    fn number_of(&mut self, edge: EdgeKey, bucket: i64, sign: Sign) -> u32 {
        let edge = self.edges.number_of(edge);
        *self.places.entry((edge, bucket, sign)).or_insert_with(|| {
            self.sums.push(CallSum {
                edge,
                bucket,
                sign,
                calls: 0,
                errors: 0,
                client: HalfSum::default(),
                server: HalfSum::default(),
            });
            u32::try_from(self.sums.len() - 1).expect("fewer sums than spans in memory")
        })
    }

    /// The memory that the sums take, and that a file of their rows will take, about, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let durations = self.client.len() + self.server.len();
        self.sums.len() * (3 * size_of::<CallSum>() + ROW_BYTES)
            + self.edges.memory_bytes()
            + self.of_calls.len() * 2 * size_of::<Said>()
            + durations * 2 * size_of::<(u32, u32)>()
    }

    /// Hands over fresh rows, some at a time, by edge, bucket and sign.
    pub(crate) fn into_rows<E: From<QueryError>>(
        self,
        names: &Names,
        mut see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = names.order();
        let (edges, ranks) = self.edges.ranked(|edge| edge.place(&order));
        let mut sums = self.sums;
        for sum in &mut sums {
            sum.edge = ranks[sum.edge as usize];
        }
        let mut order: Vec<u32> = (0..).take(sums.len()).collect();
        order.sort_unstable_by_key(|number| {
            let sum = &sums[*number as usize];
            (sum.edge, sum.bucket, sum.sign)
        });
        let count = |half: fn(&CallSum) -> HalfSum| {
            let sums = &sums;
            move |number: u32| half(&sums[number as usize]).count
        };
        let client = SortedDurations::of_added(self.client, &order, count(|sum| sum.client));
        let server = SortedDurations::of_added(self.server, &order, count(|sum| sum.server));
        let (mut client, mut server) = (client.all(), server.all());
        let mut writer = EdgeWriter::of_fresh(names);
        let (mut client_bytes, mut server_bytes) = (Vec::new(), Vec::new());
        for number in order {
            let sum = &sums[number as usize];
            let (of_client, further_client) = client.split_at(sum.client.count);
            let (of_server, further_server) = server.split_at(sum.server.count);
            (client, server) = (further_client, further_server);
            bytes_of_sorted(of_client, &mut client_bytes);
            bytes_of_sorted(of_server, &mut server_bytes);
            let key = RowKey {
                kind: RowKind::FRESH,
                edge: edges[sum.edge as usize],
                bucket: sum.bucket,
            };
            let row = RowSums {
                calls: sum.calls,
                errors: sum.errors,
                client_nano: sum.client.sum_nano,
                server_nano: sum.server.sum_nano,
            };
            writer.add((&key, sum.sign), row, &client_bytes, &server_bytes);
            if let Some(rows) = writer.take_when_full()? {
                see(rows)?;
            }
        }
        see(writer.take()?)
    }
}
