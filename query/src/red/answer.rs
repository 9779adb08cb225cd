//! Figures, from cells.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemas::{StatusCode, UnixNanos};
use tokio_util::task::AbortOnDropHandle;

use super::cells::Cell;
use super::group::Group;
use super::histogram::{DurationHistogram, HistogramSum, MalformedHistogram};
use super::query::{GroupBy, nanos};
use super::{RedQuery, Series};
use crate::QueryError;

/// Into so many parts groups are dealt out, which threads take one after another.
const PARTS: usize = 8;

/// The figures of some spans.
#[derive(Clone, Debug, PartialEq)]
pub struct RedFigures {
    /// How many there are.
    pub count: u64,
    /// How many of them have the status `error`.
    pub errors: u64,
    /// How many there are a second.
    pub qps: f64,
    /// The mean duration, in nanoseconds; none without spans.
    pub avg_time_nano: Option<f64>,
    /// The longest duration, in nanoseconds; none without spans.
    pub max_time_nano: Option<i64>,
    /// The percentiles asked for, in their order, in nanoseconds; empty without spans.
    pub percentiles_nano: Vec<i64>,
    /// Apdex, from 0 to 1: spans that satisfied and half of those that were tolerated, of all. A
    /// span with an error does neither, however fast it was. None without spans or threshold.
    pub apdex: Option<f64>,
    /// For each of the thresholds asked for, how many spans did not take longer, to the precision
    /// of percentiles; empty without spans.
    pub at_most: Vec<u64>,
}

/// The figures of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct RedSeries {
    pub(super) group: Group,
    /// Over the whole range.
    pub total: RedFigures,
    /// The durations over the whole range.
    pub durations: DurationHistogram,
    /// By the start of each step that has spans, in order.
    pub points: Vec<(UnixNanos, RedFigures)>,
}

impl RedSeries {
    /// What makes the group; none where it was not asked for, and for spans that name no instance.
    pub fn value(&self, by: GroupBy) -> Option<&str> {
        self.group.value(by)
    }
}

/// What a question for figures is answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct RedAnswer {
    /// Over all series.
    pub total: RedFigures,
    /// By group.
    pub series: Vec<RedSeries>,
}

/// Makes figures of the cells that [`RedQuery::of_cells`] asks for, of some groups at a time on
/// each thread.
pub(super) async fn of_series(query: &RedQuery, series: Series) -> Result<RedAnswer, QueryError> {
    let groups = tallied(query, series)?;
    let at_once = groups.len().div_ceil(PARTS).max(1);
    let shared = Arc::new(query.clone());
    let mut groups = groups.into_iter();
    let mut parts = Vec::new();
    loop {
        let part: Vec<_> = groups.by_ref().take(at_once).collect();
        if part.is_empty() {
            break;
        }
        let query = Arc::clone(&shared);
        let part = tokio::spawn(async move { totalled(&query, part) });
        parts.push(AbortOnDropHandle::new(part));
    }
    let mut totals = Vec::new();
    let mut series_points = Vec::new();
    for part in parts {
        for (total, points) in part.await?? {
            totals.push(total);
            series_points.push(points);
        }
    }
    let range = query.range.length();
    let mut sum = TallySum::default();
    totals.iter().for_each(|total| sum.add(total));
    let total = sum.take().figures(query, range);
    let series = totals.into_iter().zip(series_points);
    let series = series.map(|(mut total, (group, points))| RedSeries {
        group,
        total: total.figures(query, range),
        durations: total.cell.durations,
        points,
    });
    Ok(RedAnswer {
        total,
        series: series.collect(),
    })
}

/// The tallies of a group by bucket, in order.
type Tallied = (Group, Vec<(u32, Tally)>);

/// The sum of a group, and its points.
type Totalled = (Tally, (Group, Vec<(UnixNanos, RedFigures)>));

fn totalled(query: &RedQuery, groups: Vec<Tallied>) -> Result<Vec<Totalled>, MalformedHistogram> {
    let mut sum = TallySum::default();
    // The histograms of all points are read in the same memory, one after the other.
    let mut room = DurationHistogram::default();
    let mut all = Vec::with_capacity(groups.len());
    for (group, tallies) in groups {
        let mut points = Vec::with_capacity(tallies.len());
        for (bucket, mut tally) in tallies {
            tally.cell.unpack(&mut room)?;
            sum.add(&tally);
            points.push((
                query.start_of_step(bucket),
                tally.figures(query, query.step),
            ));
            room = tally.cell.durations;
        }
        all.push((sum.take(), (group, points)));
    }
    Ok(all)
}

/// The figures of nothing.
pub(super) fn no_figures() -> RedFigures {
    RedFigures {
        count: 0,
        errors: 0,
        qps: 0.0,
        avg_time_nano: None,
        max_time_nano: None,
        percentiles_nano: Vec::new(),
        apdex: None,
        at_most: Vec::new(),
    }
}

/// Groups without the status where only Apdex needed it.
fn tallied(query: &RedQuery, series: Series) -> Result<Vec<Tallied>, MalformedHistogram> {
    let threshold = query.apdex.map(nanos);
    let keeps_status = query.group_by.contains(&GroupBy::Status);
    let mut groups = BTreeMap::<Group, BTreeMap<u32, Tally>>::new();
    for (mut group, cells) in series {
        let failed = group.value(GroupBy::Status) == Some(StatusCode::Error.name());
        let threshold = threshold.filter(|_| !failed);
        if !keeps_status {
            group.set(GroupBy::Status, None);
        }
        let tallies = groups.entry(group).or_default();
        for (bucket, cell) in cells {
            let tally = Tally::of(cell, threshold)?;
            tallies
                .entry(bucket)
                .and_modify(|sum| sum.merge(&tally))
                .or_insert(tally);
        }
    }
    let groups = groups.into_iter();
    let groups = groups.map(|(group, tallies)| (group, tallies.into_iter().collect()));
    Ok(groups.collect())
}

/// A cell, and how Apdex counts its spans.
#[derive(Clone, Debug, Default)]
struct Tally {
    cell: Cell,
    satisfied: u64,
    tolerated: u64,
}

impl Tally {
    /// With no threshold all spans of the cell are frustrating.
    fn of(mut cell: Cell, threshold: Option<i64>) -> Result<Self, MalformedHistogram> {
        let Some(threshold) = threshold else {
            return Ok(Self {
                cell,
                ..Self::default()
            });
        };
        cell.unpack(&mut DurationHistogram::default())?;
        let satisfied = cell.durations.count_at_most(threshold);
        let in_four = cell.durations.count_at_most(threshold.saturating_mul(4));
        Ok(Self {
            cell,
            satisfied,
            tolerated: in_four - satisfied,
        })
    }

    fn merge(&mut self, other: &Self) {
        self.cell.merge(&other.cell);
        self.satisfied += other.satisfied;
        self.tolerated += other.tolerated;
    }

    fn figures(&mut self, query: &RedQuery, over: Duration) -> RedFigures {
        let cell = &mut self.cell;
        if cell.count == 0 {
            return no_figures();
        }
        let count = cell.count as f64;
        let thresholds = query.thresholds.iter();
        let at_most = thresholds.map(|threshold| cell.durations.count_at_most(nanos(*threshold)));
        let at_most = at_most.collect();
        let percentiles = cell.durations.percentiles(&query.percentiles);
        let apdex = (self.satisfied as f64 + self.tolerated as f64 / 2.0) / count;
        RedFigures {
            count: cell.count,
            errors: cell.errors,
            qps: count / over.as_secs_f64(),
            avg_time_nano: Some(cell.sum_nano as f64 / count),
            max_time_nano: Some(cell.max_nano),
            // The middle of the last bucket may lie beyond the longest duration.
            percentiles_nano: percentiles
                .into_iter()
                .flatten()
                .map(|nanos| nanos.min(cell.max_nano))
                .collect(),
            apdex: query.apdex.map(|_| apdex),
            at_most,
        }
    }
}

/// The sum of tallies whose histograms were read.
#[derive(Debug, Default)]
struct TallySum {
    /// Without durations.
    tally: Tally,
    durations: HistogramSum,
}

impl TallySum {
    fn add(&mut self, other: &Tally) {
        self.tally.cell.add_figures(&other.cell);
        self.tally.satisfied += other.satisfied;
        self.tally.tolerated += other.tolerated;
        self.durations.add_histogram(&other.cell.durations, 1);
    }

    /// The sum since the last one was taken.
    fn take(&mut self) -> Tally {
        let mut tally = std::mem::take(&mut self.tally);
        tally.cell.durations = self.durations.take();
        tally
    }
}
