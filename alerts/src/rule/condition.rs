//! When a rule's figures are too much.

use std::time::Duration;

use super::Metric;

/// When a rule's figures are too much.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    /// The metric over a window is beyond a bound.
    Threshold {
        metric: Metric,
        window: Duration,
        bound: Comparison,
    },
    /// The metric over a window, divided by what it was earlier, is beyond a bound.
    Ratio {
        metric: Metric,
        window: Duration,
        earlier: Duration,
        bound: Comparison,
    },
    /// An error budget burns too fast.
    BurnRate(BurnRate),
}

impl Condition {
    /// Whether it may hold for a series without calls.
    pub(super) fn is_met_by_nothing(&self) -> bool {
        match self {
            Self::Threshold { metric, bound, .. } | Self::Ratio { metric, bound, .. } => {
                metric.counts() && bound.holds(0.0)
            }
            Self::BurnRate(_) => false,
        }
    }

    /// The metric's name.
    pub(crate) fn metric_name(&self) -> String {
        match self {
            Self::Threshold { metric, .. } => metric.name(),
            Self::Ratio { metric, .. } => format!("{}_ratio", metric.name()),
            Self::BurnRate(_) => "burn_rate".to_owned(),
        }
    }

    /// Writes a value for people.
    pub(crate) fn text(&self, value: f64) -> String {
        match self {
            Self::Threshold { metric, .. } => metric.text(value),
            Self::Ratio { .. } | Self::BurnRate(_) => {
                format!("{} times", crate::units::three_digits(value))
            }
        }
    }

    /// How the value stands to the threshold when the condition holds.
    pub(crate) fn operator(&self) -> Operator {
        match self {
            Self::Threshold { bound, .. } | Self::Ratio { bound, .. } => bound.operator,
            Self::BurnRate(_) => Operator::Above,
        }
    }

    /// Whether a value is further beyond the bound than another.
    pub(crate) fn is_worse(&self, value: f64, other: f64) -> bool {
        match self.operator() {
            Operator::Above | Operator::AtLeast => value > other,
            Operator::Below | Operator::AtMost => value < other,
        }
    }
}

/// A bound of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) operator: Operator,
    pub(crate) value: f64,
}

impl Comparison {
    /// Whether a value is beyond the bound.
    pub(crate) fn holds(self, value: f64) -> bool {
        match self.operator {
            Operator::Above => value > self.value,
            Operator::AtLeast => value >= self.value,
            Operator::Below => value < self.value,
            Operator::AtMost => value <= self.value,
        }
    }
}

/// How a value stands to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Operator {
    /// Splits a text such as `> 300ms` into its operator and the rest.
    pub(super) fn split(text: &str) -> Option<(Self, &str)> {
        // Longer ones first: `>` is the beginning of `>=`.
        let operators = [
            (">=", Self::AtLeast),
            ("<=", Self::AtMost),
            (">", Self::Above),
            ("<", Self::Below),
        ];
        let text = text.trim();
        operators.into_iter().find_map(|(sign, operator)| {
            let rest = text.strip_prefix(sign)?;
            Some((operator, rest.trim_start()))
        })
    }

    /// The sign in rules.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }
}

/// An error budget that must not burn too fast.
///
/// A budget burns at rate 1 when it would be used up exactly at the end of the objective's period;
/// *The Site Reliability Workbook*, chapter 5.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BurnRate {
    /// The share of calls that may be bad.
    pub(crate) budget: f64,
    pub(crate) bad: BadCalls,
    /// Each of them is a reason to alert.
    pub(crate) windows: Vec<BurnWindows>,
}

/// Which calls count against an objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadCalls {
    Failed,
    SlowerThan { nanos: i64 },
}

/// Two windows, over both of which the budget burns too fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BurnWindows {
    pub(crate) long: Duration,
    pub(crate) short: Duration,
    pub(crate) factor: f64,
}
