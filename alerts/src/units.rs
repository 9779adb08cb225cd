//! Quantities as people write them: `300ms`, `5%`, `1h30m`.

use std::time::Duration;

/// Units of time with their nanoseconds; longer names first.
const UNITS: [(&str, f64); 9] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3_600e9),
    ("d", 86_400e9),
    ("w", 604_800e9),
];

/// A hundred years; nothing is asked about longer times.
const LONGEST_NANO: f64 = 3.2e18;

/// Reads numbers with units of time, one after the other.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut nanos = 0.0;
    while !rest.is_empty() {
        let is_number = |character: char| character.is_ascii_digit() || character == '.';
        let digits = rest.find(|character| !is_number(character));
        let (number, tail) = rest.split_at(digits.unwrap_or(rest.len()));
        let number: f64 = number
            .parse()
            .map_err(|_| format!("`{text}` has no number before a unit"))?;
        let unit = tail.find(|character: char| !character.is_alphabetic());
        let (unit, tail) = tail.split_at(unit.unwrap_or(tail.len()));
        let known = UNITS.into_iter().find(|(name, _)| *name == unit);
        let Some((_, factor)) = known else {
            return Err(match unit {
                "" => format!("`{text}` lacks a unit"),
                _ => format!("`{unit}` is no unit of time"),
            });
        };
        nanos += number * factor;
        rest = tail.trim_start();
    }
    match nanos {
        _ if text.is_empty() => Err("it is empty".to_owned()),
        nanos if nanos > LONGEST_NANO => Err(format!("`{text}` is too long")),
        nanos => Ok(Duration::from_nanos(nanos.round() as u64)),
    }
}

/// Writes a duration in the largest unit that holds it exactly.
pub(crate) fn duration_text(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let exact = UNITS.iter().rev().find(|(_, factor)| {
        let factor = *factor as u128;
        nanos >= factor && nanos.is_multiple_of(factor)
    });
    match exact {
        Some((unit, factor)) => format!("{}{unit}", nanos / *factor as u128),
        None => "0s".to_owned(),
    }
}

/// Writes a length of time in nanoseconds for people, with three digits.
pub(crate) fn rounded_duration_text(nanos: f64) -> String {
    let unit = ["h", "m", "s", "ms", "us", "ns"]
        .into_iter()
        .find_map(|name| {
            let (_, factor) = UNITS.into_iter().find(|(unit, _)| *unit == name)?;
            (nanos >= factor).then_some((name, factor))
        });
    let (name, factor) = unit.unwrap_or(("ns", 1.0));
    format!("{}{name}", three_digits(nanos / factor))
}

/// Writes a number with three digits, or all of those before the point.
pub(crate) fn three_digits(number: f64) -> String {
    let decimals = match number.abs() {
        number if number >= 100.0 => 0,
        number if number >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{number:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Reads a share such as `5%` or `0.05`.
pub(crate) fn parse_share(text: &str) -> Result<f64, String> {
    let (number, factor) = match text.strip_suffix('%') {
        Some(number) => (number.trim_end(), 0.01),
        None => (text, 1.0),
    };
    let share = parse_number(number)? * factor;
    match share <= 1.0 {
        true => Ok(share),
        false => Err(format!("`{text}` is more than all")),
    }
}

/// Reads a number that is not negative.
pub(crate) fn parse_number(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| format!("`{text}` is no number from 0 up"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        let check = |text: &str, nanos: u64, written: &str| {
            let duration = parse_duration(text).expect(text);
            assert_eq!(duration, Duration::from_nanos(nanos), "{text}");
            assert_eq!(duration_text(duration), written);
        };
        check("300ms", 300_000_000, "300ms");
        check("1h30m", 5_400_000_000_000, "90m");
        check("1.5s", 1_500_000_000, "1500ms");
        check("1d", 86_400_000_000_000, "1d");
        check("0", 0, "0s");
        check("0s", 0, "0s");
        for wrong in ["", "5", "ms", "1.2.3ms", "-1s", "1 s", "1y", "99999w"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn quantities_are_written_for_people() {
        assert_eq!(rounded_duration_text(1_234_567.0), "1.23ms");
        assert_eq!(rounded_duration_text(300e6), "300ms");
        assert_eq!(rounded_duration_text(90e9), "1.5m");
        assert_eq!(rounded_duration_text(0.0), "0ns");
        assert_eq!(three_digits(12.345), "12.3");
        assert_eq!(three_digits(100.0), "100");
    }

    #[test]
    fn shares_are_at_most_all() {
        assert_eq!(parse_share("5%"), Ok(0.05));
        assert_eq!(parse_share("0.5"), Ok(0.5));
        assert_eq!(parse_share("100 %"), Ok(1.0));
        assert!(parse_share("5").is_err());
        assert!(parse_share("NaN").is_err());
        assert!(parse_share("-1%").is_err());
    }
}
