//! The texts of a batch's rows, by number.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, StringArray};
use schemas::SpanBatch;
use schemas::columns::{ColumnId, span_attribute_column};

use super::super::names::{Name, Names};

/// The columns of some attributes of spans.
pub(super) fn attributes(keys: &[&'static str]) -> impl Iterator<Item = ColumnId> {
    keys.iter().copied().filter_map(span_attribute_column)
}

/// The numbers of the texts of rows; empty where no row has one.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<Option<Name>>);

impl Texts {
    /// Those of some columns, of which the first that has one counts.
    pub(super) fn of(
        batch: &SpanBatch,
        columns: impl IntoIterator<Item = ColumnId>,
        names: &mut Names,
    ) -> Self {
        let mut texts = Self::default();
        texts.add(batch, columns, names, |_| true);
        texts
    }

    /// Adds those of further columns, for rows that are wanted and have none yet.
    pub(super) fn add(
        &mut self,
        batch: &SpanBatch,
        columns: impl IntoIterator<Item = ColumnId>,
        names: &mut Names,
        is_wanted: impl Fn(usize) -> bool,
    ) {
        let columns = columns.into_iter().filter_map(|id| batch.column(id));
        for column in columns.filter(|column| column.null_count() < column.len()) {
            let Some(mut column_texts) = ColumnTexts::of(column) else {
                continue;
            };
            let texts = &mut self.0;
            if texts.is_empty() && column.null_count() == 0 {
                let wanted = (0..column.len()).map(|row| is_wanted(row).then_some(row));
                texts.extend(wanted.map(|row| column_texts.name(row?, names)));
                continue;
            }
            texts.resize(batch.rows(), None);
            let see = |row: usize| {
                if texts[row].is_none() && is_wanted(row) {
                    texts[row] = column_texts.name(row, names);
                }
            };
            match column.nulls() {
                Some(nulls) => nulls.valid_indices().for_each(see),
                None => (0..column.len()).for_each(see),
            }
        }
    }

    /// That of a row, where it has one.
    pub(super) fn name(&self, row: usize) -> Option<Name> {
        self.0.get(row).copied().flatten()
    }
}

/// A column of texts, or of a dictionary of them.
struct ColumnTexts<'a> {
    /// The texts by row, or by key.
    texts: &'a StringArray,
    /// The keys of rows, in a dictionary.
    keys: Option<&'a [i32]>,
    /// The numbers of the dictionary's texts that were met; empty where it is not worth it.
    known: Vec<Option<Name>>,
}

impl<'a> ColumnTexts<'a> {
    /// None for a column of anything else.
    fn of(column: &'a ArrayRef) -> Option<Self> {
        let dictionary = column.as_dictionary_opt::<Int32Type>();
        let texts = dictionary.map_or(column, |dictionary| dictionary.values());
        let texts = texts.as_string_opt::<i32>()?;
        // Small batches may share a large dictionary.
        let is_worth_it = dictionary.is_some() && texts.len() <= 16 * column.len();
        let known = if is_worth_it { texts.len() } else { 0 };
        Some(Self {
            texts,
            keys: dictionary.map(|dictionary| &**dictionary.keys().values()),
            known: vec![None; known],
        })
    }

    /// The number of the text of a row that has one.
    fn name(&mut self, row: usize, names: &mut Names) -> Option<Name> {
        let position = match self.keys {
            Some(keys) => usize::try_from(keys[row]).ok()?,
            None => row,
        };
        let mut text = || names.number(self.texts.value(position));
        match self.known.get_mut(position) {
            Some(known) => Some(*known.get_or_insert_with(text)),
            None => Some(text()),
        }
    }
}
