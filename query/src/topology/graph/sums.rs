//! Sums of calls, and of rows of the table `edges`, by edge and point.

use std::collections::BTreeMap;

use datafusion::execution::memory_pool::MemoryReservation;
use schemas::UnixNanos;
use schemas::rollups::OTHER_OPERATIONS;

use super::super::call::{Call, End, Sign};
use super::super::cell::{EdgeCell, HalfCell};
use super::super::edge::EdgeKey;
use super::super::fast_map::FastMap;
use super::super::names::Names;
use super::super::rollup::{EdgeRows, malformed};
use super::super::{Topology, TopologyDimension, TopologyQuery};
use super::{EdgePoint, NamedEdge, TopologyNode};
use crate::QueryError;
use crate::red::{HistogramSum, nanos};

/// The name of whoever called without sending spans.
const USER: &str = "user";

/// A row whose histograms are still to be read.
#[derive(Clone, Copy, Debug)]
struct StoredRow {
    batch: usize,
    row: usize,
    sign: Sign,
}

/// The calls of an edge in a point.
#[derive(Debug, Default)]
struct Sums {
    added: EdgeCell,
    taken: EdgeCell,
    /// Rows that are in the sums above, except for their histograms.
    rows: Vec<StoredRow>,
}

impl Sums {
    fn of(&mut self, sign: Sign) -> &mut EdgeCell {
        match sign {
            Sign::Added => &mut self.added,
            Sign::Taken => &mut self.taken,
        }
    }

    fn merge(&mut self, other: Self) {
        self.added.merge(&other.added);
        self.taken.merge(&other.taken);
        self.rows.extend(other.rows);
    }
}

/// The sums of a question.
#[derive(Debug)]
pub(in super::super) struct GraphSums<'a> {
    query: &'a TopologyQuery,
    sums: FastMap<(EdgeKey, i64), Sums>,
    batches: Vec<EdgeRows>,
    memory: MemoryReservation,
}

/// What sums take beside themselves, typically, in bytes.
const HISTOGRAMS_BYTES: usize = 512;

impl<'a> GraphSums<'a> {
    pub(in super::super) fn new(query: &'a TopologyQuery, memory: MemoryReservation) -> Self {
        Self {
            query,
            sums: FastMap::default(),
            batches: Vec::new(),
            memory,
        }
    }

    /// Accounts for the memory of what was counted.
    ///
    /// # Errors
    /// [`QueryError::TooLarge`] when it is more than queries may use.
    pub(in super::super) fn reserve_memory(&self) -> Result<(), QueryError> {
        let sums = self.sums.len() * (size_of::<(EdgeKey, i64, Sums)>() + HISTOGRAMS_BYTES);
        let rows: usize = self.batches.iter().map(EdgeRows::memory_bytes).sum();
        Ok(self.memory.try_resize(sums + rows)?)
    }

    /// Counts a call that started in the range.
    pub(in super::super) fn add(&mut self, call: &Call, sign: Sign) {
        let range = self.query.range;
        if (range.from..range.to).contains(&call.start) {
            let key = self.key(EdgeKey::of(call), call.start.0);
            self.sums.entry(key).or_default().of(sign).add(call);
        }
    }

    /// Counts rows of buckets that lie in the range, each in one point.
    pub(in super::super) fn add_rows(&mut self, rows: EdgeRows, names: &mut Names) {
        let mut edges = rows.edges();
        let batch = self.batches.len();
        for row in 0..rows.len() {
            let key = self.key(edges.edge(row, names), rows.bucket(row));
            let sign = rows.sign(row);
            let sums = self.sums.entry(key).or_default();
            sums.of(sign).merge(&rows.sums(row));
            sums.rows.push(StoredRow { batch, row, sign });
        }
        self.batches.push(rows);
    }

    /// The edge as far as it is told apart, and the start of the point.
    fn key(&self, edge: EdgeKey, instant: i64) -> (EdgeKey, i64) {
        let by = |dimension| self.query.by.contains(&dimension);
        let part = |end: End| End {
            version: end.version.filter(|_| by(TopologyDimension::Version)),
            zone: end.zone.filter(|_| by(TopologyDimension::Zone)),
            ..end
        };
        let edge = EdgeKey {
            caller: part(edge.caller),
            callee: part(edge.callee),
            connection: edge.connection,
            operation: edge.operation.filter(|_| by(TopologyDimension::Operation)),
        };
        let first = self.query.range.from.0;
        let point = self.query.step.map_or(first, |step| {
            let step = nanos(step);
            first
                + instant
                    .saturating_sub(first)
                    .div_euclid(step)
                    .saturating_mul(step)
        });
        (edge, point)
    }

    pub(in super::super) fn finish(mut self, names: &mut Names) -> Result<Topology, QueryError> {
        self.move_to_other_operations(names);
        let mut edges: FastMap<EdgeKey, BTreeMap<i64, Sums>> = FastMap::default();
        for ((edge, point), sums) in self.sums {
            edges.entry(edge).or_default().insert(point, sums);
        }
        let mut totals = Totals {
            query: self.query,
            batches: &self.batches,
            point: HistogramSum::default(),
            client: HistogramSum::default(),
            server: HistogramSum::default(),
        };
        let mut named = Vec::with_capacity(edges.len());
        for (edge, points) in edges {
            let (total, points) = totals.of(points)?;
            named.push(NamedEdge {
                caller: node(edge.caller, names),
                callee: node(edge.callee, names),
                connection: edge.connection,
                operation: names.text_of(edge.operation).map(str::to_owned),
                total,
                points,
            });
        }
        Ok(super::of_edges(named, self.query))
    }

    /// What is taken by the name of an operation may have been added with the others, when it was
    /// beyond the limit: then all of it counts with the others.
    fn move_to_other_operations(&mut self, names: &mut Names) {
        let is_below_zero =
            |(_, sums): &(&(EdgeKey, i64), &Sums)| sums.taken.calls > sums.added.calls;
        let below_zero: Vec<(EdgeKey, i64)> = self
            .sums
            .iter()
            .filter(is_below_zero)
            .map(|(key, _)| *key)
            .collect();
        for (edge, point) in below_zero {
            let Some(sums) = self.sums.remove(&(edge, point)) else {
                continue;
            };
            let other = EdgeKey {
                operation: edge.operation.map(|_| names.number(OTHER_OPERATIONS)),
                ..edge
            };
            self.sums.entry((other, point)).or_default().merge(sums);
        }
    }
}

fn node(end: End, names: &Names) -> TopologyNode {
    let text = |name| names.text_of(name).map(str::to_owned);
    TopologyNode {
        name: text(end.node.name).unwrap_or_else(|| USER.to_owned()),
        kind: end.node.kind,
        version: text(end.version),
        zone: text(end.zone),
    }
}

/// Makes figures of sums, one edge after the other, in the same memory.
struct Totals<'a> {
    query: &'a TopologyQuery,
    batches: &'a [EdgeRows],
    point: HistogramSum,
    client: HistogramSum,
    server: HistogramSum,
}

impl Totals<'_> {
    /// The figures of an edge in the range, and in each point that has calls.
    fn of(
        &mut self,
        sums: BTreeMap<i64, Sums>,
    ) -> Result<(EdgePoint, Vec<(UnixNanos, EdgePoint)>), QueryError> {
        let mut cells = Vec::with_capacity(sums.len());
        for (start, sums) in sums {
            cells.push((start, self.cell(&sums)?));
        }
        let mut total = self.total(&cells);
        let query = self.query;
        let point = |step, (start, cell): &mut (i64, EdgeCell)| {
            let point = EdgePoint::of(cell, step, &query.percentiles);
            (UnixNanos(*start), point)
        };
        cells.retain(|(_, cell)| cell.calls > 0);
        let points = query
            .step
            .map(|step| cells.iter_mut().map(|cell| point(step, cell)).collect());
        let total = EdgePoint::of(&mut total, query.range.length(), &query.percentiles);
        Ok((total, points.unwrap_or_default()))
    }

    fn total(&mut self, cells: &[(i64, EdgeCell)]) -> EdgeCell {
        if let [(_, only)] = cells {
            return only.clone();
        }
        let mut total = EdgeCell::default();
        for (_, cell) in cells {
            total.calls += cell.calls;
            total.errors += cell.errors;
            total.client.sum_nano += cell.client.sum_nano;
            total.server.sum_nano += cell.server.sum_nano;
            self.client.add_histogram(&cell.client.durations, 1);
            self.server.add_histogram(&cell.server.durations, 1);
        }
        total.client.durations = self.client.take();
        total.server.durations = self.server.take();
        total
    }

    /// What was added without what was taken.
    fn cell(&mut self, sums: &Sums) -> Result<EdgeCell, QueryError> {
        let (added, taken) = (&sums.added, &sums.taken);
        Ok(EdgeCell {
            calls: added.calls.saturating_sub(taken.calls),
            errors: added.errors.saturating_sub(taken.errors),
            client: self.half(sums, |cell| &cell.client, EdgeRows::client_durations)?,
            server: self.half(sums, |cell| &cell.server, EdgeRows::server_durations)?,
        })
    }

    fn half(
        &mut self,
        sums: &Sums,
        half: impl Fn(&EdgeCell) -> &HalfCell,
        durations: impl Fn(&EdgeRows, usize) -> &[u8],
    ) -> Result<HalfCell, QueryError> {
        let (added, taken) = (half(&sums.added), half(&sums.taken));
        self.point.add_histogram(&added.durations, 1);
        self.point.add_histogram(&taken.durations, -1);
        for stored in &sums.rows {
            let bytes = durations(&self.batches[stored.batch], stored.row);
            self.point
                .add_bytes(bytes, stored.sign.weight().into())
                .map_err(malformed)?;
        }
        Ok(HalfCell {
            sum_nano: added.sum_nano - taken.sum_nano,
            durations: self.point.take(),
        })
    }
}
