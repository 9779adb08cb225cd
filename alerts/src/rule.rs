//! Alert rules: as people write them, and as they are evaluated.

mod check;
mod condition;
mod metric;
mod spec;

use std::fmt;
use std::time::Duration;

use crate::figures::{Labels, Subject};

pub(crate) use condition::{BadCalls, BurnRate, BurnWindows, Comparison, Condition};
pub(crate) use metric::Metric;
pub use spec::RuleSpec;
pub(crate) use spec::{BurnSpec, NoData, Scope};

/// A rule that can be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    spec: RuleSpec,
    pub(crate) subject: Subject,
    pub(crate) condition: Condition,
    /// For how long the condition must hold before the alert fires.
    pub(crate) hold_for: Duration,
    pub(crate) no_data: NoData,
    pub(crate) min_calls: u64,
    pub(crate) max_series: usize,
    /// The labels that its filters give to every series.
    pub(crate) filters: Labels,
}

impl Rule {
    /// Checks a rule.
    ///
    /// # Errors
    /// The first field that is wrong, with what would be right.
    pub fn check(spec: RuleSpec) -> Result<Self, InvalidSetting> {
        check::check(spec)
    }

    /// Its name, which no other rule has.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The rule as it was written.
    pub fn spec(&self) -> &RuleSpec {
        &self.spec
    }

    /// How urgent its alerts are.
    pub(crate) fn severity(&self) -> &str {
        self.spec.severity.as_deref().unwrap_or("warning")
    }

    /// Whether it is about the calls between nodes.
    pub(crate) fn is_of_edges(&self) -> bool {
        matches!(self.subject, Subject::Calls(_))
    }

    /// Whether all that it counts is one series, which is there even without calls.
    pub(crate) fn is_one_series(&self) -> bool {
        match &self.subject {
            Subject::Spans(filter) => filter.by.is_empty(),
            Subject::Calls(filter) => {
                filter.caller.is_some() && filter.callee.is_some() && filter.connection.is_some()
            }
        }
    }

    /// Whether series that vanish matter, so that they must be remembered.
    pub(crate) fn watches_absence(&self) -> bool {
        self.no_data == NoData::Alert || self.condition.is_met_by_nothing()
    }
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSetting {
    /// The field, as it is written in rules.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
    /// What would be right.
    pub expected: String,
}

impl InvalidSetting {
    pub(crate) fn new(
        field: &'static str,
        problem: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            field,
            problem: problem.into(),
            expected: expected.into(),
        }
    }
}

impl fmt::Display for InvalidSetting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            problem,
            expected,
        } = self;
        write!(formatter, "`{field}`: {problem}; expected {expected}")
    }
}

impl std::error::Error for InvalidSetting {}

#[cfg(test)]
mod tests;
