//! The day a file's spans started on: the table's partition column.

use std::fmt;

const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// A day of the proleptic Gregorian calendar in UTC, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PartitionDate(pub(crate) i32);

impl PartitionDate {
    /// The name of the partition column.
    pub(crate) const COLUMN: &str = "date";

    /// The day that the instant `unix_nanos` falls on.
    pub(crate) fn from_unix_nanos(unix_nanos: i64) -> Self {
        let days = unix_nanos.div_euclid(NANOS_PER_DAY);
        Self(i32::try_from(days).expect("an i64 of nanoseconds spans 213,504 days"))
    }

    /// Reads `YYYY-MM-DD`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if year.len() != 4 || month.len() != 2 || day.len() != 2 {
            return None;
        }
        let date = Self::from_civil(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
        // Written back, impossible days such as 02-30 look different.
        (date.to_string() == text).then_some(date)
    }

    /// Howard Hinnant, <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
    fn from_civil(year: i32, month: u8, day: u8) -> Self {
        let (month, day) = (i32::from(month), i32::from(day));
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// The inverse, `civil_from_days`.
    fn to_civil(self) -> (i32, i32, i32) {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month, day)
    }
}

impl fmt::Display for PartitionDate {
    /// `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.to_civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_fall_on_days() {
        let check = |nanos: i64, expect: &str| {
            let date = PartitionDate::from_unix_nanos(nanos);
            assert_eq!(date.to_string(), expect);
            assert_eq!(PartitionDate::parse(expect), Some(date));
        };
        check(0, "1970-01-01");
        check(-1, "1969-12-31");
        check(NANOS_PER_DAY - 1, "1970-01-01");
        check(951_782_400_000_000_000, "2000-02-29");
        check(1_795_392_000_000_000_000, "2026-11-23");
        check(i64::MIN, "1677-09-21");
        check(i64::MAX, "2262-04-11");
    }

    #[test]
    fn each_day_is_written_and_read_back() {
        for days in -110_000..110_000 {
            let date = PartitionDate(days);
            assert_eq!(PartitionDate::parse(&date.to_string()), Some(date));
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2026-11",
            "2026-02-30",
            "2026-13-01",
            "26-11-23",
            "2026-11-23T00",
            "a-b-c",
        ] {
            assert_eq!(PartitionDate::parse(text), None, "{text}");
        }
    }
}
