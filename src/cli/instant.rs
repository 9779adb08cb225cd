//! Times and durations for people.

/// Writes nanoseconds since the epoch as UTC: `2026-11-23 15:04:05.123456 UTC`.
pub(super) fn utc(unix_nano: i64) -> String {
    let seconds = unix_nano.div_euclid(1_000_000_000);
    let micros = unix_nano.rem_euclid(1_000_000_000) / 1_000;
    let (year, month, day) = civil_date(seconds.div_euclid(86_400));
    let second_of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (
        second_of_day / 3_600,
        second_of_day / 60 % 60,
        second_of_day % 60,
    );
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06} UTC")
}

/// The Gregorian date of a day since 1970-01-01, after Howard Hinnant's `civil_from_days`: years
/// are counted from March, so that the leap day is the last of its year.
fn civil_date(days_since_epoch: i64) -> (i64, i64, i64) {
    let days = days_since_epoch + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = match month_from_march {
        0..=9 => month_from_march + 3,
        _ => month_from_march - 9,
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Writes a duration in at most four digits: `950 ns`, `12.34 µs`, `250.0 ms`, `1.500 s`.
pub(super) fn duration(nano: i64) -> String {
    // The limits lie where the number would be rounded to more digits than it may have.
    let value = nano as f64;
    let (scaled, unit) = match nano {
        ..1_000 => return format!("{nano} ns"),
        1_000..999_950 => (value / 1e3, "µs"),
        999_950..999_950_000 => (value / 1e6, "ms"),
        _ => (value / 1e9, "s"),
    };
    match scaled {
        ..9.999_5 => format!("{scaled:.3} {unit}"),
        ..99.995 => format!("{scaled:.2} {unit}"),
        _ => format!("{scaled:.1} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_utc() {
        assert_eq!(utc(0), "1970-01-01 00:00:00.000000 UTC");
        assert_eq!(utc(-1_000), "1969-12-31 23:59:59.999999 UTC");
        assert_eq!(
            utc(951_782_400_000_000_000),
            "2000-02-29 00:00:00.000000 UTC"
        );
        assert_eq!(
            utc(1_795_446_245_123_456_789),
            "2026-11-23 15:04:05.123456 UTC"
        );
        assert_eq!(
            utc(4_107_542_399_000_000_000),
            "2100-02-28 23:59:59.000000 UTC"
        );
    }

    #[test]
    fn durations_have_four_digits_at_most() {
        let check = |nano, expected: &str| assert_eq!(duration(nano), expected);
        check(0, "0 ns");
        check(950, "950 ns");
        check(1_000, "1.000 µs");
        check(12_344, "12.34 µs");
        check(999_949, "999.9 µs");
        check(999_950, "1.000 ms");
        check(250_000_000, "250.0 ms");
        check(1_500_000_000, "1.500 s");
        check(61_000_000_000, "61.00 s");
        check(3_600_000_000_000, "3600.0 s");
    }
}
