//! Parameters of requests, from text to what they mean.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use datafusion::arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use schemas::{TraceId, UnixNanos};

use super::failure::ApiError;

/// The parameters of a query string, in order; a name may repeat.
pub(super) type QueryPairs = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// The length of the range that is asked for when no start of it is, in most places.
const DEFAULT_RANGE: Duration = Duration::from_secs(15 * 60);

/// The parameters that were given and are not empty.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(pairs: QueryPairs) -> Result<Self, ApiError> {
        match pairs {
            Ok(Query(pairs)) => Ok(Self(pairs)),
            Err(rejection) => Err(ApiError::MalformedQuery(rejection.body_text())),
        }
    }

    /// The first value of a parameter; none when it is absent or empty.
    pub(super) fn first(&self, name: &'static str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a parameter that are not empty.
    pub(super) fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        let named = self
            .0
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty());
        named.map(|(_, value)| value.as_str())
    }

    /// A whole number.
    pub(super) fn integer(&self, name: &'static str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.first(name) else {
            return Ok(None);
        };
        let number = text.parse();
        number
            .map(Some)
            .map_err(|_| ApiError::malformed(name, format!("{text:?} is not a whole number")))
    }

    /// A number of things.
    pub(super) fn count(
        &self,
        name: &'static str,
        allowed: RangeInclusive<usize>,
    ) -> Result<Option<usize>, ApiError> {
        let Some(number) = self.integer(name)? else {
            return Ok(None);
        };
        let count = usize::try_from(number).ok();
        match count.filter(|count| allowed.contains(count)) {
            Some(count) => Ok(Some(count)),
            None => Err(ApiError::malformed(name, bounds(allowed))),
        }
    }

    /// An instant given in microseconds since 1970.
    pub(super) fn micros(&self, name: &'static str) -> Result<Option<UnixNanos>, ApiError> {
        let micros = self.integer(name)?;
        Ok(micros.map(|micros| UnixNanos(micros.saturating_mul(1_000))))
    }

    /// An instant given in milliseconds since 1970.
    pub(super) fn millis(&self, name: &'static str) -> Result<Option<UnixNanos>, ApiError> {
        let millis = self.integer(name)?;
        Ok(millis.map(|millis| UnixNanos(millis.saturating_mul(1_000_000))))
    }

    /// A length of time such as `1.2ms` or `1h30m`, in nanoseconds; none for zero.
    pub(super) fn duration(&self, name: &'static str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.first(name) else {
            return Ok(None);
        };
        let nanos = parse_duration(text).ok_or_else(|| {
            let problem = format!("{text:?} is not a duration such as 1.2ms, 300us, 1s or 1h30m");
            ApiError::malformed(name, problem)
        })?;
        Ok((nanos != 0).then_some(nanos))
    }

    /// An instant: `now`, `now-15m`, seconds since 1970, or a text of RFC 3339.
    pub(super) fn instant(
        &self,
        name: &'static str,
        now: UnixNanos,
    ) -> Result<Option<UnixNanos>, ApiError> {
        let Some(text) = self.first(name) else {
            return Ok(None);
        };
        parse_instant(text, now).map(Some).ok_or_else(|| {
            let problem = format!(
                "{text:?} is no instant such as now, now-15m, 1795446245.5 (seconds since 1970) or 2026-11-23T18:00:00Z"
            );
            ApiError::malformed(name, problem)
        })
    }

    /// The instants `from` and `to`: by default the last quarter of an hour before `to`, and `now`.
    pub(super) fn range(&self, now: UnixNanos) -> Result<(UnixNanos, UnixNanos), ApiError> {
        self.range_or_last(DEFAULT_RANGE, now)
    }

    /// The instants `from` and `to`: by default so much time before `to`, and `now`.
    pub(super) fn range_or_last(
        &self,
        length: Duration,
        now: UnixNanos,
    ) -> Result<(UnixNanos, UnixNanos), ApiError> {
        let to = self.instant("to", now)?.unwrap_or(now);
        let length = i64::try_from(length.as_nanos()).unwrap_or(i64::MAX);
        let default_from = UnixNanos(to.0.saturating_sub(length));
        let from = self.instant("from", now)?.unwrap_or(default_from);
        if from < to {
            return Ok((from, to));
        }
        let problem = "it is not before 'to'".to_owned();
        Err(ApiError::malformed("from", problem))
    }

    /// Whether a flag is set.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, ApiError> {
        match self.first(name) {
            None => Ok(false),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(text) => Err(ApiError::malformed(
                name,
                format!("{text:?} is not true or false"),
            )),
        }
    }
}

/// A trace id in a path or a query.
pub(super) fn trace_id(text: &str) -> Result<TraceId, ApiError> {
    TraceId::parse(text.trim()).map_err(|source| ApiError::MalformedTraceId {
        text: text.to_owned(),
        problem: source.to_string(),
    })
}

fn bounds(allowed: RangeInclusive<usize>) -> String {
    match allowed.into_inner() {
        (least, usize::MAX) => format!("it must be at least {least}"),
        (least, most) => format!("it must be from {least} to {most}"),
    }
}

fn parse_instant(text: &str, now: UnixNanos) -> Option<UnixNanos> {
    if let Some(since) = text.strip_prefix("now") {
        let ago = match since.strip_prefix('-') {
            Some(ago) => parse_duration(ago)?,
            None if since.is_empty() => 0,
            None => return None,
        };
        return Some(UnixNanos(now.0.saturating_sub(ago)));
    }
    if let Ok(seconds) = text.parse::<f64>() {
        let nanos = seconds * 1e9;
        return (nanos.abs() < 9.2e18).then_some(UnixNanos(nanos.round() as i64));
    }
    string_to_timestamp_nanos(text).ok().map(UnixNanos)
}

/// The units of Go's durations, which Jaeger's clients send, and days; longer names first.
const UNITS: [(&str, f64); 9] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
    ("d", 86_400e9),
];

/// Numbers with units, one after the other; not negative.
fn parse_duration(text: &str) -> Option<i64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut nanos = 0.0;
    while !rest.is_empty() {
        let digits =
            rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, tail) = rest.split_at(digits);
        let number: f64 = number.parse().ok()?;
        let with_unit = |(unit, factor): (&str, f64)| Some((tail.strip_prefix(unit)?, factor));
        let (tail, factor) = UNITS.into_iter().find_map(with_unit)?;
        nanos += number * factor;
        rest = tail;
    }
    let is_in_range = !text.is_empty() && nanos < 9.2e18;
    is_in_range.then(|| nanos.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_relative_or_absolute() {
        let now = UnixNanos(1_800_000_000_000_000_000);
        let check = |text: &str, expect: Option<i64>| {
            assert_eq!(parse_instant(text, now), expect.map(UnixNanos), "{text}");
        };
        check("now", Some(now.0));
        check("now-15m", Some(now.0 - 900_000_000_000));
        check("1795446245.5", Some(1_795_446_245_500_000_000));
        check("2026-11-23T18:00:00Z", Some(1_795_456_800_000_000_000));
        check("2026-11-24T02:00:00+08:00", Some(1_795_456_800_000_000_000));
        for wrong in ["", "now+1m", "nowish", "now-", "yesterday", "1e99", "NaN"] {
            check(wrong, None);
        }
    }

    #[test]
    fn durations_are_gos_and_days() {
        let check =
            |text: &str, expect: Option<i64>| assert_eq!(parse_duration(text), expect, "{text}");
        check("1.2ms", Some(1_200_000));
        check("300us", Some(300_000));
        check("300µs", Some(300_000));
        check("1h30m", Some(5_400_000_000_000));
        check("2m3.5s", Some(123_500_000_000));
        check("0", Some(0));
        check("10ns", Some(10));
        check("1d12h", Some(129_600_000_000_000));
        for wrong in [
            "",
            "5",
            "ms",
            "1.2.3ms",
            "-1s",
            "1 s",
            "1w",
            "99999999999999h",
        ] {
            check(wrong, None);
        }
    }
}
