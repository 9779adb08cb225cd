//! Reads rows of a batch back as spans.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, StructArray};

use crate::columns::{
    self, ColumnId, ColumnType, promoted_resource_attributes, promoted_span_attributes,
};
use crate::typed_json::{TypedJsonError, parse_attributes};
use crate::{
    AttributeValue, Attributes, Event, Link, Resource, Scope, Span, SpanBatch, SpanId, SpanKind,
    Status, StatusCode, TraceId, UnixNanos,
};

/// Reads the spans of one batch.
#[derive(Clone, Copy, Debug)]
pub struct SpanReader<'a> {
    batch: &'a SpanBatch,
}

impl<'a> SpanReader<'a> {
    /// A reader of `batch`.
    pub fn new(batch: &'a SpanBatch) -> Self {
        Self { batch }
    }

    /// All spans, in row order.
    ///
    /// # Errors
    /// As [`Self::span`].
    pub fn spans(self) -> Result<Vec<Span>, TypedJsonError> {
        (0..self.batch.rows()).map(|row| self.span(row)).collect()
    }

    /// One span with everything that its row says. Attributes come in column order, those without
    /// a column last.
    ///
    /// # Errors
    /// [`TypedJsonError`] when an attribute text was not written by spanhouse.
    pub fn span(self, row: usize) -> Result<Span, TypedJsonError> {
        let status = Status {
            code: StatusCode::from_number(self.int8(columns::STATUS_CODE, row)),
            message: self
                .text(columns::STATUS_MESSAGE, row)
                .unwrap_or_default()
                .to_owned(),
        };
        Ok(Span {
            trace_id: self
                .bytes(columns::TRACE_ID, row)
                .map_or(TraceId([0; 16]), TraceId),
            span_id: self
                .bytes(columns::SPAN_ID, row)
                .map_or(SpanId([0; 8]), SpanId),
            parent_span_id: self.bytes(columns::PARENT_SPAN_ID, row).map(SpanId),
            call_path: self.text(columns::CALL_PATH, row).map(str::to_owned),
            start: UnixNanos(self.int64(columns::START_TIME_UNIX_NANO, row)),
            duration_nano: self.int64(columns::DURATION_NANO, row),
            name: self.text(columns::NAME, row).unwrap_or_default().to_owned(),
            kind: SpanKind::from_number(self.int8(columns::KIND, row)),
            status,
            trace_state: self
                .text(columns::TRACE_STATE, row)
                .unwrap_or_default()
                .to_owned(),
            flags: self.count(columns::FLAGS, row),
            attributes: self.attributes(
                promoted_span_attributes(),
                columns::SPAN_ATTRIBUTES,
                row,
            )?,
            dropped_attributes_count: self.count(columns::DROPPED_ATTRIBUTES_COUNT, row),
            events: self
                .list(columns::EVENTS, row)
                .map_or(Ok(Vec::new()), |list| read_events(&list))?,
            dropped_events_count: self.count(columns::DROPPED_EVENTS_COUNT, row),
            links: self
                .list(columns::LINKS, row)
                .map_or(Ok(Vec::new()), |list| read_links(&list))?,
            dropped_links_count: self.count(columns::DROPPED_LINKS_COUNT, row),
            resource: self.resource(row)?,
            scope: self.scope(row)?,
        })
    }

    fn resource(self, row: usize) -> Result<Resource, TypedJsonError> {
        Ok(Resource {
            attributes: self.attributes(
                promoted_resource_attributes(),
                columns::RESOURCE_ATTRIBUTES,
                row,
            )?,
            dropped_attributes_count: self.count(columns::RESOURCE_DROPPED_ATTRIBUTES_COUNT, row),
            schema_url: self
                .text(columns::RESOURCE_SCHEMA_URL, row)
                .unwrap_or_default()
                .to_owned(),
            entity_refs: self
                .text(columns::RESOURCE_ENTITY_REFS, row)
                .unwrap_or_default()
                .to_owned(),
        })
    }

    fn scope(self, row: usize) -> Result<Scope, TypedJsonError> {
        Ok(Scope {
            name: self
                .text(columns::SCOPE_NAME, row)
                .unwrap_or_default()
                .to_owned(),
            version: self
                .text(columns::SCOPE_VERSION, row)
                .unwrap_or_default()
                .to_owned(),
            attributes: self
                .text(columns::SCOPE_ATTRIBUTES, row)
                .map_or(Ok(Attributes::default()), parse_attributes)?,
            dropped_attributes_count: self.count(columns::SCOPE_DROPPED_ATTRIBUTES_COUNT, row),
            schema_url: self
                .text(columns::SCOPE_SCHEMA_URL, row)
                .unwrap_or_default()
                .to_owned(),
        })
    }

    fn attributes(
        self,
        promoted: impl Iterator<Item = (&'static str, ColumnId)>,
        rest: ColumnId,
        row: usize,
    ) -> Result<Attributes, TypedJsonError> {
        let mut attributes: Vec<(String, AttributeValue)> = promoted
            .filter_map(|(key, id)| {
                let value = self.value(id, row)?;
                Some((key.to_owned(), value))
            })
            .collect();
        if let Some(text) = self.text(rest, row) {
            attributes.extend(parse_attributes(text)?.0);
        }
        Ok(Attributes(attributes))
    }

    fn value(self, id: ColumnId, row: usize) -> Option<AttributeValue> {
        // Most columns have nothing in most rows: nothing more is asked about those.
        self.present(id, row)?;
        match id.column().column_type {
            ColumnType::Keyword | ColumnType::Text => self
                .text(id, row)
                .map(|text| AttributeValue::String(text.to_owned())),
            ColumnType::Int64 => self
                .present(id, row)
                .map(|array| AttributeValue::Int(array.as_primitive::<Int64Type>().value(row))),
            ColumnType::Float64 => self.present(id, row).map(|array| {
                AttributeValue::Double(
                    array
                        .as_primitive::<arrow_array::types::Float64Type>()
                        .value(row),
                )
            }),
            ColumnType::Bool => self
                .present(id, row)
                .map(|array| AttributeValue::Bool(array.as_boolean().value(row))),
            ColumnType::TraceId
            | ColumnType::SpanId
            | ColumnType::Int8
            | ColumnType::Events
            | ColumnType::Links => None,
        }
    }

    fn present(self, id: ColumnId, row: usize) -> Option<&'a ArrayRef> {
        self.batch.column(id).filter(|array| array.is_valid(row))
    }

    /// The text in a keyword or text column; `None` for null.
    pub fn text(self, id: ColumnId, row: usize) -> Option<&'a str> {
        let array = self.present(id, row)?;
        if id.column().column_type == ColumnType::Text {
            return Some(array.as_string::<i32>().value(row));
        }
        let dictionary = array.as_dictionary::<Int32Type>();
        Some(
            dictionary
                .values()
                .as_string::<i32>()
                .value(dictionary.key(row)?),
        )
    }

    /// The number in a 64-bit column; 0 for null.
    pub fn int64(self, id: ColumnId, row: usize) -> i64 {
        self.present(id, row)
            .map_or(0, |array| array.as_primitive::<Int64Type>().value(row))
    }

    fn int8(self, id: ColumnId, row: usize) -> i32 {
        self.present(id, row).map_or(0, |array| {
            i32::from(array.as_primitive::<Int8Type>().value(row))
        })
    }

    fn count(self, id: ColumnId, row: usize) -> u32 {
        u32::try_from(self.int64(id, row)).unwrap_or_default()
    }

    fn bytes<const N: usize>(self, id: ColumnId, row: usize) -> Option<[u8; N]> {
        self.present(id, row)?
            .as_fixed_size_binary()
            .value(row)
            .try_into()
            .ok()
    }

    fn list(self, id: ColumnId, row: usize) -> Option<StructArray> {
        Some(
            self.present(id, row)?
                .as_list::<i32>()
                .value(row)
                .as_struct()
                .clone(),
        )
    }
}

fn read_events(events: &StructArray) -> Result<Vec<Event>, TypedJsonError> {
    let [time, name, attributes, dropped] = fields(events);
    let read = |row: usize| {
        Ok(Event {
            time: UnixNanos(time.as_primitive::<Int64Type>().value(row)),
            name: name.as_string::<i32>().value(row).to_owned(),
            attributes: nested_attributes(attributes, row)?,
            dropped_attributes_count: nested_count(dropped, row),
        })
    };
    (0..events.len()).map(read).collect()
}

fn read_links(links: &StructArray) -> Result<Vec<Link>, TypedJsonError> {
    let [trace_id, span_id, trace_state, attributes, dropped, flags] = fields(links);
    let read = |row: usize| {
        let state = trace_state.as_string::<i32>();
        Ok(Link {
            trace_id: TraceId(
                trace_id
                    .as_fixed_size_binary()
                    .value(row)
                    .try_into()
                    .unwrap_or_default(),
            ),
            span_id: SpanId(
                span_id
                    .as_fixed_size_binary()
                    .value(row)
                    .try_into()
                    .unwrap_or_default(),
            ),
            trace_state: if state.is_valid(row) {
                state.value(row).to_owned()
            } else {
                String::new()
            },
            attributes: nested_attributes(attributes, row)?,
            dropped_attributes_count: nested_count(dropped, row),
            flags: nested_count(flags, row),
        })
    };
    (0..links.len()).map(read).collect()
}

fn fields<const N: usize>(list: &StructArray) -> [&ArrayRef; N] {
    std::array::from_fn(|index| list.column(index))
}

fn nested_attributes(attributes: &ArrayRef, row: usize) -> Result<Attributes, TypedJsonError> {
    if attributes.is_null(row) {
        return Ok(Attributes::default());
    }
    parse_attributes(attributes.as_string::<i32>().value(row))
}

fn nested_count(counts: &ArrayRef, row: usize) -> u32 {
    if counts.is_null(row) {
        return 0;
    }
    u32::try_from(counts.as_primitive::<Int64Type>().value(row)).unwrap_or_default()
}
