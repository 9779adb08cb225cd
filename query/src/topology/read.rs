//! Reads the columns of spans that linking needs.
//!
//! Texts become numbers column by column, then spans are made row by row, so that each is written
//! once.

mod texts;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int64Type};
use arrow_array::{Array, FixedSizeBinaryArray};
use datafusion::arrow::buffer::NullBuffer;
use schemas::columns::{self as span_columns, ColumnId};
use schemas::{SpanBatch, SpanId, SpanKind, StatusCode, TraceId, UnixNanos};

use super::columns::{BROKER, CALLER_NAMES, DATABASE, DATABASE_SYSTEM, DESTINATION, PEER_NAMES};
use super::names::Names;
use super::peer::is_cache;
use super::spans::{LinkedSpan, Peer};
use crate::red::{availability_zone, service_version};
use texts::{Texts, attributes};

/// So many spans are looked at together, and the rest of the last one's trace.
const TOGETHER: usize = 1024;

/// Appends the spans of a batch, in the order of its rows.
pub(crate) fn read(batch: &SpanBatch, names: &mut Names, spans: &mut Vec<LinkedSpan>) {
    if let Some(columns) = SpanColumns::of(batch, names) {
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
        let Some(columns) = SpanColumns::of(batch, names) else {
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
    let ids = batches.flat_map(ids::<16>);
    ids.is_sorted_by_key(|id| u128::from_be_bytes(*id))
}

/// The columns of a batch, where it has them.
struct SpanColumns<'a> {
    trace_ids: &'a [[u8; 16]],
    span_ids: SpanIds<'a>,
    parents: SpanIds<'a>,
    starts: &'a [i64],
    durations: &'a [i64],
    kinds: &'a [i8],
    status_codes: &'a [i8],
    operations: Texts,
    services: Texts,
    call_paths: Texts,
    instances: Texts,
    versions: Texts,
    zones: Texts,
    peers: Texts,
    databases: Texts,
    systems: Texts,
    destinations: Texts,
    brokers: Texts,
}

impl<'a> SpanColumns<'a> {
    /// None where a batch has no spans.
    fn of(batch: &'a SpanBatch, names: &mut Names) -> Option<Self> {
        let int8 = |id| {
            let column = batch.column(id).map(AsArray::as_primitive::<Int8Type>);
            column.map_or(&[][..], |column| column.values())
        };
        let durations = batch.column(span_columns::DURATION_NANO);
        let durations = durations.map(AsArray::as_primitive::<Int64Type>);
        let kinds = int8(span_columns::KIND);
        let is_server = |row| SpanKind::from_number(number(kinds, row)) == SpanKind::Server;
        // A server's other names are its own, or the address of a visitor's machine.
        let mut peers = Texts::default();
        peers.add(batch, attributes(&CALLER_NAMES), names, is_server);
        peers.add(batch, attributes(&PEER_NAMES), names, |row| !is_server(row));
        let text = |id: ColumnId, names: &mut Names| Texts::of(batch, [id], names);
        Some(Self {
            trace_ids: ids(batch.trace_ids()?),
            span_ids: SpanIds::of(batch, span_columns::SPAN_ID),
            parents: SpanIds::of(batch, span_columns::PARENT_SPAN_ID),
            starts: batch.start_times()?.values(),
            durations: durations.map_or(&[][..], |column| column.values()),
            kinds,
            status_codes: int8(span_columns::STATUS_CODE),
            operations: text(span_columns::NAME, names),
            services: text(span_columns::SERVICE_NAME, names),
            call_paths: text(span_columns::CALL_PATH, names),
            instances: text(span_columns::SERVICE_INSTANCE_ID, names),
            versions: text(service_version(), names),
            zones: text(availability_zone(), names),
            peers,
            databases: Texts::of(batch, attributes(&DATABASE), names),
            systems: Texts::of(batch, attributes(&DATABASE_SYSTEM), names),
            destinations: Texts::of(batch, attributes(&DESTINATION), names),
            brokers: Texts::of(batch, attributes(&BROKER), names),
        })
    }

    fn trace_id(&self, row: usize) -> TraceId {
        TraceId(self.trace_ids[row])
    }

    fn span(&self, row: usize, names: &Names) -> LinkedSpan {
        let system = names.text_of(self.systems.name(row));
        LinkedSpan {
            trace_id: self.trace_id(row),
            span_id: self.span_ids.id(row).unwrap_or(SpanId([0; 8])),
            parent: self.parents.id(row),
            call_path: self.call_paths.name(row),
            start: UnixNanos(self.starts[row]),
            duration_nano: self.durations.get(row).copied().unwrap_or_default(),
            kind: SpanKind::from_number(number(self.kinds, row)),
            status: StatusCode::from_number(number(self.status_codes, row)),
            operation: self.operations.name(row),
            service: self.services.name(row),
            instance: self.instances.name(row),
            version: self.versions.name(row),
            zone: self.zones.name(row),
            peer: Peer {
                name: self.peers.name(row),
                database: self.databases.name(row),
                is_cache: system.is_some_and(is_cache),
                destination: self.destinations.name(row),
                broker: self.brokers.name(row),
            },
        }
    }
}

fn number(column: &[i8], row: usize) -> i32 {
    column.get(row).map_or(0, |number| (*number).into())
}

/// The bytes of a column of ids.
fn ids<const LENGTH: usize>(column: &FixedSizeBinaryArray) -> &[[u8; LENGTH]] {
    column.value_data().as_chunks().0
}

/// A column of ids of spans; empty where a batch has none.
struct SpanIds<'a> {
    ids: &'a [[u8; 8]],
    nulls: Option<&'a NullBuffer>,
}

impl<'a> SpanIds<'a> {
    fn of(batch: &'a SpanBatch, id: ColumnId) -> Self {
        let column: Option<&FixedSizeBinaryArray> = batch.typed_column(id);
        Self {
            ids: column.map_or(&[], ids),
            nulls: column.and_then(Array::nulls),
        }
    }

    fn id(&self, row: usize) -> Option<SpanId> {
        let is_null = self.nulls.is_some_and(|nulls| nulls.is_null(row));
        let id = self.ids.get(row).filter(|_| !is_null)?;
        Some(SpanId(*id))
    }
}
