//! The parameters of questions for figures.

use std::time::Duration;

use schemas::{SpanKind, UnixNanos};

use super::super::failure::ApiError;
use super::super::parameters::Parameters;
use super::span_json::kind_name;
use crate::red::{GroupBy, RED_BUCKET, RedQuery, TimeSpan};

/// About so many points a series has when no step is given.
const DEFAULT_POINTS: u64 = 90;
/// The most points of a series.
const MAX_POINTS: u128 = 11_000;
/// The most steps of a heat map.
pub(super) const MAX_COLUMNS: u128 = 500;
const DEFAULT_PERCENTILES: [f64; 4] = [50.0, 90.0, 99.0, 99.9];
const MAX_PERCENTILES: usize = 20;

/// The figures that are asked for.
pub(super) fn query(parameters: &Parameters, now: UnixNanos) -> Result<RedQuery, ApiError> {
    Ok(RedQuery {
        group_by: group_by(parameters.first("by"))?,
        percentiles: percentiles(parameters.first("percentiles"))?,
        apdex: length(parameters, "apdex")?,
        ..spans(parameters, now, MAX_POINTS)?
    })
}

/// The spans that are asked for, in a range of at most so many steps, as one series.
pub(super) fn spans(
    parameters: &Parameters,
    now: UnixNanos,
    most_steps: u128,
) -> Result<RedQuery, ApiError> {
    let (from, to) = parameters.range(now)?;
    let step = step(parameters, from, to)?;
    let range = TimeSpan::of_steps(from, to, step);
    if range.length().as_nanos() / step.as_nanos() > most_steps {
        let problem =
            format!("the range has over {most_steps} steps of {step:?}; take longer ones");
        return Err(ApiError::malformed("step", problem));
    }
    let name = |parameter| parameters.first(parameter).map(str::to_owned);
    Ok(RedQuery {
        service: name("service"),
        operation: name("operation"),
        instance: name("instance"),
        version: name("version"),
        zone: name("zone"),
        kinds: kinds(parameters.first("kind"))?,
        exact: parameters.flag("exact")?,
        ..RedQuery::new(range, step)
    })
}

/// A length of time; none for zero.
pub(super) fn length(
    parameters: &Parameters,
    name: &'static str,
) -> Result<Option<Duration>, ApiError> {
    let nanos = parameters.duration(name)?;
    Ok(nanos.map(|nanos| Duration::from_nanos(nanos.unsigned_abs())))
}

fn step(parameters: &Parameters, from: UnixNanos, to: UnixNanos) -> Result<Duration, ApiError> {
    let Some(step) = length(parameters, "step")? else {
        return Ok(default_step(from, to));
    };
    if !step.as_nanos().is_multiple_of(RED_BUCKET.as_nanos()) {
        let problem = "it is no multiple of 10s".to_owned();
        return Err(ApiError::malformed("step", problem));
    }
    Ok(step)
}

/// About a ninetieth of the range, a multiple of one of the lengths that figures are kept for: the
/// longest that is not much longer, and days beyond them.
pub(super) fn default_step(from: UnixNanos, to: UnixNanos) -> Duration {
    let seconds = (to.0.abs_diff(from.0) / DEFAULT_POINTS).div_ceil(1_000_000_000);
    let unit = match seconds {
        ..=60 => RED_BUCKET.as_secs(),
        61..=3_600 => 60,
        3_601..=14_400 => 3_600,
        14_401..=57_600 => 28_800,
        _ => 86_400,
    };
    Duration::from_secs(seconds.max(1).next_multiple_of(unit))
}

fn kinds(text: Option<&str>) -> Result<Vec<SpanKind>, ApiError> {
    match text {
        None => Ok(vec![SpanKind::Server, SpanKind::Consumer]),
        Some("all") => Ok(Vec::new()),
        Some(text) => {
            let mut names = SpanKind::ALL.map(kind_name).to_vec();
            names.push("all");
            each("kind", text, &none_of(&names), |name| {
                let mut kinds = SpanKind::ALL.into_iter();
                kinds.find(|kind| kind_name(*kind) == name)
            })
        }
    }
}

fn group_by(text: Option<&str>) -> Result<Vec<GroupBy>, ApiError> {
    let Some(text) = text else {
        return Ok(vec![GroupBy::Service]);
    };
    let names = GroupBy::ALL.map(GroupBy::name);
    let mut group_by = each("by", text, &none_of(&names), |name| {
        GroupBy::ALL.into_iter().find(|by| by.name() == name)
    })?;
    group_by.sort_unstable();
    group_by.dedup();
    Ok(group_by)
}

pub(super) fn percentiles(text: Option<&str>) -> Result<Vec<f64>, ApiError> {
    let Some(text) = text else {
        return Ok(DEFAULT_PERCENTILES.to_vec());
    };
    let problem = "no number from 0 to 100";
    let percentiles = each("percentiles", text, problem, |number| {
        let number = number.parse().ok()?;
        (0.0..=100.0).contains(&number).then_some(number)
    })?;
    if percentiles.len() > MAX_PERCENTILES {
        let problem = format!("there are more than {MAX_PERCENTILES}");
        return Err(ApiError::malformed("percentiles", problem));
    }
    Ok(percentiles)
}

/// The values of a list separated by commas; `problem` tells what a wrong one is.
pub(super) fn each<T>(
    name: &'static str,
    text: &str,
    problem: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, ApiError> {
    let values = text.split(',').map(str::trim).map(|item| {
        read(item).ok_or_else(|| ApiError::malformed(name, format!("{item:?} is {problem}")))
    });
    values.collect()
}

/// What a value is that should be one of these.
pub(super) fn none_of(names: &[&str]) -> String {
    format!("none of {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_steps_are_those_that_figures_are_kept_for() {
        let check = |minutes: i64, expect: u64| {
            let to = UnixNanos(minutes * 60_000_000_000);
            assert_eq!(
                default_step(UnixNanos(0), to).as_secs(),
                expect,
                "{minutes}"
            );
        };
        check(1, 10);
        check(15, 10);
        check(60, 40);
        check(90, 60);
        check(91, 120);
        check(24 * 60, 16 * 60);
        check(90 * 60, 3_600);
        check(7 * 24 * 60, 2 * 3_600);
        check(30 * 24 * 60, 8 * 3_600);
        check(14 * 24 * 60, 4 * 3_600);
        check(15 * 24 * 60, 4 * 3_600);
        check(16 * 24 * 60, 8 * 3_600);
        check(31 * 24 * 60, 16 * 3_600);
        check(60 * 24 * 60, 16 * 3_600);
        check(61 * 24 * 60, 24 * 3_600);
        check(365 * 24 * 60, 5 * 24 * 3_600);
    }
}
