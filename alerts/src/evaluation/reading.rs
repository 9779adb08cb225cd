//! What figures say about a condition; pure.

use std::time::Duration;

use crate::figures::Point;
use crate::rule::{BadCalls, BurnRate, BurnWindows, Comparison, Condition, Metric, Rule};

/// The figures of a window that a condition needs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Need {
    pub(super) window: Duration,
    /// How much before the instant the window ends.
    pub(super) earlier: Duration,
    pub(super) percentiles: Vec<f64>,
    pub(super) thresholds_nano: Vec<i64>,
}

impl Need {
    fn of_metric(metric: Metric, window: Duration, earlier: Duration) -> Self {
        let (mut percentiles, mut thresholds_nano) = (Vec::new(), Vec::new());
        match metric {
            Metric::Percentile(percentile) => percentiles.push(percentile),
            Metric::Apdex { satisfied_nano } => {
                thresholds_nano = vec![satisfied_nano, satisfied_nano.saturating_mul(4)];
            }
            Metric::Qps
            | Metric::Calls
            | Metric::Errors
            | Metric::ErrorRate
            | Metric::SuccessRate
            | Metric::AvgTime
            | Metric::Max => {}
        }
        Self {
            window,
            earlier,
            percentiles,
            thresholds_nano,
        }
    }
}

/// The windows that a condition needs, in the order in which [`read`] expects them.
pub(super) fn needs(condition: &Condition) -> Vec<Need> {
    match condition {
        Condition::Threshold { metric, window, .. } => {
            vec![Need::of_metric(*metric, *window, Duration::ZERO)]
        }
        Condition::Ratio {
            metric,
            window,
            earlier,
            ..
        } => [Duration::ZERO, *earlier]
            .map(|earlier| Need::of_metric(*metric, *window, earlier))
            .to_vec(),
        Condition::BurnRate(burn) => {
            let thresholds_nano = match burn.bad {
                BadCalls::Failed => Vec::new(),
                BadCalls::SlowerThan { nanos } => vec![nanos],
            };
            let windows = burn.windows.iter().flat_map(|pair| [pair.long, pair.short]);
            let need = |window| Need {
                window,
                earlier: Duration::ZERO,
                percentiles: Vec::new(),
                thresholds_nano: thresholds_nano.clone(),
            };
            windows.map(need).collect()
        }
    }
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It does.
    Holds,
    /// It does not.
    HoldsNot,
    /// There were no calls to say so.
    NoData,
}

/// What one series says at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) outcome: Outcome,
    /// The measured value: nanoseconds, a share from 0 to 1, a number; none without calls.
    pub(crate) value: Option<f64>,
    /// The bound, in the same unit.
    pub(crate) threshold: f64,
}

/// Reads the points of the needed windows; `points` are as many as `needs`.
pub(super) fn read(rule: &Rule, needs: &[Need], points: &[Point]) -> Reading {
    match (&rule.condition, points) {
        (
            Condition::Threshold {
                metric,
                window,
                bound,
            },
            [now, ..],
        ) => {
            let value = measure(*metric, now, *window);
            reading(rule, now, value, *bound)
        }
        (
            Condition::Ratio {
                metric,
                window,
                bound,
                ..
            },
            [now, earlier, ..],
        ) => {
            let value = measure(*metric, now, *window);
            let was_enough = earlier.count >= rule.min_calls.max(1);
            let was = measure(*metric, earlier, *window).filter(|was| was_enough && *was > 0.0);
            match (value, was) {
                // Nothing to compare with is no reason to alert.
                (Some(_), None) => Reading {
                    outcome: Outcome::HoldsNot,
                    value: None,
                    threshold: bound.value,
                },
                _ => {
                    let ratio = value.zip(was).map(|(now, was)| now / was);
                    reading(rule, now, ratio, *bound)
                }
            }
        }
        (Condition::BurnRate(burn), _) => burning(rule, burn, points),
        _ => Reading {
            outcome: Outcome::NoData,
            value: None,
            threshold: needs.len() as f64,
        },
    }
}

fn reading(rule: &Rule, point: &Point, value: Option<f64>, bound: Comparison) -> Reading {
    let outcome = match value {
        None => Outcome::NoData,
        Some(value) if point.count >= rule.min_calls && bound.holds(value) => Outcome::Holds,
        Some(_) => Outcome::HoldsNot,
    };
    Reading {
        outcome,
        value,
        threshold: bound.value,
    }
}

/// The metric of a window; none where only calls could tell.
fn measure(metric: Metric, point: &Point, window: Duration) -> Option<f64> {
    let count = point.count as f64;
    if point.count == 0 {
        return metric.counts().then_some(0.0);
    }
    match metric {
        Metric::Qps => Some(point.qps(window)),
        Metric::Calls => Some(count),
        Metric::Errors => Some(point.errors as f64),
        Metric::ErrorRate => Some(point.errors as f64 / count),
        Metric::SuccessRate => Some(1.0 - point.errors as f64 / count),
        Metric::AvgTime => Some(point.sum_nano / count),
        Metric::Max => Some(point.max_nano as f64),
        Metric::Percentile(_) => point.percentiles_nano.first().map(|nanos| *nanos as f64),
        Metric::Apdex { .. } => {
            let [satisfied, tolerated] = point.at_most.as_slice() else {
                return None;
            };
            let tolerating = tolerated.saturating_sub(*satisfied);
            Some((*satisfied as f64 + tolerating as f64 / 2.0) / count)
        }
    }
}

/// Reads an error budget: of the pairs of windows the one that is nearest to, or most beyond, its
/// factor. Its value is the lesser of both burn rates, since both must be too high.
fn burning(rule: &Rule, burn: &BurnRate, points: &[Point]) -> Reading {
    let pairs = burn.windows.iter().zip(points.chunks_exact(2));
    let read = pairs.filter_map(|(windows, points)| {
        let [long, short] = points else { return None };
        let rate = burn_rate(burn, long)?.min(burn_rate(burn, short)?);
        let is_enough = long.count >= rule.min_calls;
        Some((windows, rate, is_enough && rate > windows.factor))
    });
    let worst = read.max_by(
        |(one, one_rate, one_holds), (other, other_rate, other_holds)| {
            let excess = |windows: &BurnWindows, rate: f64| rate / windows.factor;
            let by_excess = excess(one, *one_rate).total_cmp(&excess(other, *other_rate));
            one_holds.cmp(other_holds).then(by_excess)
        },
    );
    match worst {
        Some((windows, rate, holds)) => Reading {
            outcome: match holds {
                true => Outcome::Holds,
                false => Outcome::HoldsNot,
            },
            value: Some(rate),
            threshold: windows.factor,
        },
        None => Reading {
            outcome: Outcome::NoData,
            value: None,
            threshold: burn.windows.first().map_or(0.0, |windows| windows.factor),
        },
    }
}

/// How many times faster than it may the budget burns; none without calls.
fn burn_rate(burn: &BurnRate, point: &Point) -> Option<f64> {
    let bad = match burn.bad {
        BadCalls::Failed => point.errors,
        BadCalls::SlowerThan { .. } => point.count.saturating_sub(*point.at_most.first()?),
    };
    let share = bad as f64 / point.count as f64;
    (point.count > 0).then(|| share / burn.budget)
}
