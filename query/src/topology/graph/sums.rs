//! Sums of calls, and of rows of the table `edges`, by edge and point.

use std::sync::Arc;

use datafusion::execution::memory_pool::MemoryReservation;
use schemas::rollups::OTHER_OPERATIONS;

use super::super::call::{Call, End, Sign};
use super::super::cell::EdgeCell;
use super::super::edge::EdgeKey;
use super::super::fast_map::FastMap;
use super::super::names::{Names, Renamed};
use super::super::rollup::EdgeRows;
use super::super::{Topology, TopologyQuery};
use super::{NamedEdge, TopologyNode, totals};
use crate::QueryError;
use crate::red::nanos;

/// A row whose histograms are still to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredRow {
    pub(super) batch: u32,
    pub(super) row: u32,
    pub(super) sign: Sign,
}

/// The calls of an edge in a point.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) added: EdgeCell,
    pub(super) taken: EdgeCell,
    /// Rows that are in the sums above, except for their histograms.
    pub(super) rows: Vec<StoredRow>,
}

impl Sums {
    fn of(&mut self, sign: Sign) -> &mut EdgeCell {
        match sign {
            Sign::Added => &mut self.added,
            Sign::Taken => &mut self.taken,
        }
    }

    fn merge(&mut self, mut other: Self) {
        self.added.merge(&other.added);
        self.taken.merge(&other.taken);
        self.rows.append(&mut other.rows);
    }
}

/// The sums of a question, or of a part of the rows that it reads.
#[derive(Debug)]
pub(in super::super) struct GraphSums {
    query: Arc<TopologyQuery>,
    /// What is counted at the same position of `sums`.
    numbers: FastMap<(EdgeKey, i64), usize>,
    sums: Vec<Sums>,
    batches: Vec<EdgeRows>,
    batches_bytes: usize,
    memory: MemoryReservation,
}

/// What sums take beside themselves, typically, in bytes.
const HISTOGRAMS_BYTES: usize = 512;

impl GraphSums {
    pub(in super::super) fn new(query: Arc<TopologyQuery>, memory: MemoryReservation) -> Self {
        Self {
            query,
            numbers: FastMap::default(),
            sums: Vec::new(),
            batches: Vec::new(),
            batches_bytes: 0,
            memory,
        }
    }

    /// Accounts for the memory of what was counted.
    ///
    /// # Errors
    /// [`QueryError::TooLarge`] when it is more than queries may use.
    pub(in super::super) fn reserve_memory(&self) -> Result<(), QueryError> {
        let one = size_of::<(EdgeKey, i64, Sums)>() + HISTOGRAMS_BYTES;
        let bytes = self.sums.len() * one + self.batches_bytes;
        Ok(self.memory.try_resize(bytes)?)
    }

    /// Counts a call that started in the range.
    pub(in super::super) fn add(&mut self, call: &Call, sign: Sign) {
        let range = self.query.range;
        if (range.from..range.to).contains(&call.start) {
            let key = self.key(EdgeKey::of(call), call.start.0);
            self.at(key).of(sign).add(call);
        }
    }

    /// Counts rows of buckets that lie in the range, each in one point.
    pub(in super::super) fn add_rows(&mut self, rows: EdgeRows, names: &mut Names) {
        let mut edges = rows.edges();
        let batch = u32::try_from(self.batches.len()).expect("fewer batches than bytes held");
        // Rows of an edge stand together.
        let mut last: Option<((EdgeKey, i64), usize)> = None;
        for (number, row) in (0..).zip(0..rows.len()) {
            let key = self.key(edges.edge(row, names), rows.bucket(row));
            let position = match last {
                Some((of_last, position)) if of_last == key => position,
                _ => self.position(key),
            };
            last = Some((key, position));
            let sums = &mut self.sums[position];
            let sign = rows.sign(row);
            rows.add_figures(row, sums.of(sign));
            let row = number;
            sums.rows.push(StoredRow { batch, row, sign });
        }
        self.batches_bytes += rows.memory_bytes();
        self.batches.push(rows);
    }

    /// Adds the sums of other rows of the same question, whose texts go by other names.
    pub(in super::super) fn join(&mut self, part: Self, renamed: &Renamed) {
        let before = u32::try_from(self.batches.len()).expect("fewer batches than bytes held");
        let mut sums = part.sums;
        for ((edge, point), position) in part.numbers {
            let mut sums = std::mem::take(&mut sums[position]);
            for row in &mut sums.rows {
                row.batch += before;
            }
            self.at((edge.renamed(renamed), point)).merge(sums);
        }
        self.batches.extend(part.batches);
        self.batches_bytes += part.batches_bytes;
    }

    fn at(&mut self, key: (EdgeKey, i64)) -> &mut Sums {
        let position = self.position(key);
        &mut self.sums[position]
    }

    fn position(&mut self, key: (EdgeKey, i64)) -> usize {
        *self.numbers.entry(key).or_insert_with(|| {
            self.sums.push(Sums::default());
            self.sums.len() - 1
        })
    }

    /// The edge as far as it is told apart, and the start of the point.
    fn key(&self, edge: EdgeKey, instant: i64) -> (EdgeKey, i64) {
        let edge = edge.told_apart_by(|dimension| self.query.by.contains(&dimension));
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

    /// Makes figures of the sums, on all threads of the runtime.
    ///
    /// # Errors
    /// [`QueryError::Table`] when a stored histogram is none.
    pub(in super::super) async fn finish(
        mut self,
        names: &mut Names,
    ) -> Result<Topology, QueryError> {
        self.move_to_other_operations(names);
        let mut edges: FastMap<EdgeKey, Vec<(i64, Sums)>> = FastMap::default();
        for ((edge, point), position) in self.numbers {
            let sums = std::mem::take(&mut self.sums[position]);
            edges.entry(edge).or_default().push((point, sums));
        }
        let figures = totals::of(&self.query, self.batches, edges.into_iter().collect()).await?;
        let named = figures.into_iter().map(|(edge, total, points)| NamedEdge {
            caller: node(edge.caller, names),
            callee: node(edge.callee, names),
            connection: edge.connection,
            operation: names.text_of(edge.operation).map(str::to_owned),
            total,
            points,
        });
        Ok(super::of_edges(named.collect(), &self.query))
    }

    /// What is taken by the name of an operation may have been added with the others, when it was
    /// beyond the limit: then all of it counts with the others.
    fn move_to_other_operations(&mut self, names: &mut Names) {
        let is_below_zero = |position: &usize| {
            let sums = &self.sums[*position];
            sums.taken.calls > sums.added.calls
        };
        let all = self.numbers.iter();
        let below_zero: Vec<(EdgeKey, i64)> = all
            .filter(|(_, position)| is_below_zero(position))
            .map(|(key, _)| *key)
            .collect();
        for (edge, point) in below_zero {
            let Some(position) = self.numbers.remove(&(edge, point)) else {
                continue;
            };
            let sums = std::mem::take(&mut self.sums[position]);
            let other = EdgeKey {
                operation: edge.operation.map(|_| names.number(OTHER_OPERATIONS)),
                ..edge
            };
            self.at((other, point)).merge(sums);
        }
    }
}

fn node(end: End, names: &Names) -> TopologyNode {
    let text = |name| names.text_of(name).map(str::to_owned);
    TopologyNode {
        name: end.node.text(names).to_owned(),
        kind: end.node.kind,
        version: text(end.version),
        zone: text(end.zone),
    }
}
