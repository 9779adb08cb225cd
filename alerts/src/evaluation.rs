//! From a rule and figures to whether its condition holds: at one instant, or at many of the past.
//!
//! ```text
//!   Rule ──► needs: windows ──► questions ──► Point by window, series and instant ──► Reading
//!                               (windows.rs)                                        (reading.rs)
//! ```

mod reading;
mod windows;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemas::UnixNanos;

use crate::figures::{FigureError, Figures, Labels, Point};
use crate::instant;
use crate::rule::Rule;

pub(crate) use reading::{Outcome, Reading};

/// Instants at which a rule is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instants {
    pub(crate) first: UnixNanos,
    /// A multiple of 10 s that divides the rule's windows, when there is more than one instant.
    pub(crate) every: Duration,
    pub(crate) count: usize,
}

impl Instants {
    /// One instant, a multiple of 10 s.
    pub(crate) fn one(at: UnixNanos) -> Self {
        Self {
            first: at,
            every: crate::figures::BUCKET,
            count: 1,
        }
    }

    /// The instant at a position.
    pub(crate) fn at(&self, position: usize) -> UnixNanos {
        let steps = u32::try_from(position).unwrap_or(u32::MAX);
        instant::after(self.first, self.every.saturating_mul(steps))
    }
}

/// What a rule found of one series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeriesReadings {
    /// What makes the series, with the rule's filters.
    pub(crate) labels: Labels,
    /// One for each instant.
    pub(crate) readings: Vec<Reading>,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Evaluation {
    /// By labels.
    pub(crate) series: Vec<SeriesReadings>,
    /// How many series there were beyond those that the rule looks at.
    pub(crate) left_out: usize,
}

/// Evaluates a rule at some instants. Series that are `known` have readings even if nothing is
/// heard of them.
pub(crate) async fn evaluate(
    figures: &dyn Figures,
    rule: &Rule,
    instants: Instants,
    known: &[Labels],
) -> Result<Evaluation, FigureError> {
    let needs = reading::needs(&rule.condition);
    let mut by_need = Vec::with_capacity(needs.len());
    for need in &needs {
        let found = windows::points(figures, &rule.subject, need, instants).await?;
        by_need.push(with_filters(found, rule));
    }
    let (mut all, left_out) = busiest(&by_need, rule);
    all.extend(known.iter().cloned());
    if rule.is_one_series() {
        all.insert(rule.filters.clone());
    }
    let nothing = Point::empty(instants.first);
    let series = all.into_iter().map(|labels| {
        let points: Vec<Option<&Vec<Point>>> =
            by_need.iter().map(|found| found.get(&labels)).collect();
        let readings = (0..instants.count).map(|position| {
            let at_position = |points: &Option<&Vec<Point>>| {
                points.and_then(|points| points.get(position)).cloned()
            };
            let points: Vec<Point> = points
                .iter()
                .map(|points| at_position(points).unwrap_or_else(|| nothing.clone()))
                .collect();
            reading::read(rule, &needs, &points)
        });
        SeriesReadings {
            readings: readings.collect(),
            labels,
        }
    });
    Ok(Evaluation {
        series: series.collect(),
        left_out,
    })
}

/// Points of each series, one for each instant.
type Found = BTreeMap<Labels, Vec<Point>>;

/// The filters of a rule are labels of its series too.
fn with_filters(found: Found, rule: &Rule) -> Found {
    let labelled = found.into_iter().map(|(mut labels, points)| {
        for (name, value) in &rule.filters {
            labels.entry(name.clone()).or_insert_with(|| value.clone());
        }
        (labels, points)
    });
    labelled.collect()
}

/// The series with the most calls, as many as the rule looks at, and how many there are beyond.
fn busiest(by_need: &[Found], rule: &Rule) -> (BTreeSet<Labels>, usize) {
    let mut calls: BTreeMap<&Labels, u64> = BTreeMap::new();
    for (labels, points) in by_need.iter().flatten() {
        *calls.entry(labels).or_default() += points.iter().map(|point| point.count).sum::<u64>();
    }
    let mut ordered: Vec<(&Labels, u64)> = calls.into_iter().collect();
    ordered.sort_by_key(|(_, calls)| Reverse(*calls));
    let left_out = ordered.len().saturating_sub(rule.max_series);
    let kept = ordered.into_iter().take(rule.max_series);
    (kept.map(|(labels, _)| labels.clone()).collect(), left_out)
}

#[cfg(test)]
mod tests;
