//! Durations such as `30s` and `1h30m`.

use std::time::Duration;

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads one or more numbers with their units; the resolution is a millisecond.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut rest = text;
    let mut total_millis: u64 = 0;
    while !rest.is_empty() {
        let (digits, after) = split_where(rest, |character| !character.is_ascii_digit());
        let (unit, after) = split_where(after.trim_start(), |character| {
            character.is_ascii_digit() || character == ' '
        });
        rest = after.trim_start();
        if digits.is_empty() {
            return Err("a whole number is missing before the unit".to_owned());
        }
        let factor = match UNITS.iter().find(|(name, _)| *name == unit) {
            Some((_, factor)) => *factor,
            None if unit.is_empty() => return Err("the unit is missing".to_owned()),
            None => return Err(format!("`{unit}` is not a unit")),
        };
        let count: Option<u64> = digits.parse().ok();
        total_millis = count
            .and_then(|count| count.checked_mul(factor))
            .and_then(|millis| millis.checked_add(total_millis))
            .ok_or("it is too long")?;
    }
    match total_millis {
        0 => Err("it is zero".to_owned()),
        millis => Ok(Duration::from_millis(millis)),
    }
}

/// Writes the duration in the largest unit that holds it exactly.
pub(super) fn write(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let exact = UNITS
        .iter()
        .find(|(_, factor)| millis >= *factor && millis.is_multiple_of(*factor));
    let (unit, factor) = exact.unwrap_or(&("ms", 1));
    format!("{}{unit}", millis / factor)
}

fn split_where(text: &str, at: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(at).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, millis: u64, written: &str) {
        let duration = parse(text).expect(text);
        assert_eq!(duration, Duration::from_millis(millis), "{text}");
        assert_eq!(write(duration), written);
    }

    #[test]
    fn durations_are_read_with_their_units() {
        check("500ms", 500, "500ms");
        check("30s", 30_000, "30s");
        check("90s", 90_000, "90s");
        check("120s", 120_000, "2m");
        check("1h30m", 5_400_000, "90m");
        check("1h 30m", 5_400_000, "90m");
        check("2d", 172_800_000, "2d");
    }

    #[test]
    fn wrong_durations_say_why() {
        let wrong = |text| parse(text).expect_err(text);
        assert_eq!(wrong(""), "it is empty");
        assert_eq!(wrong("30"), "the unit is missing");
        assert_eq!(wrong("s"), "a whole number is missing before the unit");
        assert_eq!(wrong("1.5s"), "`.` is not a unit");
        assert_eq!(wrong("30sec"), "`sec` is not a unit");
        assert_eq!(wrong("0s"), "it is zero");
        assert_eq!(wrong("999999999999999999d"), "it is too long");
    }
}
