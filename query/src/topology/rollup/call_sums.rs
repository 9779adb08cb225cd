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
use super::super::names::Names;
use super::super::query::TopologyDimension;
use super::writer::{EdgeWriter, RowKey, RowSums};
use crate::QueryError;
use crate::red::bytes_of_sorted;
use crate::rollups::{AddedDurations, SortedDurations};

/// What the rows of a sum take, typically, in bytes: of two or three steps, some shared with others.
const ROWS_BYTES: usize = 800;

/// What edges are told apart by in rows of their own.
const DIMENSIONS: [Option<TopologyDimension>; 4] = [
    None,
    Some(TopologyDimension::Operation),
    Some(TopologyDimension::Version),
    Some(TopologyDimension::Zone),
];

/// What rows are about, besides the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct RowEdge {
    dimension: Option<TopologyDimension>,
    edge: EdgeKey,
}

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

/// Sums while calls are added to them.
#[derive(Debug, Default)]
pub(crate) struct CallSums {
    edges: Vec<RowEdge>,
    numbers: FastMap<RowEdge, u32>,
    /// The numbers of the edges that the calls of an edge with all its dimensions count in.
    of_calls: FastMap<EdgeKey, [u32; DIMENSIONS.len()]>,
    places: FastMap<(u32, i64, Sign), u32>,
    sums: Vec<CallSum>,
    client: AddedDurations,
    server: AddedDurations,
}

impl CallSums {
    /// Counts a call in the shortest bucket of each dimension.
    pub(crate) fn add(&mut self, call: &Call, sign: Sign) {
        let edges = self.edges_of(EdgeKey::of(call));
        let [shortest, ..] = ROLLUP_STEPS;
        let [shortest_of_dimension, ..] = EDGE_DIMENSION_STEPS;
        let bucket = bucket_start(call.start.0, shortest);
        let bucket_of_dimension = bucket_start(call.start.0, shortest_of_dimension);
        for (edge, dimension) in edges.into_iter().zip(DIMENSIONS) {
            let bucket = match dimension {
                None => bucket,
                Some(_) => bucket_of_dimension,
            };
            self.add_to(edge, bucket, sign, call);
        }
    }

    /// The memory that the sums take, and that their rows will take, about, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.sums.len() * (2 * size_of::<CallSum>() + ROWS_BYTES)
            + self.edges.len() * 3 * size_of::<RowEdge>()
            + self.client.memory_bytes()
            + self.server.memory_bytes()
    }

    /// The rows of all steps, by step, dimension, edge, bucket and sign.
    pub(crate) fn into_rows(self, names: &Names) -> Result<RecordBatch, QueryError> {
        let (edges, mut sums) = self.sorted(names);
        let mut writer = EdgeWriter::new(names);
        let (mut client, mut server) = (Vec::new(), Vec::new());
        for step in ROLLUP_STEPS {
            sums = sums.longer(step);
            for (sum, client_buckets, server_buckets) in sums.rows() {
                let RowEdge { dimension, edge } = edges[sum.edge as usize];
                if dimension.is_some() && !EDGE_DIMENSION_STEPS.contains(&step) {
                    continue;
                }
                bytes_of_sorted(client_buckets, &mut client);
                bytes_of_sorted(server_buckets, &mut server);
                let key = RowKey {
                    step,
                    dimension,
                    edge,
                    bucket: sum.bucket,
                };
                let row = RowSums {
                    calls: sum.calls,
                    errors: sum.errors,
                    client_nano: sum.client.sum_nano,
                    server_nano: sum.server.sum_nano,
                };
                writer.add((&key, sum.sign), row, &client, &server);
            }
        }
        writer.finish()
    }

    fn edges_of(&mut self, edge: EdgeKey) -> [u32; DIMENSIONS.len()] {
        if let Some(edges) = self.of_calls.get(&edge) {
            return *edges;
        }
        let edges = DIMENSIONS.map(|dimension| {
            let edge = RowEdge {
                dimension,
                edge: edge.told_apart_by(|one| dimension == Some(one)),
            };
            *self.numbers.entry(edge).or_insert_with(|| {
                self.edges.push(edge);
                u32::try_from(self.edges.len() - 1).expect("fewer edges than spans in memory")
            })
        });
        self.of_calls.insert(edge, edges);
        edges
    }

    fn add_to(&mut self, edge: u32, bucket: i64, sign: Sign, call: &Call) {
        let number = *self.places.entry((edge, bucket, sign)).or_insert_with(|| {
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
        });
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
                durations.add(number, nanos);
            }
        }
    }

    /// The edges in order, and the sums by place of their edge, bucket and sign.
    fn sorted(mut self, names: &Names) -> (Vec<RowEdge>, SortedCallSums) {
        let order = names.order();
        let mut edges: Vec<(usize, RowEdge)> = self.edges.into_iter().enumerate().collect();
        edges.sort_by_cached_key(|(_, row)| (row.dimension, row.edge.place(&order)));
        let mut ranks = vec![0; edges.len()];
        for (rank, (number, _)) in (0..).zip(&edges) {
            ranks[*number] = rank;
        }
        for sum in &mut self.sums {
            sum.edge = ranks[sum.edge as usize];
        }
        let mut order: Vec<u32> = (0..).take(self.sums.len()).collect();
        order.sort_unstable_by_key(|number| self.sums[*number as usize].place());
        let sum = |number: u32| &self.sums[number as usize];
        let sums = SortedCallSums {
            client: self
                .client
                .sorted(&order, |number| sum(number).client.count),
            server: self
                .server
                .sorted(&order, |number| sum(number).server.count),
            sums: order.iter().map(|number| *sum(*number)).collect(),
        };
        let edges = edges.into_iter().map(|(_, edge)| edge);
        (edges.collect(), sums)
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
