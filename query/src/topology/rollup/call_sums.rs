//! Sums of calls by what tells rows of the table apart.
//!
//! ```text
//!   calls ─┬─► edges, 10 s ────────────► 60 s ─► 1 h
//!          └─► edges of one dimension,   60 s ─► 1 h      for each of the three
//! ```

use std::ops::AddAssign;

use arrow_array::RecordBatch;
use schemas::rollups::{EDGE_DIMENSION_STEPS, ROLLUP_STEPS};

use super::super::call::{Call, Sign};
use super::super::edge::EdgeKey;
use super::super::fast_map::FastMap;
use super::super::names::{NameOrder, Names};
use super::super::query::TopologyDimension;
use super::writer::{EdgeWriter, RowKey, RowSums};
use crate::QueryError;
use crate::red::{bucket_of_nanos, bytes_of_sorted};
use crate::rollups::{BATCH_ROWS, SortedDurations};

/// What the rows of a sum take in a file, typically, in bytes: of two or three steps, some shared
/// with others.
const ROWS_BYTES: usize = 300;

/// What edges are told apart by in rows of their own, in order.
const DIMENSIONS: [Option<TopologyDimension>; 4] = [
    None,
    Some(TopologyDimension::Operation),
    Some(TopologyDimension::Version),
    Some(TopologyDimension::Zone),
];

/// Durations of calls as one side saw them, but for the durations themselves.
#[derive(Clone, Copy, Debug, Default)]
struct HalfSum {
    count: usize,
    sum_nano: i128,
}

impl AddAssign for HalfSum {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.sum_nano += other.sum_nano;
    }
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

impl CallSum {
    fn none_of((edge, bucket, sign): (u32, i64, Sign)) -> Self {
        Self {
            edge,
            bucket,
            sign,
            calls: 0,
            errors: 0,
            client: HalfSum::default(),
            server: HalfSum::default(),
        }
    }

    fn place(&self) -> (u32, i64, Sign) {
        (self.edge, self.bucket, self.sign)
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.client += other.client;
        self.server += other.server;
    }
}

/// A call, as far as histograms need it.
#[derive(Clone, Copy, Debug)]
struct CallDurations {
    /// The numbers of its sums, in the order of [`DIMENSIONS`].
    sums: [u32; DIMENSIONS.len()],
    /// The histogram's bucket, or [`NO_DURATION`].
    client: u32,
    server: u32,
}

/// A call that one side did not see.
const NO_DURATION: u32 = u32::MAX;

/// Sums while calls are added to them.
#[derive(Debug, Default)]
pub(crate) struct CallSums {
    of_dimensions: [DimensionSums; DIMENSIONS.len()],
    /// The numbers of the edges that the calls of an edge with all its dimensions count in.
    of_calls: FastMap<EdgeKey, [u32; DIMENSIONS.len()]>,
    durations: Vec<CallDurations>,
}

impl CallSums {
    /// Counts a call in the shortest bucket of each dimension.
    pub(crate) fn add(&mut self, call: &Call, sign: Sign) {
        let edges = self.edges_of(EdgeKey::of(call));
        let [shortest, ..] = ROLLUP_STEPS;
        let [shortest_of_dimension, ..] = EDGE_DIMENSION_STEPS;
        let mut buckets = [bucket_start(call.start.0, shortest_of_dimension); DIMENSIONS.len()];
        buckets[0] = bucket_start(call.start.0, shortest);
        let mut sums = [0; DIMENSIONS.len()];
        let places = edges.into_iter().zip(buckets);
        for ((of_dimension, (edge, bucket)), number) in
            self.of_dimensions.iter_mut().zip(places).zip(&mut sums)
        {
            *number = of_dimension.add((edge, bucket, sign), call);
        }
        let bucket = |nanos: Option<i64>| nanos.map_or(NO_DURATION, bucket_of_nanos);
        self.durations.push(CallDurations {
            sums,
            client: bucket(call.client_nano),
            server: bucket(call.server_nano),
        });
    }

    /// The memory that the sums take, and that a file of their rows will take, about, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let of_dimensions = self.of_dimensions.iter().map(DimensionSums::memory_bytes);
        of_dimensions.sum::<usize>()
            + self.of_calls.len() * 2 * size_of::<EdgeKey>()
            + self.durations.len() * (size_of::<CallDurations>() + 4 * size_of::<u32>())
    }

    /// Hands over the rows, some at a time, by dimension, step, edge, bucket and sign.
    pub(crate) fn into_rows<E: From<QueryError>>(
        self,
        names: &Names,
        mut see: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = names.order();
        let mut writer = EdgeWriter::new(names);
        let (mut client, mut server) = (Vec::new(), Vec::new());
        for (position, sums) in self.of_dimensions.into_iter().enumerate() {
            let dimension = DIMENSIONS[position];
            let (edges, mut sums) = sums.sorted(&order, position, &self.durations);
            let steps: &[i64] = match dimension {
                None => &ROLLUP_STEPS,
                Some(_) => &EDGE_DIMENSION_STEPS,
            };
            for step in steps {
                sums = sums.longer(*step);
                for (sum, client_buckets, server_buckets) in sums.rows() {
                    bytes_of_sorted(client_buckets, &mut client);
                    bytes_of_sorted(server_buckets, &mut server);
                    let key = RowKey {
                        dimension,
                        step: *step,
                        edge: edges[sum.edge as usize],
                        bucket: sum.bucket,
                    };
                    let row = RowSums {
                        calls: sum.calls,
                        errors: sum.errors,
                        client_nano: sum.client.sum_nano,
                        server_nano: sum.server.sum_nano,
                    };
                    writer.add((&key, sum.sign), row, &client, &server);
                    if writer.len() == BATCH_ROWS {
                        see(writer.take()?)?;
                    }
                }
            }
        }
        see(writer.take()?)
    }

    fn edges_of(&mut self, edge: EdgeKey) -> [u32; DIMENSIONS.len()] {
        *self.of_calls.entry(edge).or_insert_with(|| {
            std::array::from_fn(|position| {
                let dimension = DIMENSIONS[position];
                let edge = edge.told_apart_by(|one| dimension == Some(one));
                self.of_dimensions[position].number_of(edge)
            })
        })
    }
}

/// The sums of edges that are told apart by one dimension, or by none.
#[derive(Debug, Default)]
struct DimensionSums {
    edges: Vec<EdgeKey>,
    numbers: FastMap<EdgeKey, u32>,
    places: FastMap<(u32, i64, Sign), u32>,
    sums: Vec<CallSum>,
}

impl DimensionSums {
    fn number_of(&mut self, edge: EdgeKey) -> u32 {
        *self.numbers.entry(edge).or_insert_with(|| {
            self.edges.push(edge);
            u32::try_from(self.edges.len() - 1).expect("fewer edges than spans in memory")
        })
    }

    /// Counts a call at a place, and gives the number of its sum.
    fn add(&mut self, place: (u32, i64, Sign), call: &Call) -> u32 {
        let number = *self.places.entry(place).or_insert_with(|| {
            self.sums.push(CallSum::none_of(place));
            u32::try_from(self.sums.len() - 1).expect("fewer sums than spans in memory")
        });
        let sum = &mut self.sums[number as usize];
        sum.calls += 1;
        sum.errors += u64::from(call.is_error);
        let halves = [
            (call.client_nano, &mut sum.client),
            (call.server_nano, &mut sum.server),
        ];
        for (nanos, half) in halves {
            if let Some(nanos) = nanos {
                half.count += 1;
                half.sum_nano += i128::from(nanos);
            }
        }
        number
    }

    fn memory_bytes(&self) -> usize {
        self.sums.len() * (3 * size_of::<CallSum>() + ROWS_BYTES)
            + self.edges.len() * 3 * size_of::<EdgeKey>()
    }

    /// The edges in order, and the sums by place of their edge, bucket and sign, with the durations
    /// of the calls that are in the sums of this position.
    fn sorted(
        self,
        names: &NameOrder,
        position: usize,
        durations: &[CallDurations],
    ) -> (Vec<EdgeKey>, SortedCallSums) {
        let mut edges: Vec<(usize, EdgeKey)> = self.edges.into_iter().enumerate().collect();
        edges.sort_by_cached_key(|(_, edge)| edge.place(names));
        let mut ranks = vec![0; edges.len()];
        for (rank, (number, _)) in (0..).zip(&edges) {
            ranks[*number] = rank;
        }
        let mut sums = self.sums;
        for sum in &mut sums {
            sum.edge = ranks[sum.edge as usize];
        }
        let mut order: Vec<u32> = (0..).take(sums.len()).collect();
        order.sort_unstable_by_key(|number| sums[*number as usize].place());
        let of_half = |bucket: fn(&CallDurations) -> u32, half: fn(&CallSum) -> HalfSum| {
            let all = durations
                .iter()
                .map(|call| (call.sums[position], bucket(call)));
            let seen = all.filter(|(_, bucket)| *bucket != NO_DURATION);
            SortedDurations::of_added(seen, &order, |number| half(&sums[number as usize]).count)
        };
        let sorted = SortedCallSums {
            client: of_half(|call| call.client, |sum| sum.client),
            server: of_half(|call| call.server, |sum| sum.server),
            sums: order.iter().map(|number| sums[*number as usize]).collect(),
        };
        let edges = edges.into_iter().map(|(_, edge)| edge);
        (edges.collect(), sorted)
    }
}

/// Sums by edge, bucket and sign, in order.
#[derive(Debug)]
struct SortedCallSums {
    sums: Vec<CallSum>,
    client: SortedDurations,
    server: SortedDurations,
}

impl SortedCallSums {
    /// The sums of buckets of so many seconds, each a whole number of these ones.
    fn longer(&self, step: i64) -> Self {
        let mut parts: Vec<_> = self.rows().collect();
        for (sum, _, _) in &mut parts {
            sum.bucket = bucket_start(sum.bucket, step);
        }
        // In order but for signs, of which nearly all are the same.
        parts.sort_by_key(|(sum, _, _)| sum.place());
        let mut sums: Vec<CallSum> = Vec::with_capacity(parts.len());
        let (mut client, mut server) = (Vec::new(), Vec::new());
        for (sum, of_client, of_server) in parts {
            client.extend_from_slice(of_client);
            server.extend_from_slice(of_server);
            match sums.last_mut() {
                Some(last) if last.place() == sum.place() => last.add(&sum),
                _ => sums.push(sum),
            }
        }
        Self {
            client: SortedDurations::of(client, sums.iter().map(|sum| sum.client.count)),
            server: SortedDurations::of(server, sums.iter().map(|sum| sum.server.count)),
            sums,
        }
    }

    /// Each sum with the buckets of its durations as the caller and as the callee saw them.
    fn rows(&self) -> impl Iterator<Item = (CallSum, &[u32], &[u32])> {
        let (mut client, mut server) = (self.client.all(), self.server.all());
        self.sums.iter().map(move |sum| {
            let (of_client, further_client) = client.split_at(sum.client.count);
            let (of_server, further_server) = server.split_at(sum.server.count);
            (client, server) = (further_client, further_server);
            (*sum, of_client, of_server)
        })
    }
}

/// The start of the bucket of so many seconds that holds an instant.
fn bucket_start(instant: i64, step: i64) -> i64 {
    let step = step.saturating_mul(1_000_000_000);
    instant.div_euclid(step).saturating_mul(step)
}
