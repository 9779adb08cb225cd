//! Finds the distinct resources and scopes of a trace without reading them once per span.

use std::collections::HashMap;
use std::fmt::Debug;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use schemas::columns::ColumnId;
use schemas::typed_json::TypedJsonError;
use schemas::{Span, SpanBatch};

use super::rows::{RowId, SpanRows};

/// The distinct owners of one kind (resources or scopes) met so far.
pub(super) struct Owners<'a, T> {
    rows: &'a SpanRows,
    /// The columns of this kind of owner that each batch has.
    columns: Vec<Vec<&'a ArrayRef>>,
    /// Owners by their batch and their values' codes in it.
    by_codes: HashMap<(u32, Vec<u64>), usize>,
    /// Owners by their content: different batches, and different codes, may hold equal ones.
    by_content: HashMap<String, usize>,
    distinct: Vec<T>,
}

impl<'a, T: Debug> Owners<'a, T> {
    pub(super) fn new(rows: &'a SpanRows, columns: impl Iterator<Item = ColumnId>) -> Self {
        let columns: Vec<ColumnId> = columns.collect();
        let present =
            |batch: &'a SpanBatch| columns.iter().filter_map(|id| batch.column(*id)).collect();
        Self {
            columns: rows.batches().iter().map(present).collect(),
            rows,
            by_codes: HashMap::new(),
            by_content: HashMap::new(),
            distinct: Vec::new(),
        }
    }

    /// The position of the row's owner among the distinct ones; `take` takes it from a span.
    pub(super) fn of_row(
        &mut self,
        row: RowId,
        take: impl FnOnce(Span) -> T,
    ) -> Result<usize, TypedJsonError> {
        let mut codes = Vec::with_capacity(2 * self.columns[row.batch as usize].len());
        for column in &self.columns[row.batch as usize] {
            push_codes(&mut codes, column, row.row as usize);
        }
        let key = (row.batch, codes);
        if let Some(position) = self.by_codes.get(&key) {
            return Ok(*position);
        }
        let owner = take(self.rows.whole(row)?);
        let next = self.distinct.len();
        let position = *self.by_content.entry(format!("{owner:?}")).or_insert(next);
        if position == next {
            self.distinct.push(owner);
        }
        self.by_codes.insert(key, position);
        Ok(position)
    }

    pub(super) fn into_distinct(self) -> Vec<T> {
        self.distinct
    }
}

/// The owners in the order in which `positions` first name them; positions are set to the new
/// ones.
pub(super) fn in_order_of_use<'a, T>(
    owners: Vec<T>,
    positions: impl Iterator<Item = &'a mut Option<usize>>,
) -> Vec<T> {
    let mut owners: Vec<Option<T>> = owners.into_iter().map(Some).collect();
    let mut moved = vec![0; owners.len()];
    let mut in_order = Vec::with_capacity(owners.len());
    for position in positions.flatten() {
        if let Some(owner) = owners[*position].take() {
            moved[*position] = in_order.len();
            in_order.push(owner);
        }
        *position = moved[*position];
    }
    in_order
}

/// Adds what tells the row's value from others in the same column: equal codes mean equal values.
fn push_codes(codes: &mut Vec<u64>, column: &ArrayRef, row: usize) {
    if column.is_null(row) {
        codes.push(0);
        return;
    }
    codes.push(1);
    if let Some(dictionary) = column.as_any_dictionary_opt() {
        let keys = dictionary.keys().as_primitive_opt::<Int32Type>();
        codes.push(keys.map_or(u64::MAX, |keys| u64::from(keys.value(row).cast_unsigned())));
    } else if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
        codes.push(numbers.value(row).cast_unsigned());
    } else {
        // No owner's column has another type today; the row itself tells it apart from all.
        codes.push(u64::try_from(row).unwrap_or(u64::MAX));
    }
}
