//! Measures the memory that answers hold.

use std::collections::HashSet;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;

/// Measures batches of one answer: slices as themselves, not as what they were cut from, and
/// dictionaries that several batches share once.
#[derive(Debug, Default)]
pub(super) struct Measure {
    /// Where the values of the dictionaries seen so far lie.
    dictionaries: HashSet<usize>,
}

impl Measure {
    /// The bytes that this batch adds.
    pub(super) fn new_bytes(&mut self, batch: &RecordBatch) -> usize {
        batch
            .columns()
            .iter()
            .map(|column| self.bytes_of(column))
            .sum()
    }

    fn bytes_of(&mut self, array: &ArrayRef) -> usize {
        if array.null_count() == array.len() {
            return 0;
        }
        if let Some(dictionary) = array.as_any_dictionary_opt() {
            let keys = size_of::<i32>() * array.len();
            return keys + self.bytes_of_values(dictionary.values());
        }
        match array.data_type() {
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let bounds = list.offsets().first().zip(list.offsets().last());
                let (first, last) = bounds.map_or((0, 0), |(first, last)| (*first, *last));
                let [first, last] =
                    [first, last].map(|offset| usize::try_from(offset).unwrap_or(0));
                size_of::<i32>() * array.len()
                    + self.bytes_of(&list.values().slice(first, last - first))
            }
            DataType::Struct(_) => array
                .as_struct()
                .columns()
                .iter()
                .map(|field| self.bytes_of(field))
                .sum(),
            _ => slice_bytes(array),
        }
    }

    fn bytes_of_values(&mut self, values: &ArrayRef) -> usize {
        let data = values.to_data();
        let place = data.buffers().last().map(|buffer| buffer.as_ptr().addr());
        let is_new = place.is_none_or(|place| self.dictionaries.insert(place));
        if is_new { slice_bytes(values) } else { 0 }
    }
}

fn slice_bytes(array: &ArrayRef) -> usize {
    array
        .to_data()
        .get_slice_memory_size()
        .unwrap_or_else(|_| array.get_array_memory_size())
}

#[cfg(test)]
mod tests {
    use schemas::{AttributeRef, EventRow, SpanRow};

    use super::*;
    use crate::fixtures::{batch_of, span};

    #[test]
    fn slices_count_as_themselves_and_dictionaries_once() {
        let long = "x".repeat(10_000);
        let attributes = [("note", AttributeRef::String(&long))];
        let events = [EventRow {
            attributes: &attributes,
            ..EventRow::default()
        }];
        let spans: Vec<_> = (0..50)
            .map(|id| SpanRow {
                events: &events,
                name: &long,
                ..span(id, None, 0)
            })
            .collect();
        let batch = batch_of("s", &spans).to_record_batch(None);
        let whole = Measure::default().new_bytes(&batch);
        assert!((500_000..560_000).contains(&whole), "{whole}");
        let mut measure = Measure::default();
        let slices: Vec<usize> = (0..50)
            .map(|row| measure.new_bytes(&batch.slice(row, 1)))
            .collect();
        assert!(slices[0] > 20_000 && slices[1] < 11_000, "{slices:?}");
        assert!(slices.iter().sum::<usize>() < whole + 10_000, "{slices:?}");
    }
}
