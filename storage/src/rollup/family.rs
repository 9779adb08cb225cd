//! What rows a file holds, as far as it matters to how files are merged.

use schemas::ColumnId;
use schemas::rollups::{IS_FRESH, IS_TOTAL, ROLLUP_STEPS, STEP_SECONDS};

use super::RollupTable;
use super::copying::can_be_copied;
use super::file::{RollupFile, RollupFooter};
use super::plan::RowGroupFacts;
use crate::scan::{Facts, Nulls, Value};
use crate::table::FigureBounds;

/// The rows of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    /// Some may be fresh, and lack those of longer steps.
    Fresh,
    /// All are fresh, and can be copied as those of the shortest step that they are.
    FreshToCopy,
    /// None is fresh or of the longest step, and all can be copied: few are equal.
    ToCopy,
    /// None is fresh, and equal ones are summed up.
    ToSum,
}

const SHORTEST_STEP: i64 = ROLLUP_STEPS[0];
/// What [`Family::ToCopy`] has no rows of.
pub(super) const LONGEST_STEP: i64 = ROLLUP_STEPS[ROLLUP_STEPS.len() - 1];

impl Family {
    /// By what the log says of a file: none where it does not say enough. That the file can be copied
    /// is for its footer to say.
    pub(super) fn by_log(file: &RollupFile) -> Option<Self> {
        let FigureBounds { steps, fresh } = file.added.figures?;
        Some(match fresh {
            (true, true) if file.table == RollupTable::Red => Self::FreshToCopy,
            (_, true) => Self::Fresh,
            (_, false) if steps.1 < LONGEST_STEP => Self::ToCopy,
            (_, false) => Self::ToSum,
        })
    }

    /// What is done with files of it that cannot be copied after all.
    pub(super) fn if_not_copied(self) -> Self {
        match self {
            Self::Fresh | Self::FreshToCopy | Self::ToCopy => Self::Fresh,
            Self::ToSum => Self::ToSum,
        }
    }

    /// By the footer of a file.
    pub(super) fn of(file: &RollupFile, footer: &RollupFooter) -> Self {
        let facts = |name| FactsOfColumn::of(file, footer, name);
        let is_fresh = facts(IS_FRESH);
        let can_be_copied = can_be_copied(file, footer);
        if is_fresh.may_be(&Value::Bool(true)) {
            let is_pure = is_fresh.are_all(&Value::Bool(true))
                && facts(STEP_SECONDS).are_all(&Value::Int(SHORTEST_STEP))
                && facts(IS_TOTAL).are_all(&Value::Bool(false));
            return match can_be_copied && is_pure {
                true => Self::FreshToCopy,
                false => Self::Fresh,
            };
        }
        match can_be_copied && !facts(STEP_SECONDS).may_be(&Value::Int(LONGEST_STEP)) {
            true => Self::ToCopy,
            false => Self::ToSum,
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
