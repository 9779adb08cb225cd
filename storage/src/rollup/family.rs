//! What rows a file holds, as far as it matters to how files are merged.

use schemas::ColumnId;
use schemas::rollups::{IS_FRESH, ROLLUP_STEPS, STEP_SECONDS};

use super::file::{RollupFile, RollupFooter};
use super::plan::RowGroupFacts;
use crate::scan::{Facts, Nulls, Value};
use crate::table::FigureBounds;

/// The rows of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    /// Of several steps, or some fresh and some not; or it is not known. Files of other programs alone.
    Mixed,
    /// All are fresh, and of a step of so many seconds.
    Fresh(i64),
    /// None is fresh, and all are of a step.
    Settled(i64),
}

impl Family {
    /// By what the log says of a file: none where it does not say.
    pub(super) fn by_log(file: &RollupFile) -> Option<Self> {
        let FigureBounds { steps, fresh } = file.added.figures?;
        Some(match (steps, fresh) {
            ((least, greatest), _) if least != greatest => Self::Mixed,
            ((step, _), (true, true)) => Self::Fresh(step),
            ((step, _), (false, false)) => Self::Settled(step),
            _ => Self::Mixed,
        })
    }

    /// By the footer of a file.
    pub(super) fn of(file: &RollupFile, footer: &RollupFooter) -> Self {
        let facts = |name| FactsOfColumn::of(file, footer, name);
        let steps = facts(STEP_SECONDS);
        let is_all = |step: &i64| steps.are_all(&Value::Int(*step));
        let Some(step) = ROLLUP_STEPS.into_iter().find(is_all) else {
            return Self::Mixed;
        };
        let is_fresh = facts(IS_FRESH);
        let are_all_fresh = is_fresh.are_all(&Value::Bool(true));
        match (are_all_fresh, is_fresh.may_be(&Value::Bool(true))) {
            (true, _) => Self::Fresh(step),
            (_, false) => Self::Settled(step),
            _ => Self::Mixed,
        }
    }
}

/// What is known of a column in all row groups.
struct FactsOfColumn<'a> {
    footer: &'a RollupFooter,
    /// None where the table has no such column.
    column: Option<ColumnId>,
}

impl<'a> FactsOfColumn<'a> {
    fn of(file: &RollupFile, footer: &'a RollupFooter, name: &str) -> Self {
        let column = (file.table.definition().schema)().column_with_name(name);
        let column = column.map(|(column, _)| ColumnId(column));
        Self { footer, column }
    }

    fn are_all(&self, value: &Value) -> bool {
        self.column.is_some_and(|column| {
            self.row_groups().all(|group| {
                let known = group.column(column);
                let bounds = known.bounds.as_ref();
                known.nulls == Nulls::None
                    && bounds.is_some_and(|(least, most)| least == value && most == value)
            })
        })
    }

    fn may_be(&self, value: &Value) -> bool {
        self.column.is_some_and(|column| {
            self.row_groups().any(|group| {
                let known = group.column(column);
                let bounds = known.bounds.as_ref();
                known.nulls != Nulls::All
                    && bounds.is_none_or(|(least, most)| (least..=most).contains(&value))
            })
        })
    }

    fn row_groups(&self) -> impl Iterator<Item = RowGroupFacts<'a>> + use<'a> {
        let footer = self.footer;
        (0..footer.row_groups().len()).map(move |row_group| RowGroupFacts { footer, row_group })
    }
}
