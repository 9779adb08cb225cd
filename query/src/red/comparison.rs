//! Figures beside those of an earlier range.

use std::collections::BTreeMap;
use std::time::Duration;

use schemas::UnixNanos;

use super::answer::no_figures;
use super::group::Group;
use super::histogram::DurationHistogram;
use super::query::nanos;
use super::{RedAnswer, RedSeries};

/// Gives both answers the same series in the same order, of zeros where one has no spans of a
/// group, and puts the points of the earlier one at the times of the later one.
pub(crate) fn align(now: &mut RedAnswer, earlier: &mut RedAnswer, shift: Duration) {
    for series in &mut earlier.series {
        for (start, _) in &mut series.points {
            *start = UnixNanos(start.0.saturating_add(nanos(shift)));
        }
    }
    let groups = |answer: &RedAnswer| -> Vec<Group> {
        let groups = answer.series.iter().map(|series| series.group.clone());
        groups.collect()
    };
    let (of_now, of_earlier) = (groups(now), groups(earlier));
    add_missing(now, of_earlier);
    add_missing(earlier, of_now);
}

fn add_missing(answer: &mut RedAnswer, groups: Vec<Group>) {
    let there = std::mem::take(&mut answer.series).into_iter();
    let mut all: BTreeMap<Group, RedSeries> =
        there.map(|series| (series.group.clone(), series)).collect();
    for group in groups {
        all.entry(group.clone()).or_insert_with(|| RedSeries {
            group,
            total: no_figures(),
            durations: DurationHistogram::default(),
            points: Vec::new(),
        });
    }
    answer.series = all.into_values().collect();
}
