//! The figures of windows of time that end at given instants.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use schemas::UnixNanos;

use super::reading::Need;
use super::{Found, Instants};
use crate::figures::{FigureError, FigureQuestion, Figures, Point, Series, Subject};
use crate::instant;

/// The figures of the windows that end at the instants, or as much earlier as is needed.
///
/// Percentiles of windows that overlap cannot be had from shorter ones, so they are asked for in
/// rounds, each of windows that follow each other. Everything else is added up from steps.
pub(super) async fn points(
    figures: &dyn Figures,
    subject: &Subject,
    need: &Need,
    instants: Instants,
) -> Result<Found, FigureError> {
    let last = instants.at(instants.count.saturating_sub(1));
    let question = |from: UnixNanos, to: UnixNanos, step: Duration| FigureQuestion {
        subject: subject.clone(),
        from,
        to,
        step,
        percentiles: need.percentiles.clone(),
        thresholds_nano: need.thresholds_nano.clone(),
    };
    let start_of = |at: UnixNanos| instant::before(at, need.window.saturating_add(need.earlier));
    if instants.count > 1 && need.percentiles.is_empty() {
        let from = start_of(instants.first);
        let to = instant::before(last, need.earlier);
        let series = figures.series(&question(from, to, instants.every)).await?;
        let width = steps(need.window, instants.every);
        return Ok(slid(series, from, instants, width));
    }
    let rounds = steps(need.window, instants.every).min(instants.count);
    let mut found = Found::new();
    for round in 0..rounds {
        let windows = (instants.count - round).div_ceil(rounds);
        let from = start_of(instants.at(round));
        let length = need
            .window
            .saturating_mul(u32::try_from(windows).unwrap_or(u32::MAX));
        let asked = question(from, instant::after(from, length), need.window);
        for Series { labels, points } in figures.series(&asked).await? {
            let nothing = || vec![Point::empty(instants.first); instants.count];
            let placed = found.entry(labels).or_insert_with(nothing);
            for point in points {
                let window = steps(instant::between(from, point.start), need.window);
                if let Some(place) = placed.get_mut(round + window * rounds) {
                    *place = point;
                }
            }
        }
    }
    Ok(found)
}

/// How many whole steps a duration has.
fn steps(duration: Duration, step: Duration) -> usize {
    let steps = duration.as_nanos() / step.as_nanos().max(1);
    usize::try_from(steps).unwrap_or(usize::MAX)
}

/// Adds up `width` steps for each instant; the first window begins at `from`.
fn slid(series: Vec<Series>, from: UnixNanos, instants: Instants, width: usize) -> Found {
    let by_labels = series.into_iter().map(|Series { labels, points }| {
        let mut by_step: BTreeMap<usize, Point> = BTreeMap::new();
        for point in points {
            by_step.insert(
                steps(instant::between(from, point.start), instants.every),
                point,
            );
        }
        let mut window = Window::default();
        let mut entering = by_step.into_iter().peekable();
        let points = (0..instants.count).map(|position| {
            while let Some((step, point)) = entering.next_if(|(step, _)| *step < position + width) {
                window.enter(step, point);
            }
            window.leave_before(position);
            window.sum(instants.at(position))
        });
        (labels, points.collect())
    });
    by_labels.collect()
}

/// The sums of the steps within a window that moves on.
#[derive(Default)]
struct Window {
    steps: VecDeque<(usize, Point)>,
    /// Steps whose maximum is above those of all later ones, so that the first has the largest.
    peaks: VecDeque<(usize, i64)>,
    count: u64,
    errors: u64,
    /// Whole nanoseconds: what entered leaves again without a trace.
    sum_nano: i128,
    at_most: Vec<u64>,
}

impl Window {
    fn enter(&mut self, step: usize, point: Point) {
        self.count += point.count;
        self.errors += point.errors;
        self.sum_nano += point.sum_nano.round() as i128;
        self.at_most.resize(point.at_most.len(), 0);
        for (sum, count) in self.at_most.iter_mut().zip(&point.at_most) {
            *sum += count;
        }
        while self
            .peaks
            .back()
            .is_some_and(|(_, peak)| *peak <= point.max_nano)
        {
            self.peaks.pop_back();
        }
        self.peaks.push_back((step, point.max_nano));
        self.steps.push_back((step, point));
    }

    fn leave_before(&mut self, first: usize) {
        while let Some((_, point)) = self.steps.pop_front_if(|(step, _)| *step < first) {
            self.count -= point.count;
            self.errors -= point.errors;
            self.sum_nano -= point.sum_nano.round() as i128;
            for (sum, count) in self.at_most.iter_mut().zip(&point.at_most) {
                *sum -= count;
            }
        }
        while self.peaks.pop_front_if(|(step, _)| *step < first).is_some() {}
    }

    fn sum(&self, start: UnixNanos) -> Point {
        Point {
            start,
            count: self.count,
            errors: self.errors,
            sum_nano: self.sum_nano as f64,
            max_nano: self.peaks.front().map_or(0, |(_, peak)| *peak),
            percentiles_nano: Vec::new(),
            at_most: self.at_most.clone(),
        }
    }
}
