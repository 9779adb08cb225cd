//! Reads the columns of spans that linking needs.
//!
//! Column by column: one that a batch lacks costs nothing, and the texts of a dictionary are looked
//! at once each.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, DictionaryArray, FixedSizeBinaryArray, Int8Array};
use schemas::columns::{self as span_columns, ColumnId, span_attribute_column};
use schemas::{SpanBatch, SpanId, SpanKind, StatusCode, TraceId, UnixNanos};

use super::columns::{BROKER, CALLER_NAMES, DATABASE, DATABASE_SYSTEM, DESTINATION, PEER_NAMES};
use super::names::{Name, Names};
use super::peer::is_cache;
use super::spans::{LinkedSpan, Peer};
use crate::red::{availability_zone, service_version};

/// Appends the spans of a batch, in the order of its rows.
pub(crate) fn read(batch: &SpanBatch, names: &mut Names, spans: &mut Vec<LinkedSpan>) {
    let first = spans.len();
    read_numbers(batch, spans);
    let mut texts = Texts {
        batch,
        names,
        spans: &mut spans[first..],
    };
    texts.set(&[span_columns::NAME], |span, name| {
        span.operation = name;
    });
    texts.set(&[span_columns::SERVICE_NAME], |span, name| {
        span.service = name;
    });
    texts.set(&[span_columns::CALL_PATH], |span, name| {
        span.call_path = name;
    });
    texts.set(&[span_columns::SERVICE_INSTANCE_ID], |span, name| {
        span.instance = name;
    });
    texts.set(&[service_version()], |span, name| {
        span.version = name;
    });
    texts.set(&[availability_zone()], |span, name| {
        span.zone = name;
    });
    texts.set(&attributes(&PEER_NAMES), |span, name| {
        // Its other names are the server's own, or the address of a visitor's machine.
        if span.kind != SpanKind::Server {
            span.peer.name = name;
        }
    });
    texts.set(&attributes(&CALLER_NAMES), |span, name| {
        if span.kind == SpanKind::Server {
            span.peer.name = name;
        }
    });
    texts.set(&attributes(&DATABASE), |span, name| {
        span.peer.database = name;
    });
    texts.set(&attributes(&DESTINATION), |span, name| {
        span.peer.destination = name;
    });
    texts.set(&attributes(&BROKER), |span, name| {
        span.peer.broker = name;
    });
    texts.set_from_text(&attributes(&DATABASE_SYSTEM), |span, system| {
        span.peer.is_cache = is_cache(system);
    });
}

fn attributes(keys: &[&'static str]) -> Vec<ColumnId> {
    let columns = keys.iter().copied().filter_map(span_attribute_column);
    columns.collect()
}

fn read_numbers(batch: &SpanBatch, spans: &mut Vec<LinkedSpan>) {
    let (Some(trace_ids), Some(starts)) = (batch.trace_ids(), batch.start_times()) else {
        return;
    };
    let span_ids = batch.typed_column(span_columns::SPAN_ID);
    let parents = batch.typed_column(span_columns::PARENT_SPAN_ID);
    let durations = batch.column(span_columns::DURATION_NANO);
    let durations = durations.map(AsArray::as_primitive::<Int64Type>);
    let kinds = int8(batch, span_columns::KIND);
    let codes = int8(batch, span_columns::STATUS_CODE);
    let number =
        |column: Option<&Int8Array>, row| column.map_or(0, |array| array.value(row).into());
    for row in 0..batch.rows() {
        spans.push(LinkedSpan {
            trace_id: TraceId(trace_ids.value(row).try_into().unwrap_or_default()),
            span_id: span_id(span_ids, row).unwrap_or(SpanId([0; 8])),
            parent: span_id(parents, row),
            call_path: None,
            start: UnixNanos(starts.value(row)),
            duration_nano: durations.map_or(0, |array| array.value(row)),
            kind: SpanKind::from_number(number(kinds, row)),
            status: StatusCode::from_number(number(codes, row)),
            operation: None,
            service: None,
            instance: None,
            version: None,
            zone: None,
            peer: Peer::default(),
        });
    }
}

fn span_id(column: Option<&FixedSizeBinaryArray>, row: usize) -> Option<SpanId> {
    let column = column.filter(|column| column.is_valid(row))?;
    column.value(row).try_into().ok().map(SpanId)
}

fn int8(batch: &SpanBatch, id: ColumnId) -> Option<&Int8Array> {
    batch.column(id).map(AsArray::as_primitive::<Int8Type>)
}

/// The columns of texts of a batch, and the spans that they are read into.
struct Texts<'a> {
    batch: &'a SpanBatch,
    names: &'a mut Names,
    spans: &'a mut [LinkedSpan],
}

impl Texts<'_> {
    /// Sets a field to the text of the first of these columns that has one.
    fn set(&mut self, ids: &[ColumnId], set: impl Fn(&mut LinkedSpan, Option<Name>)) {
        // The first column is read last, and so wins.
        for column in ids.iter().rev().filter_map(|id| self.batch.column(*id)) {
            let mut texts = TextColumn::of(column, self.spans.len());
            for (row, span) in self.spans.iter_mut().enumerate() {
                if column.is_valid(row) {
                    set(span, texts.name(row, self.names));
                }
            }
        }
    }

    /// As [`Self::set`], with the text itself.
    fn set_from_text(&mut self, ids: &[ColumnId], set: impl Fn(&mut LinkedSpan, &str)) {
        for column in ids.iter().rev().filter_map(|id| self.batch.column(*id)) {
            let texts = TextColumn::of(column, 0);
            for (row, span) in self.spans.iter_mut().enumerate() {
                if column.is_valid(row) {
                    set(span, texts.text(row).unwrap_or_default());
                }
            }
        }
    }
}

/// A column of texts, or a dictionary of them.
struct TextColumn<'a> {
    column: &'a ArrayRef,
    dictionary: Option<&'a DictionaryArray<Int32Type>>,
    /// The numbers of the dictionary's texts that were met; empty where it is not worth it.
    known: Vec<Option<Name>>,
}

impl<'a> TextColumn<'a> {
    fn of(column: &'a ArrayRef, rows: usize) -> Self {
        let dictionary = column.as_dictionary_opt::<Int32Type>();
        let texts = dictionary.map_or(0, |dictionary| dictionary.values().len());
        // Small batches may share a large dictionary.
        let known = if texts <= 16 * rows { texts } else { 0 };
        Self {
            column,
            dictionary,
            known: vec![None; known],
        }
    }

    fn key(&self, row: usize) -> Option<usize> {
        usize::try_from(self.dictionary?.keys().value(row)).ok()
    }

    /// The number of the text of a row that has one.
    fn name(&mut self, row: usize, names: &mut Names) -> Option<Name> {
        let key = self.key(row).filter(|key| *key < self.known.len());
        let Some(key) = key else {
            return self.text(row).map(|text| names.number(text));
        };
        if self.known[key].is_none() {
            self.known[key] = self.text(row).map(|text| names.number(text));
        }
        self.known[key]
    }

    /// The text of a row that has one.
    fn text(&self, row: usize) -> Option<&'a str> {
        let Some(dictionary) = self.dictionary else {
            return self
                .column
                .as_string_opt::<i32>()
                .map(|texts| texts.value(row));
        };
        let texts = dictionary.values().as_string_opt::<i32>()?;
        Some(texts.value(self.key(row)?))
    }
}
