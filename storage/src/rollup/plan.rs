//! Which rows of a table of figures must be read for a question.
//!
//! Pure functions from what is known of files to a plan, with the pruning of the table of spans.

use std::sync::Arc;

use parquet::arrow::arrow_reader::RowSelection;
use schemas::ColumnId;
use schemas::rollups::{BUCKET_START, IS_FRESH, STEP_SECONDS};

use super::file::{RollupFile, RollupFooter};
use crate::scan::{
    ColumnFacts, Condition, Facts, Nulls, Page, Value, facts_of_leaf, pages_of_leaf, prune,
    select_rows,
};

/// A row group that may hold wanted rows.
#[derive(Clone, Debug)]
pub(super) struct WantedRows {
    pub(super) file: Arc<RollupFile>,
    pub(super) footer: Arc<RollupFooter>,
    pub(super) row_group: usize,
    /// How many rows to look at.
    pub(super) rows: usize,
    /// The rows to look at; all for `None`.
    pub(super) selection: Option<RowSelection>,
    /// What the rows must be tested for.
    pub(super) conditions: Vec<Condition>,
}

/// Whether, by its log entry, a file may hold wanted rows.
pub(super) fn may_hold_rows(file: &RollupFile, conditions: &[Condition]) -> bool {
    prune(conditions, &LogFacts(file)).is_some()
}

/// The row groups of a file that must be looked at.
pub(super) fn wanted_rows(
    file: &Arc<RollupFile>,
    footer: &Arc<RollupFooter>,
    conditions: &[Condition],
) -> Vec<WantedRows> {
    let numbers = 0..footer.row_groups().len();
    let wanted = numbers.filter_map(|row_group| {
        let facts = RowGroupFacts { footer, row_group };
        let conditions = prune(conditions, &facts)?;
        let all = usize::try_from(footer.row_groups()[row_group].num_rows()).unwrap_or(0);
        let selection = select_rows(&conditions, all, &|column| facts.pages(column));
        let rows = selection.as_ref().map_or(all, RowSelection::row_count);
        (rows > 0).then(|| WantedRows {
            file: Arc::clone(file),
            footer: Arc::clone(footer),
            row_group,
            rows,
            selection,
            conditions,
        })
    });
    wanted.collect()
}

/// Deals rows out to at most `count` parts of about one size, each of a time of its own: what is
/// added up from one bucket comes mostly from one part.
pub(super) fn deal(mut wanted: Vec<WantedRows>, count: usize) -> Vec<Vec<WantedRows>> {
    wanted.sort_by_key(|rows| rows.file.added.min_start_nanos);
    let count = count.min(wanted.len()).max(1);
    let all: usize = wanted.iter().map(|rows| rows.rows).sum();
    let mut parts = vec![Vec::new(); count];
    let mut before = 0;
    for rows in wanted {
        let middle = before + rows.rows / 2;
        before += rows.rows;
        parts[(middle * count / all.max(1)).min(count - 1)].push(rows);
    }
    parts
}

/// What the table's log says of a file.
struct LogFacts<'a>(&'a RollupFile);

impl Facts for LogFacts<'_> {
    fn column(&self, column: ColumnId) -> ColumnFacts {
        let schema = (self.0.table.definition().schema)();
        let added = &self.0.added;
        let both = |(least, greatest)| (Value::Int(least), Value::Int(greatest));
        let bounds = match schema.field(column.0).name().as_str() {
            // Unknown bounds are the widest.
            BUCKET_START => Some(both((added.min_start_nanos, added.max_start_nanos))),
            STEP_SECONDS => added.figures.map(|figures| both(figures.steps)),
            IS_FRESH => added.figures.map(|figures| {
                let (least, greatest) = figures.fresh;
                (Value::Bool(least), Value::Bool(greatest))
            }),
            _ => None,
        };
        bounds.map_or(ColumnFacts::UNKNOWN, |bounds| ColumnFacts {
            nulls: Nulls::None,
            bounds: Some(bounds),
        })
    }

    fn may_contain(&self, _column: ColumnId, _value: &Value) -> bool {
        true
    }

    fn may_have_key(&self, _column: ColumnId, _key: &str) -> bool {
        true
    }
}

/// What a file's footer says of a row group.
pub(super) struct RowGroupFacts<'a> {
    pub(super) footer: &'a RollupFooter,
    pub(super) row_group: usize,
}

impl RowGroupFacts<'_> {
    fn pages(&self, column: ColumnId) -> Option<Vec<Page>> {
        let leaf = self.footer.leaves[column.0]?;
        pages_of_leaf(self.footer.reader.metadata(), self.row_group, leaf)
    }
}

impl Facts for RowGroupFacts<'_> {
    fn column(&self, column: ColumnId) -> ColumnFacts {
        if self.footer.roots[column.0].is_none() {
            return ColumnFacts::ALL_NULL;
        }
        let leaf = self.footer.leaves[column.0];
        leaf.map_or(ColumnFacts::UNKNOWN, |leaf| {
            facts_of_leaf(&self.footer.row_groups()[self.row_group], leaf)
        })
    }

    fn may_contain(&self, _column: ColumnId, _value: &Value) -> bool {
        true
    }

    fn may_have_key(&self, _column: ColumnId, _key: &str) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollup::RollupTable;
    use crate::rollup::file::tests::{empty_footer, rollup_file};
    use crate::table::{AddedFile, PartitionDate};

    fn rows(start: i64, rows: usize) -> WantedRows {
        let added = AddedFile {
            path: String::new(),
            size: 0,
            modification_time_ms: 0,
            date: Some(PartitionDate(0)),
            rows: None,
            min_start_nanos: start,
            max_start_nanos: start,
            figures: None,
        };
        WantedRows {
            file: rollup_file(RollupTable::Red, added),
            footer: empty_footer(RollupTable::Red),
            row_group: 0,
            rows,
            selection: None,
            conditions: Vec::new(),
        }
    }

    #[track_caller]
    fn check(wanted: &[(i64, usize)], count: usize, expect: &[&[i64]]) {
        let wanted = wanted.iter().map(|(start, count)| rows(*start, *count));
        let parts = deal(wanted.collect(), count);
        let starts = |part: &Vec<WantedRows>| {
            let starts = part.iter().map(|rows| rows.file.added.min_start_nanos);
            starts.collect::<Vec<_>>()
        };
        let parts: Vec<_> = parts.iter().map(starts).collect();
        assert_eq!(parts, expect);
    }

    #[test]
    fn parts_are_of_one_size_and_each_of_a_time_of_its_own() {
        check(&[], 2, &[&[]]);
        check(&[(5, 1)], 2, &[&[5]]);
        check(
            &[(3, 10), (1, 10), (2, 10), (4, 10)],
            2,
            &[&[1, 2], &[3, 4]],
        );
        check(&[(1, 100), (2, 10), (3, 10)], 2, &[&[1], &[2, 3]]);
        check(&[(1, 10), (2, 10), (3, 100)], 2, &[&[1, 2], &[3]]);
    }
}
