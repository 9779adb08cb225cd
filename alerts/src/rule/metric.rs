//! What can be measured of calls.

use crate::units;

/// What is measured of the calls of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Metric {
    Qps,
    Calls,
    Errors,
    ErrorRate,
    SuccessRate,
    AvgTime,
    Max,
    /// From 0 to 100.
    Percentile(f64),
    Apdex {
        satisfied_nano: i64,
    },
}

/// What kind of quantity a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    PerSecond,
    Count,
    Share,
    Time,
    Score,
}

/// The metrics, for whoever wrote another.
pub(super) const METRICS: &str = "qps, calls, errors, error_rate, success_rate, avg_time, max, \
     apdex, or a percentile such as p50 or p99.9";

impl Metric {
    /// Reads a metric's name; for `apdex` calls up to `satisfied_nano` satisfy.
    pub(super) fn parse(name: &str, satisfied_nano: i64) -> Option<Self> {
        Some(match name {
            "qps" => Self::Qps,
            "calls" => Self::Calls,
            "errors" => Self::Errors,
            "error_rate" => Self::ErrorRate,
            "success_rate" => Self::SuccessRate,
            "avg_time" => Self::AvgTime,
            "max" => Self::Max,
            "apdex" => Self::Apdex { satisfied_nano },
            _ => {
                let number = name.strip_prefix('p')?;
                let starts_well = number.starts_with(|first: char| first.is_ascii_digit());
                let percentile = number.parse().ok().filter(|_| starts_well)?;
                let is_percentile = (0.0..=100.0).contains(&percentile);
                return is_percentile.then_some(Self::Percentile(percentile));
            }
        })
    }

    /// The name in rules.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Qps => "qps".to_owned(),
            Self::Calls => "calls".to_owned(),
            Self::Errors => "errors".to_owned(),
            Self::ErrorRate => "error_rate".to_owned(),
            Self::SuccessRate => "success_rate".to_owned(),
            Self::AvgTime => "avg_time".to_owned(),
            Self::Max => "max".to_owned(),
            Self::Percentile(percentile) => format!("p{percentile}"),
            Self::Apdex { .. } => "apdex".to_owned(),
        }
    }

    /// Whether it is a number also where there are no calls, namely zero.
    pub(crate) const fn counts(self) -> bool {
        matches!(self, Self::Qps | Self::Calls | Self::Errors)
    }

    const fn quantity(self) -> Quantity {
        match self {
            Self::Qps => Quantity::PerSecond,
            Self::Calls | Self::Errors => Quantity::Count,
            Self::ErrorRate | Self::SuccessRate => Quantity::Share,
            Self::AvgTime | Self::Max | Self::Percentile(_) => Quantity::Time,
            Self::Apdex { .. } => Quantity::Score,
        }
    }

    /// Reads a value: times in nanoseconds, shares from 0 to 1.
    pub(super) fn parse_value(self, text: &str) -> Result<f64, String> {
        match self.quantity() {
            Quantity::Time => units::parse_duration(text).map(|time| time.as_nanos() as f64),
            Quantity::Share => units::parse_share(text),
            Quantity::PerSecond => {
                units::parse_number(text.strip_suffix("/s").unwrap_or(text).trim_end())
            }
            Quantity::Count => units::parse_number(text),
            Quantity::Score => {
                let score = units::parse_number(text)?;
                let is_score = score <= 1.0;
                is_score
                    .then_some(score)
                    .ok_or_else(|| format!("`{text}` is above 1"))
            }
        }
    }

    /// What a bound of this metric looks like.
    pub(super) const fn example(self) -> &'static str {
        match self.quantity() {
            Quantity::Time => "`> 300ms`",
            Quantity::Share => "`> 5%`",
            Quantity::PerSecond => "`> 1000`, calls a second",
            Quantity::Count => "`< 10`",
            Quantity::Score => "`< 0.9`",
        }
    }

    /// Writes a value for people.
    pub(crate) fn text(self, value: f64) -> String {
        match self.quantity() {
            Quantity::Time => units::rounded_duration_text(value),
            Quantity::Share => format!("{}%", units::three_digits(value * 100.0)),
            Quantity::PerSecond => format!("{}/s", units::three_digits(value)),
            Quantity::Count | Quantity::Score => units::three_digits(value),
        }
    }
}
