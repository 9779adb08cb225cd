//! Events and links: lists of structures.

use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::Fields;

use super::column_builders::{IdBuilder, NumberBuilder, TextBuilder};
use super::{EventRow, LinkRow, append_count, attributes_text};
use crate::columns::{event_fields, link_fields, list_item};

/// Where each row's list ends; rows without a list are null.
#[derive(Debug, Default)]
struct Lists {
    ends: Vec<i32>,
    /// Which rows have a list, in order: rows are few, so their numbers are kept.
    rows_with_list: Vec<usize>,
}

impl Lists {
    fn append(&mut self, row: usize, end: usize) {
        let previous = self.ends.last().copied().unwrap_or(0);
        self.ends.resize(row, previous);
        self.ends
            .push(i32::try_from(end).expect("a batch holds fewer than 2^31 events"));
        self.rows_with_list.push(row);
    }

    fn finish(mut self, rows: usize, fields: Fields, values: Vec<ArrayRef>) -> ArrayRef {
        let last = self.ends.last().copied().unwrap_or(0);
        self.ends.resize(rows, last);
        self.ends.insert(0, 0);
        let mut nulls = NullBufferBuilder::new(rows);
        let mut next = 0;
        for row in self.rows_with_list {
            nulls.append_n_nulls(row - next);
            nulls.append_non_null();
            next = row + 1;
        }
        nulls.append_n_nulls(rows - next);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.ends));
        let elements = StructArray::new(fields.clone(), values, None);
        Arc::new(ListArray::new(
            list_item(fields),
            offsets,
            Arc::new(elements),
            nulls.finish(),
        ))
    }
}

/// The column of events.
#[derive(Debug, Default)]
pub(super) struct EventsBuilder {
    lists: Lists,
    count: usize,
    time: NumberBuilder<i64>,
    name: TextBuilder,
    attributes: TextBuilder,
    dropped: NumberBuilder<i64>,
    text: String,
}

impl EventsBuilder {
    pub(super) fn append(&mut self, row: usize, events: &[EventRow<'_>]) {
        if events.is_empty() {
            return;
        }
        for event in events {
            self.time.append(self.count, event.time.0);
            self.name.append(self.count, event.name);
            if let Some(text) = attributes_text(&mut self.text, event.attributes) {
                self.attributes.append(self.count, text);
            }
            append_count(
                &mut self.dropped,
                self.count,
                event.dropped_attributes_count,
            );
            self.count += 1;
        }
        self.lists.append(row, self.count);
    }

    pub(super) fn finish(mut self, rows: usize) -> Option<ArrayRef> {
        let count = self.count;
        if count == 0 {
            return None;
        }
        let values: Vec<ArrayRef> = vec![
            Arc::new(self.time.finish_dense(count)),
            Arc::new(self.name.finish_dense(count)),
            Arc::new(self.attributes.finish_dense(count)),
            Arc::new(self.dropped.finish_dense(count)),
        ];
        Some(self.lists.finish(rows, event_fields(), values))
    }
}

/// The column of links.
#[derive(Debug, Default)]
pub(super) struct LinksBuilder {
    lists: Lists,
    count: usize,
    trace_id: IdBuilder<16>,
    span_id: IdBuilder<8>,
    trace_state: TextBuilder,
    attributes: TextBuilder,
    dropped: NumberBuilder<i64>,
    flags: NumberBuilder<i64>,
    text: String,
}

impl LinksBuilder {
    pub(super) fn append(&mut self, row: usize, links: &[LinkRow<'_>]) {
        if links.is_empty() {
            return;
        }
        for link in links {
            self.trace_id.append(self.count, &link.trace_id.0);
            self.span_id.append(self.count, &link.span_id.0);
            if !link.trace_state.is_empty() {
                self.trace_state.append(self.count, link.trace_state);
            }
            if let Some(text) = attributes_text(&mut self.text, link.attributes) {
                self.attributes.append(self.count, text);
            }
            append_count(&mut self.dropped, self.count, link.dropped_attributes_count);
            append_count(&mut self.flags, self.count, link.flags);
            self.count += 1;
        }
        self.lists.append(row, self.count);
    }

    pub(super) fn finish(mut self, rows: usize) -> Option<ArrayRef> {
        let count = self.count;
        if count == 0 {
            return None;
        }
        let values: Vec<ArrayRef> = vec![
            Arc::new(self.trace_id.finish_dense(count)),
            Arc::new(self.span_id.finish_dense(count)),
            Arc::new(self.trace_state.finish_dense(count)),
            Arc::new(self.attributes.finish_dense(count)),
            Arc::new(self.dropped.finish_dense(count)),
            Arc::new(self.flags.finish_dense(count)),
        ];
        Some(self.lists.finish(rows, link_fields(), values))
    }
}
