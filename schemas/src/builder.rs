//! Builds batches span by span.

mod column_builders;
mod nested;
mod owner;
mod rows;

use arrow_array::ArrayRef;

use crate::columns::{
    self, ColumnId, promoted_span_attributes, span_attribute_column, span_columns,
};
use crate::{AttributeRef, SpanBatch, typed_json};

use column_builders::{AttributeBuilder, IdBuilder, KeywordBuilder, NumberBuilder, TextBuilder};
use nested::{EventsBuilder, LinksBuilder};
use owner::Owners;
pub use rows::{EventRow, LinkRow, ResourceRow, ScopeRow, SpanRow};

/// Builds a [`SpanBatch`] from spans whose resource and scope were set before them.
///
/// ```
/// use schemas::{AttributeRef, ResourceRow, ScopeRow, SpanBatchBuilder, SpanId, SpanRow, TraceId};
///
/// let mut builder = SpanBatchBuilder::default();
/// builder.set_resource(&ResourceRow {
///     attributes: &[("service.name", AttributeRef::String("checkout"))],
///     ..ResourceRow::default()
/// });
/// builder.set_scope(&ScopeRow::default());
/// builder.push(&SpanRow { name: "GET /cart", ..SpanRow::new(TraceId([1; 16]), SpanId([2; 8])) });
/// assert_eq!(builder.finish().rows(), 1);
/// ```
#[derive(Debug)]
pub struct SpanBatchBuilder {
    rows: usize,
    owners: Owners,
    trace_id: IdBuilder<16>,
    span_id: IdBuilder<8>,
    parent_span_id: IdBuilder<8>,
    call_path: TextBuilder,
    start: NumberBuilder<i64>,
    duration: NumberBuilder<i64>,
    name: KeywordBuilder,
    kind: NumberBuilder<i8>,
    status_code: NumberBuilder<i8>,
    status_message: KeywordBuilder,
    trace_state: KeywordBuilder,
    flags: NumberBuilder<i64>,
    dropped_attributes: NumberBuilder<i64>,
    dropped_events: NumberBuilder<i64>,
    dropped_links: NumberBuilder<i64>,
    events: EventsBuilder,
    links: LinksBuilder,
    promoted: Vec<AttributeBuilder>,
    rest: TextBuilder,
    rest_text: String,
}

impl Default for SpanBatchBuilder {
    fn default() -> Self {
        let promoted = promoted_span_attributes()
            .map(|(_, id)| AttributeBuilder::new(id.column().column_type));
        Self {
            rows: 0,
            owners: Owners::default(),
            trace_id: IdBuilder::default(),
            span_id: IdBuilder::default(),
            parent_span_id: IdBuilder::default(),
            call_path: TextBuilder::default(),
            start: NumberBuilder::default(),
            duration: NumberBuilder::default(),
            name: KeywordBuilder::default(),
            kind: NumberBuilder::default(),
            status_code: NumberBuilder::default(),
            status_message: KeywordBuilder::default(),
            trace_state: KeywordBuilder::default(),
            flags: NumberBuilder::default(),
            dropped_attributes: NumberBuilder::default(),
            dropped_events: NumberBuilder::default(),
            dropped_links: NumberBuilder::default(),
            events: EventsBuilder::default(),
            links: LinksBuilder::default(),
            promoted: promoted.collect(),
            rest: TextBuilder::default(),
            rest_text: String::new(),
        }
    }
}

impl SpanBatchBuilder {
    /// The number of spans so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Sets the resource of the spans that follow.
    pub fn set_resource(&mut self, resource: &ResourceRow<'_>) {
        self.owners.set_resource(resource);
    }

    /// Sets the scope of the spans that follow.
    pub fn set_scope(&mut self, scope: &ScopeRow<'_>) {
        self.owners.set_scope(scope);
    }

    /// Appends a span of the current resource and scope.
    pub fn push(&mut self, span: &SpanRow<'_>) {
        let row = self.rows;
        self.rows += 1;
        self.owners.push();
        self.trace_id.append(row, &span.trace_id.0);
        self.span_id.append(row, &span.span_id.0);
        if let Some(parent) = span.parent_span_id {
            self.parent_span_id.append(row, &parent.0);
        }
        if let Some(path) = span.call_path {
            self.call_path.append(row, path);
        }
        self.start.append(row, span.start.0);
        self.duration.append(row, span.duration_nano);
        self.name.append(row, span.name);
        self.kind.append(row, span.kind.number());
        self.status_code.append(row, span.status_code.number());
        append_text(&mut self.status_message, row, span.status_message);
        append_text(&mut self.trace_state, row, span.trace_state);
        append_count(&mut self.flags, row, span.flags);
        append_count(
            &mut self.dropped_attributes,
            row,
            span.dropped_attributes_count,
        );
        append_count(&mut self.dropped_events, row, span.dropped_events_count);
        append_count(&mut self.dropped_links, row, span.dropped_links_count);
        self.events.append(row, span.events);
        self.links.append(row, span.links);
        self.push_attributes(row, span.attributes);
    }

    fn push_attributes(&mut self, row: usize, attributes: &[(&str, AttributeRef<'_>)]) {
        let first_promoted = first_promoted_column();
        self.rest_text.clear();
        for &(key, value) in attributes {
            let promoted = span_attribute_column(key)
                .is_some_and(|id| self.promoted[id.0 - first_promoted].try_append(row, value));
            if !promoted {
                write_rest(&mut self.rest_text, key, value);
            }
        }
        if !self.rest_text.is_empty() {
            self.rest_text.push('}');
            self.rest.append(row, &self.rest_text);
        }
    }

    /// Ends the batch.
    pub fn finish(self) -> SpanBatch {
        let rows = self.rows;
        let mut arrays: Vec<Option<ArrayRef>> = vec![None; span_columns().len()];
        let mut set = |id: ColumnId, array: Option<ArrayRef>| arrays[id.0] = array;
        set(columns::TRACE_ID, self.trace_id.finish(rows));
        set(columns::SPAN_ID, self.span_id.finish(rows));
        set(columns::PARENT_SPAN_ID, self.parent_span_id.finish(rows));
        set(columns::CALL_PATH, self.call_path.finish(rows));
        set(columns::START_TIME_UNIX_NANO, self.start.finish(rows));
        set(columns::DURATION_NANO, self.duration.finish(rows));
        set(columns::NAME, self.name.finish(rows));
        set(columns::KIND, self.kind.finish(rows));
        set(columns::STATUS_CODE, self.status_code.finish(rows));
        set(columns::STATUS_MESSAGE, self.status_message.finish(rows));
        set(columns::TRACE_STATE, self.trace_state.finish(rows));
        set(columns::FLAGS, self.flags.finish(rows));
        set(
            columns::DROPPED_ATTRIBUTES_COUNT,
            self.dropped_attributes.finish(rows),
        );
        set(
            columns::DROPPED_EVENTS_COUNT,
            self.dropped_events.finish(rows),
        );
        set(
            columns::DROPPED_LINKS_COUNT,
            self.dropped_links.finish(rows),
        );
        set(columns::EVENTS, self.events.finish(rows));
        set(columns::LINKS, self.links.finish(rows));
        set(columns::SPAN_ATTRIBUTES, self.rest.finish(rows));
        for ((_, id), builder) in promoted_span_attributes().zip(self.promoted) {
            set(id, builder.finish(rows));
        }
        for (id, array) in self.owners.finish() {
            set(id, Some(array));
        }
        SpanBatch::from_columns(rows, arrays)
    }
}

fn first_promoted_column() -> usize {
    columns::SPAN_ATTRIBUTES.0 + 1
}

/// Text columns hold no value where proto3 would not send one.
fn append_text(column: &mut KeywordBuilder, row: usize, text: &str) {
    if !text.is_empty() {
        column.append(row, text);
    }
}

fn append_count(column: &mut NumberBuilder<i64>, row: usize, count: u32) {
    if count != 0 {
        column.append(row, i64::from(count));
    }
}

/// Adds an entry to the text of the attributes without a column; the closing brace comes last.
fn write_rest(text: &mut String, key: &str, value: AttributeRef<'_>) {
    let is_first = text.is_empty();
    if is_first {
        text.push('{');
    }
    typed_json::write_key(text, is_first, key);
    typed_json::write_value_ref(text, value);
}

/// A set of attributes as the text of a typed-JSON object; none for no attributes.
fn attributes_text<'a>(
    text: &'a mut String,
    attributes: &[(&str, AttributeRef<'_>)],
) -> Option<&'a str> {
    if attributes.is_empty() {
        return None;
    }
    text.clear();
    for &(key, value) in attributes {
        write_rest(text, key, value);
    }
    text.push('}');
    Some(text)
}

#[cfg(test)]
mod tests;
