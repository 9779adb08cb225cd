//! Reads the columns of spans that linking needs.
//!
//! Row by row, so that a span is written once; the texts of a dictionary are looked at once each.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, FixedSizeBinaryArray, StringArray};
use datafusion::arrow::buffer::NullBuffer;
use schemas::columns::{self as span_columns, ColumnId, span_attribute_column};
use schemas::{SpanBatch, SpanId, SpanKind, StatusCode, TraceId, UnixNanos};

use super::columns::{BROKER, CALLER_NAMES, DATABASE, DATABASE_SYSTEM, DESTINATION, PEER_NAMES};
use super::names::{Name, Names};
use super::peer::is_cache;
use super::spans::{LinkedSpan, Peer};
use crate::red::{availability_zone, service_version};

/// So many spans are looked at together, and the rest of the last one's trace.
const TOGETHER: usize = 1024;

/// Appends the spans of a batch, in the order of its rows.
pub(crate) fn read(batch: &SpanBatch, names: &mut Names, spans: &mut Vec<LinkedSpan>) {
    if let Some(mut columns) = SpanColumns::of(batch) {
        spans.extend((0..batch.rows()).map(|row| columns.span(row, names)));
    }
}

/// Reads spans and hands them over, whole traces together: few enough for caches where the rows are
/// in the order of traces, as in our files, else all at once. `spans` is the memory that they take.
pub(crate) fn read_traces(
    batches: &[SpanBatch],
    names: &mut Names,
    spans: &mut Vec<LinkedSpan>,
    mut see: impl FnMut(&mut Vec<LinkedSpan>, &mut Names),
) {
    let together = match are_in_order(batches) {
        true => TOGETHER,
        false => usize::MAX,
    };
    spans.clear();
    for batch in batches {
        let Some(mut columns) = SpanColumns::of(batch) else {
            continue;
        };
        for row in 0..batch.rows() {
            let is_of_last = |id| spans.last().is_some_and(|last| last.trace_id == id);
            if spans.len() >= together && !is_of_last(columns.trace_id(row)) {
                see(spans, names);
                spans.clear();
            }
            spans.push(columns.span(row, names));
        }
    }
    see(spans, names);
    spans.clear();
}

fn are_in_order(batches: &[SpanBatch]) -> bool {
    let batches = batches.iter().filter_map(SpanBatch::trace_ids);
    let ids = batches.flat_map(|ids| (0..ids.len()).map(|row| trace_id(ids, row)));
    ids.is_sorted_by_key(|id| u128::from_be_bytes(id.0))
}

/// The columns of a batch, where it has them.
struct SpanColumns<'a> {
    trace_ids: &'a FixedSizeBinaryArray,
    span_ids: Option<&'a FixedSizeBinaryArray>,
    parents: Option<&'a FixedSizeBinaryArray>,
    starts: &'a [i64],
    durations: &'a [i64],
    kinds: &'a [i8],
    status_codes: &'a [i8],
    operations: Texts<'a>,
    services: Texts<'a>,
    call_paths: Texts<'a>,
    instances: Texts<'a>,
    versions: Texts<'a>,
    zones: Texts<'a>,
    peers: Texts<'a>,
    callers: Texts<'a>,
    databases: Texts<'a>,
    database_systems: Texts<'a>,
    destinations: Texts<'a>,
    brokers: Texts<'a>,
}

impl<'a> SpanColumns<'a> {
    /// None where a batch has no spans.
    fn of(batch: &'a SpanBatch) -> Option<Self> {
        let attributes = |keys: &[&'static str]| {
            let ids = keys.iter().copied().filter_map(span_attribute_column);
            Texts::of(batch, ids)
        };
        let text = |id| Texts::of(batch, [id]);
        let int8 = |id| {
            let column = batch.column(id).map(AsArray::as_primitive::<Int8Type>);
            column.map_or(&[][..], |column| column.values())
        };
        let durations = batch.column(span_columns::DURATION_NANO);
        let durations = durations.map(AsArray::as_primitive::<Int64Type>);
        Some(Self {
            trace_ids: batch.trace_ids()?,
            span_ids: batch.typed_column(span_columns::SPAN_ID),
            parents: batch.typed_column(span_columns::PARENT_SPAN_ID),
            starts: batch.start_times()?.values(),
            durations: durations.map_or(&[][..], |column| column.values()),
            kinds: int8(span_columns::KIND),
            status_codes: int8(span_columns::STATUS_CODE),
            operations: text(span_columns::NAME),
            services: text(span_columns::SERVICE_NAME),
            call_paths: text(span_columns::CALL_PATH),
            instances: text(span_columns::SERVICE_INSTANCE_ID),
            versions: text(service_version()),
            zones: text(availability_zone()),
            peers: attributes(&PEER_NAMES),
            callers: attributes(&CALLER_NAMES),
            databases: attributes(&DATABASE),
            database_systems: attributes(&DATABASE_SYSTEM),
            destinations: attributes(&DESTINATION),
            brokers: attributes(&BROKER),
        })
    }

    fn trace_id(&self, row: usize) -> TraceId {
        trace_id(self.trace_ids, row)
    }

    fn span(&mut self, row: usize, names: &mut Names) -> LinkedSpan {
        let number = |column: &[i8]| column.get(row).map_or(0, |number| (*number).into());
        let kind = SpanKind::from_number(number(self.kinds));
        // A server's other names are its own, or the address of a visitor's machine.
        let peers = match kind {
            SpanKind::Server => &mut self.callers,
            _ => &mut self.peers,
        };
        let system = self.database_systems.text(row);
        LinkedSpan {
            trace_id: trace_id(self.trace_ids, row),
            span_id: span_id(self.span_ids, row).unwrap_or(SpanId([0; 8])),
            parent: span_id(self.parents, row),
            call_path: self.call_paths.name(row, names),
            start: UnixNanos(self.starts[row]),
            duration_nano: self.durations.get(row).copied().unwrap_or_default(),
            kind,
            status: StatusCode::from_number(number(self.status_codes)),
            operation: self.operations.name(row, names),
            service: self.services.name(row, names),
            instance: self.instances.name(row, names),
            version: self.versions.name(row, names),
            zone: self.zones.name(row, names),
            peer: Peer {
                name: peers.name(row, names),
                database: self.databases.name(row, names),
                is_cache: system.is_some_and(is_cache),
                destination: self.destinations.name(row, names),
                broker: self.brokers.name(row, names),
            },
        }
    }
}

fn trace_id(column: &FixedSizeBinaryArray, row: usize) -> TraceId {
    TraceId(column.value(row).try_into().unwrap_or_default())
}

fn span_id(column: Option<&FixedSizeBinaryArray>, row: usize) -> Option<SpanId> {
    let column = column.filter(|column| column.is_valid(row))?;
    column.value(row).try_into().ok().map(SpanId)
}

/// Columns of texts, of which the first that has one counts.
struct Texts<'a>(Vec<TextColumn<'a>>);

impl<'a> Texts<'a> {
    fn of(batch: &'a SpanBatch, ids: impl IntoIterator<Item = ColumnId>) -> Self {
        let columns = ids.into_iter().filter_map(|id| batch.column(id));
        Self(columns.filter_map(TextColumn::of).collect())
    }

    /// The number of the text of a row, where it has one.
    fn name(&mut self, row: usize, names: &mut Names) -> Option<Name> {
        let mut columns = self.0.iter_mut();
        columns.find_map(|column| column.name(row, names))
    }

    /// The text of a row, where it has one.
    fn text(&self, row: usize) -> Option<&'a str> {
        self.0.iter().find_map(|column| column.text(row))
    }
}

/// A column of texts, or of a dictionary of them.
struct TextColumn<'a> {
    nulls: Option<&'a NullBuffer>,
    /// The texts by row, or by key.
    texts: &'a StringArray,
    /// The keys of rows, in a dictionary.
    keys: Option<&'a [i32]>,
    /// The numbers of the dictionary's texts that were met; empty where it is not worth it.
    known: Vec<Option<Name>>,
}

impl<'a> TextColumn<'a> {
    /// None where no row has a text.
    fn of(column: &'a ArrayRef) -> Option<Self> {
        if column.null_count() == column.len() {
            return None;
        }
        let dictionary = column.as_dictionary_opt::<Int32Type>();
        let texts = dictionary.map_or(column, |dictionary| dictionary.values());
        let texts = texts.as_string_opt::<i32>()?;
        // Small batches may share a large dictionary.
        let is_worth_it = dictionary.is_some() && texts.len() <= 16 * column.len();
        let known = if is_worth_it { texts.len() } else { 0 };
        Some(Self {
            nulls: column.nulls().filter(|nulls| nulls.null_count() > 0),
            texts,
            keys: dictionary.map(|dictionary| &**dictionary.keys().values()),
            known: vec![None; known],
        })
    }

    /// The position of the text of a row, where it has one.
    fn position(&self, row: usize) -> Option<usize> {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        match self.keys {
            Some(keys) => usize::try_from(keys[row]).ok(),
            None => Some(row),
        }
    }

    fn name(&mut self, row: usize, names: &mut Names) -> Option<Name> {
        let position = self.position(row)?;
        let mut text = || names.number(self.texts.value(position));
        match self.known.get_mut(position) {
            Some(known) => Some(*known.get_or_insert_with(text)),
            None => Some(text()),
        }
    }

    fn text(&self, row: usize) -> Option<&'a str> {
        Some(self.texts.value(self.position(row)?))
    }
}
