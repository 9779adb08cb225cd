//! When a rule would have been pending and firing in the past.

use std::time::Duration;

use schemas::UnixNanos;
use serde::Serialize;
use utoipa::ToSchema;

use crate::AlertsError;
use crate::evaluation::{Instants, SeriesReadings, evaluate};
use crate::figures::{BUCKET, FigureError, Figures, Labels};
use crate::instant::{self, rfc3339};
use crate::phase::{Phase, Policy};
use crate::rule::{Condition, Metric, Rule};

/// So many times a rule is evaluated at most: a day, each ten seconds.
const MOST_EVALUATIONS: u128 = 10_000;
/// So many questions the windows of a percentile may need, which cannot be added up.
const MOST_ROUNDS: u128 = 12;
/// So many stretches of time are told of a series.
const MOST_STRETCHES: usize = 500;

/// When a rule would have been pending and firing.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "from": "2026-11-23T12:00:00.000Z",
    "to": "2026-11-23T18:00:00.000Z",
    "every": "10s",
    "evaluations": 2161,
    "seriesLeftOut": 0,
    "series": [{
        "labels": {"service": "checkout"},
        "firingSeconds": 130,
        "stretches": [
            {"state": "pending", "from": "2026-11-23T14:00:10.000Z", "to": "2026-11-23T14:01:10.000Z",
             "worst": 0.07, "worstText": "7%"},
            {"state": "firing", "from": "2026-11-23T14:01:10.000Z", "to": "2026-11-23T14:03:20.000Z",
             "worst": 0.12, "worstText": "12%"},
        ],
    }],
}))]
pub(crate) struct BackTest {
    /// The first evaluation.
    from: String,
    /// The last evaluation.
    to: String,
    /// The time between evaluations: 10 s as in earnest, or longer over long ranges.
    every: String,
    /// How many there were.
    evaluations: usize,
    /// Series beyond those that the rule looks at.
    series_left_out: usize,
    /// The series that would have been pending or firing, by labels.
    series: Vec<SeriesBackTest>,
}

/// One series of a back-test.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SeriesBackTest {
    /// What makes the series.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    labels: Labels,
    /// For how long it would have fired.
    firing_seconds: u64,
    /// When, in order; the first 500.
    stretches: Vec<Stretch>,
}

/// A stretch of time in one state.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Stretch {
    /// `pending` or `firing`.
    state: &'static str,
    /// Its first evaluation.
    from: String,
    /// The evaluation that ended it, or the last one.
    to: String,
    /// The value that was furthest beyond the bound; none without calls.
    worst: Option<f64>,
    /// The same for people.
    worst_text: String,
}

/// Evaluates a rule at all instants of a range.
pub(crate) async fn back_test(
    figures: &dyn Figures,
    rule: &Rule,
    from: UnixNanos,
    to: UnixNanos,
) -> Result<BackTest, AlertsError> {
    let instants = instants(rule, from, to)?;
    let evaluation = evaluate(figures, rule, instants, &[]).await?;
    let series = evaluation.series.iter();
    let tested = series.filter_map(|series| stretches(rule, instants, series));
    Ok(BackTest {
        from: rfc3339(instants.first),
        to: rfc3339(instants.at(instants.count - 1)),
        every: crate::units::duration_text(instants.every),
        evaluations: instants.count,
        series_left_out: evaluation.left_out,
        series: tested.collect(),
    })
}

/// As many instants as in earnest where that is not too much, else fewer: their distance still
/// divides the rule's windows.
fn instants(rule: &Rule, from: UnixNanos, to: UnixNanos) -> Result<Instants, FigureError> {
    let first = instant::floor(from, BUCKET);
    let length = instant::between(first, to).as_nanos();
    let windows = windows(&rule.condition);
    let bucket = BUCKET.as_nanos();
    let divisor = windows.iter().map(Duration::as_nanos).fold(0, gcd);
    let fits = |every: u128| {
        let rounds = windows.iter().map(|window| window.as_nanos() / every).max();
        let is_in_rounds = !needs_rounds(&rule.condition) || rounds <= Some(MOST_ROUNDS);
        divisor.is_multiple_of(every) && length / every < MOST_EVALUATIONS && is_in_rounds
    };
    let multiples = divisor / bucket;
    let shortest = (1..=multiples.min(100_000)).map(|times| times * bucket);
    let Some(every) = shortest.into_iter().find(|every| fits(*every)) else {
        let problem = format!(
            "the range is too long: with these windows a rule is tested over {} at most",
            crate::units::duration_text(duration(divisor.saturating_mul(MOST_EVALUATIONS)))
        );
        return Err(FigureError::TooLarge(problem));
    };
    Ok(Instants {
        first,
        every: duration(every),
        count: usize::try_from(length / every).unwrap_or(0) + 1,
    })
}

fn duration(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn gcd(one: u128, other: u128) -> u128 {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

fn windows(condition: &Condition) -> Vec<Duration> {
    match condition {
        Condition::Threshold { window, .. } | Condition::Ratio { window, .. } => vec![*window],
        Condition::BurnRate(burn) => {
            let pairs = burn.windows.iter();
            pairs.flat_map(|pair| [pair.long, pair.short]).collect()
        }
    }
}

const fn needs_rounds(condition: &Condition) -> bool {
    matches!(
        condition,
        Condition::Threshold {
            metric: Metric::Percentile(_),
            ..
        } | Condition::Ratio {
            metric: Metric::Percentile(_),
            ..
        }
    )
}

/// The stretches of a series; none when it would never have been pending.
fn stretches(rule: &Rule, instants: Instants, series: &SeriesReadings) -> Option<SeriesBackTest> {
    let policy = Policy {
        hold_for: rule.hold_for,
        no_data: rule.no_data,
    };
    let mut phase = Phase::Inactive;
    let mut found: Vec<Stretch> = Vec::new();
    let mut firing = Duration::ZERO;
    let mut is_open = false;
    for (position, reading) in series.readings.iter().enumerate() {
        let at = instants.at(position);
        // In a back-test there are no gaps, however far apart its instants are.
        let last = phase.name();
        phase = phase.next(reading.outcome, at, at, policy);
        if phase.is_firing() && position + 1 < instants.count {
            firing += instants.every;
        }
        let is_same = is_open && phase.name() == last;
        if let Some(stretch) = found.last_mut().filter(|_| is_open) {
            stretch.to = rfc3339(at);
        }
        is_open = phase.over_since().is_some() && (is_same || found.len() < MOST_STRETCHES);
        if !is_open {
            continue;
        }
        if !is_same {
            found.push(Stretch {
                state: phase.name(),
                from: rfc3339(at),
                to: rfc3339(at),
                worst: None,
                worst_text: String::new(),
            });
        }
        if let (Some(stretch), Some(value)) = (found.last_mut(), reading.value) {
            let is_worse = stretch
                .worst
                .is_none_or(|worst| rule.condition.is_worse(value, worst));
            if is_worse {
                stretch.worst = Some(value);
                stretch.worst_text = rule.condition.text(value);
            }
        }
    }
    (!found.is_empty()).then(|| SeriesBackTest {
        labels: series.labels.clone(),
        firing_seconds: firing.as_secs(),
        stretches: found,
    })
}
