//! Instants as texts: RFC 3339, and relative to now.

use std::time::Duration;

use schemas::UnixNanos;

use crate::units;

const SECOND: i64 = 1_000_000_000;
const DAY_SECONDS: i64 = 86_400;

/// An instant later or earlier by so much; stops at the ends of time.
pub(crate) fn after(instant: UnixNanos, duration: Duration) -> UnixNanos {
    UnixNanos(instant.0.saturating_add(nanos(duration)))
}

/// See [`after`].
pub(crate) fn before(instant: UnixNanos, duration: Duration) -> UnixNanos {
    UnixNanos(instant.0.saturating_sub(nanos(duration)))
}

/// The time from one instant to a later one; nothing when it is not later.
pub(crate) fn between(earlier: UnixNanos, later: UnixNanos) -> Duration {
    let nanos = later.0.saturating_sub(earlier.0).max(0);
    Duration::from_nanos(nanos.unsigned_abs())
}

/// The last multiple of a step that is not after the instant.
pub(crate) fn floor(instant: UnixNanos, step: Duration) -> UnixNanos {
    let step = nanos(step).max(1);
    UnixNanos(instant.0.div_euclid(step).saturating_mul(step))
}

/// A duration in nanoseconds; the longest there is for longer ones.
pub(crate) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Writes an instant as RFC 3339 in UTC with milliseconds.
pub(crate) fn rfc3339(instant: UnixNanos) -> String {
    let seconds = instant.0.div_euclid(SECOND);
    let millis = instant.0.rem_euclid(SECOND) / 1_000_000;
    let (days, of_day) = (
        seconds.div_euclid(DAY_SECONDS),
        seconds.rem_euclid(DAY_SECONDS),
    );
    let (year, month, day) = civil_of_days(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Reads `now`, `now-15m`, `now+2h`, seconds since 1970, or RFC 3339.
pub(crate) fn parse(text: &str, now: UnixNanos) -> Option<UnixNanos> {
    if let Some(rest) = text.strip_prefix("now") {
        return match (rest.strip_prefix('-'), rest.strip_prefix('+')) {
            (Some(ago), _) => Some(before(now, units::parse_duration(ago).ok()?)),
            (_, Some(ahead)) => Some(after(now, units::parse_duration(ahead).ok()?)),
            _ => rest.is_empty().then_some(now),
        };
    }
    if let Ok(seconds) = text.parse::<f64>() {
        let nanos = seconds * 1e9;
        return (nanos.abs() < 9.2e18).then_some(UnixNanos(nanos.round() as i64));
    }
    parse_rfc3339(text)
}

fn parse_rfc3339(text: &str) -> Option<UnixNanos> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let (year, month, day) = three_numbers(date, '-')?;
    let (time, offset_seconds) = split_offset(time)?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let (hour, minute, second) = three_numbers(time, ':')?;
    let is_real = (1970..=2261).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !is_real || fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let seconds =
        days_of_civil(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second
            - offset_seconds;
    let nanos = seconds.checked_mul(SECOND)?;
    Some(UnixNanos(nanos.checked_add(digits.parse().ok()?)?))
}

/// The time of a day, and how many seconds its zone is ahead of UTC.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let (time, offset, sign) = match text.split_once('+') {
        Some((time, offset)) => (time, offset, 1),
        None => text
            .split_once('-')
            .map(|(time, offset)| (time, offset, -1))?,
    };
    let (hours, minutes) = offset.split_once(':')?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let is_real = hours < 24 && minutes < 60;
    is_real.then_some((time, sign * (hours * 3600 + minutes * 60)))
}

fn three_numbers(text: &str, separator: char) -> Option<(i64, i64, i64)> {
    let mut parts = text.split(separator).map(number);
    let all = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(all)
}

fn number(text: &str) -> Option<i64> {
    let is_short = (1..=4).contains(&text.len());
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (is_short && is_digits).then(|| text.parse().ok())?
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970 of a date of the Gregorian calendar; years begin in March, so that leap days are
/// their last (Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*).
fn days_of_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of [`days_of_civil`].
fn civil_of_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Serialises instants as RFC 3339.
pub(crate) mod text {
    use schemas::UnixNanos;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        instant: &UnixNanos,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::rfc3339(*instant))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<UnixNanos, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_rfc3339(&text)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is no instant in RFC 3339")))
    }
}

/// Serialises instants that may be absent.
pub(crate) mod optional_text {
    use schemas::UnixNanos;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Text(#[serde(with = "super::text")] UnixNanos);

    pub(crate) fn serialize<S: Serializer>(
        instant: &Option<UnixNanos>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        instant.map(Text).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<UnixNanos>, D::Error> {
        let text = Option::<Text>::deserialize(deserializer)?;
        Ok(text.map(|Text(instant)| instant))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn instants_are_relative_or_absolute() {
        let now = UnixNanos(1_800_000_000 * SECOND);
        let check = |text: &str, expect: Option<i64>| {
            assert_eq!(parse(text, now), expect.map(UnixNanos), "{text}");
        };
        check("now", Some(now.0));
        check("now-15m", Some(now.0 - 900 * SECOND));
        check("now+2h", Some(now.0 + 7_200 * SECOND));
        check("1795446245.5", Some(1_795_446_245_500_000_000));
        check("2026-11-23T18:00:00Z", Some(1_795_456_800 * SECOND));
        check("2026-11-24T02:00:00+08:00", Some(1_795_456_800 * SECOND));
        check("2026-11-23T18:00:00.25Z", Some(1_795_456_800_250_000_000));
        check("2024-02-29T00:00:00Z", Some(1_709_164_800 * SECOND));
        for wrong in [
            "",
            "now*2",
            "nowish",
            "now-",
            "2026-02-30T00:00:00Z",
            "2026-11-23",
            "2026-11-23T18:00:00",
            "2026-11-23T18:00:00.Z",
            "2026-11-23T25:00:00Z",
            "1e99",
        ] {
            check(wrong, None);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(millis in 0i64..9_000_000_000_000) {
            let instant = UnixNanos(millis * 1_000_000);
            prop_assert_eq!(parse_rfc3339(&rfc3339(instant)), Some(instant));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            let _ = parse(&text, UnixNanos(0));
        }
    }
}
