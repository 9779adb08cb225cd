//! What must be read at all, and what of a filter must still be tested there.
//!
//! Pure functions from facts to a plan. The rule that holds: rows left out are rows for which the
//! filter is not true, whatever the rows are, as long as the facts hold.

use parquet::arrow::arrow_reader::RowSelection;
use schemas::ColumnId;

use super::condition::{Comparison, Condition, Meaning, Test, Value};

/// How a condition turns out over some rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// True for no row: false or null for each.
    Never,
    /// Not known.
    Sometimes,
    /// True for every row.
    Always,
}

/// What is known of some rows without reading them.
pub(crate) trait Facts {
    /// What is known of a column.
    fn column(&self, column: ColumnId) -> ColumnFacts;
    /// Whether a row may have exactly this value.
    fn may_contain(&self, column: ColumnId, value: &Value) -> bool;
    /// Whether a row may have an attribute under `key` in a column of attributes.
    fn may_have_key(&self, column: ColumnId, key: &str) -> bool;
}

/// What is known of a column over some rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnFacts {
    pub(crate) nulls: Nulls,
    /// No value is less than the first or greater than the second.
    pub(crate) bounds: Option<(Value, Value)>,
}

/// How many rows are null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    None,
    Unknown,
    All,
}

impl ColumnFacts {
    pub(crate) const UNKNOWN: Self = Self {
        nulls: Nulls::Unknown,
        bounds: None,
    };
    pub(crate) const ALL_NULL: Self = Self {
        nulls: Nulls::All,
        bounds: None,
    };
}

/// Consecutive rows of a row group and what is known of one column in them.
pub(crate) struct Page {
    pub(crate) first_row: usize,
    pub(crate) facts: ColumnFacts,
}

/// What of a condition must be tested on rows.
enum Remainder {
    Nothing(Outcome),
    Part(Condition),
}

/// The conditions that must be tested on rows of which `facts` hold, all of them; `None` when no
/// row can pass.
pub(crate) fn prune(conditions: &[Condition], facts: &dyn Facts) -> Option<Vec<Condition>> {
    let mut remaining = Vec::new();
    for condition in conditions {
        match remainder(condition, facts) {
            Remainder::Nothing(Outcome::Never) => return None,
            Remainder::Nothing(_) => {}
            Remainder::Part(part) => match part.meaning {
                Meaning::All(parts) => remaining.extend(parts),
                _ => remaining.push(part),
            },
        }
    }
    Some(remaining)
}

fn remainder(condition: &Condition, facts: &dyn Facts) -> Remainder {
    match &condition.meaning {
        Meaning::All(parts) => joined(condition, parts, facts, Outcome::Never, Condition::all),
        Meaning::Any(parts) => joined(condition, parts, facts, Outcome::Always, Condition::any),
        Meaning::Constant(outcome) => Remainder::Nothing(*outcome),
        Meaning::Test(column, test) => match outcome(*column, test, facts) {
            Outcome::Sometimes => Remainder::Part(condition.clone()),
            decided => Remainder::Nothing(decided),
        },
        Meaning::Opaque => Remainder::Part(condition.clone()),
    }
}

/// The remainder of parts of which one with the outcome `decisive` decides for all.
fn joined(
    condition: &Condition,
    parts: &[Condition],
    facts: &dyn Facts,
    decisive: Outcome,
    join: fn(Vec<Condition>) -> Condition,
) -> Remainder {
    let mut remaining = Vec::new();
    let mut changed = false;
    for part in parts {
        match remainder(part, facts) {
            Remainder::Nothing(decided) if decided == decisive => {
                return Remainder::Nothing(decisive);
            }
            Remainder::Nothing(_) => changed = true,
            Remainder::Part(rest) => {
                changed |= !std::sync::Arc::ptr_eq(&rest.expr, &part.expr);
                remaining.push(rest);
            }
        }
    }
    if remaining.is_empty() {
        let neutral = if decisive == Outcome::Never {
            Outcome::Always
        } else {
            Outcome::Never
        };
        return Remainder::Nothing(neutral);
    }
    Remainder::Part(if changed {
        join(remaining)
    } else {
        condition.clone()
    })
}

fn outcome(column: ColumnId, test: &Test, facts: &dyn Facts) -> Outcome {
    let known = facts.column(column);
    match (test, known.nulls) {
        (Test::Null, Nulls::All) | (Test::NotNull, Nulls::None) => Outcome::Always,
        (Test::Null, Nulls::None) | (_, Nulls::All) => Outcome::Never,
        (Test::Null | Test::NotNull, Nulls::Unknown) => Outcome::Sometimes,
        (Test::Attribute(key), _) => {
            if facts.may_have_key(column, key) {
                Outcome::Sometimes
            } else {
                Outcome::Never
            }
        }
        (Test::Compare(comparison, value), _) => {
            let absent = *comparison == Comparison::Equal && !facts.may_contain(column, value);
            if absent {
                Outcome::Never
            } else {
                compare(*comparison, value, &known)
            }
        }
        (Test::OneOf(values), _) => {
            let possible = values
                .iter()
                .filter(|value| facts.may_contain(column, value))
                .map(|value| compare(Comparison::Equal, value, &known));
            possible.fold(Outcome::Never, |all, one| match (all, one) {
                (Outcome::Always, _) | (_, Outcome::Always) => Outcome::Always,
                (Outcome::Never, Outcome::Never) => Outcome::Never,
                _ => Outcome::Sometimes,
            })
        }
    }
}

fn compare(comparison: Comparison, value: &Value, known: &ColumnFacts) -> Outcome {
    let Some((min, max)) = &known.bounds else {
        return Outcome::Sometimes;
    };
    if std::mem::discriminant(min) != std::mem::discriminant(value) {
        return Outcome::Sometimes;
    }
    let outside = value < min || value > max;
    let alone = value == min && value == max;
    let (never, always) = match comparison {
        Comparison::Equal => (outside, alone),
        Comparison::NotEqual => (alone, outside),
        Comparison::Less => (min >= value, max < value),
        Comparison::LessOrEqual => (min > value, max <= value),
        Comparison::Greater => (max <= value, min > value),
        Comparison::GreaterOrEqual => (max < value, min >= value),
    };
    match (never, always && known.nulls == Nulls::None) {
        (true, _) => Outcome::Never,
        (_, true) => Outcome::Always,
        _ => Outcome::Sometimes,
    }
}

/// The rows of a row group of `rows` rows on which `conditions` may all be true, by the facts of
/// single columns' pages; `None` when pages exclude nothing.
///
/// `pages` gives the pages of a column, in order, if anything is known of them.
pub(crate) fn select_rows(
    conditions: &[Condition],
    rows: usize,
    pages: &dyn Fn(ColumnId) -> Option<Vec<Page>>,
) -> Option<RowSelection> {
    let selections = conditions
        .iter()
        .filter_map(|condition| selection(condition, rows, pages));
    selections
        .reduce(|left, right| left.intersection(&right))
        .filter(|selection| selection.row_count() < rows)
}

fn selection(
    condition: &Condition,
    rows: usize,
    pages: &dyn Fn(ColumnId) -> Option<Vec<Page>>,
) -> Option<RowSelection> {
    match &condition.meaning {
        Meaning::All(parts) => select_rows(parts, rows, pages),
        Meaning::Any(parts) => {
            let selections: Option<Vec<_>> = parts
                .iter()
                .map(|part| selection(part, rows, pages))
                .collect();
            selections?
                .into_iter()
                .reduce(|left, right| left.union(&right))
        }
        Meaning::Test(column, test) => {
            let pages = pages(*column)?;
            let ends = pages
                .iter()
                .skip(1)
                .map(|page| page.first_row)
                .chain([rows]);
            let possible = pages.iter().zip(ends).filter(|(page, _)| {
                outcome(*column, test, &OneColumn(&page.facts)) != Outcome::Never
            });
            let ranges = possible.map(|(page, end)| page.first_row..end);
            Some(RowSelection::from_consecutive_ranges(ranges, rows))
        }
        Meaning::Constant(_) | Meaning::Opaque => None,
    }
}

/// Facts of the one column that a test is about.
struct OneColumn<'a>(&'a ColumnFacts);

impl Facts for OneColumn<'_> {
    fn column(&self, _column: ColumnId) -> ColumnFacts {
        self.0.clone()
    }

    fn may_contain(&self, _column: ColumnId, _value: &Value) -> bool {
        true
    }

    fn may_have_key(&self, _column: ColumnId, _key: &str) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
