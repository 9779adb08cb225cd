//! The spans that calls are found in, as far as linking needs them.

use std::collections::{HashMap, HashSet};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use datafusion::execution::memory_pool::MemoryReservation;
use schemas::columns::{self as span_columns, ColumnId, span_attribute_column};
use schemas::{SpanBatch, SpanId, SpanKind, StatusCode, TraceId, UnixNanos};

use super::columns::{BROKER, DATABASE, DATABASE_SYSTEM, DESTINATION, PEER_NAMES};
use super::peer::is_cache;
use crate::QueryError;
use crate::red::TimeSpan;
use crate::trace::span_id;

/// A text by its number in [`Names`].
pub(super) type Name = u32;

/// The texts of a question, each once.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: Vec<String>,
    numbers: HashMap<String, Name>,
}

impl Names {
    pub(super) fn text(&self, name: Name) -> &str {
        &self.texts[name as usize]
    }

    pub(super) fn number(&mut self, text: &str) -> Name {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = Name::try_from(self.texts.len()).expect("fewer texts than spans in memory");
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

/// What a span says of the other end of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Peer {
    /// A service, host or address.
    pub(super) name: Option<Name>,
    /// The database, by the name that it goes by when there is no other.
    pub(super) database: Option<Name>,
    pub(super) is_cache: bool,
    /// The topic or queue.
    pub(super) destination: Option<Name>,
    pub(super) broker: Option<Name>,
}

/// A span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkedSpan {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) parent: Option<SpanId>,
    /// The hierarchical id, where one was sent.
    pub(super) call_path: Option<Name>,
    pub(super) start: UnixNanos,
    pub(super) duration_nano: i64,
    pub(super) kind: SpanKind,
    pub(super) is_error: bool,
    pub(super) service: Option<Name>,
    pub(super) peer: Peer,
}

impl LinkedSpan {
    fn end(&self) -> i64 {
        self.start.0.saturating_add(self.duration_nano)
    }

    /// What a sender's retry repeats.
    fn identity(&self) -> (TraceId, SpanId, SpanKind, UnixNanos) {
        (self.trace_id, self.span_id, self.kind, self.start)
    }
}

/// All spans of a question.
#[derive(Debug)]
pub(super) struct TraceSpans {
    spans: Vec<LinkedSpan>,
    memory: MemoryReservation,
}

impl TraceSpans {
    pub(super) fn new(memory: MemoryReservation) -> Self {
        Self {
            spans: Vec::new(),
            memory,
        }
    }

    pub(super) fn add(&mut self, batch: &SpanBatch, names: &mut Names) -> Result<(), QueryError> {
        self.spans.reserve(batch.rows());
        self.memory
            .try_resize(self.spans.capacity() * size_of::<LinkedSpan>())?;
        read(batch, names, &mut self.spans);
        Ok(())
    }

    /// The traces in which a call may have its other half outside the range: whose spans have a
    /// parent that is not there, or go on after the range.
    pub(super) fn reaching_beyond(&self, range: TimeSpan) -> HashSet<TraceId> {
        let there: HashSet<(TraceId, SpanId)> = self
            .spans
            .iter()
            .map(|span| (span.trace_id, span.span_id))
            .collect();
        let reaches_beyond = |span: &&LinkedSpan| {
            let lacks = |parent| !there.contains(&(span.trace_id, parent));
            span.parent.is_some_and(lacks) || span.end() >= range.to.0
        };
        let reaching = self.spans.iter().filter(reaches_beyond);
        reaching.map(|span| span.trace_id).collect()
    }

    /// The spans of each trace, by start; one that came more than once stands here once.
    pub(super) fn by_trace(&mut self) -> impl Iterator<Item = &[LinkedSpan]> {
        let order =
            |span: &LinkedSpan| (span.trace_id, span.start, span.span_id, span.kind.number());
        self.spans.sort_by_key(order);
        self.spans.dedup_by_key(|span| span.identity());
        self.spans
            .chunk_by(|one, next| one.trace_id == next.trace_id)
    }
}

fn read(batch: &SpanBatch, names: &mut Names, spans: &mut Vec<LinkedSpan>) {
    let (Some(trace_ids), Some(starts)) = (batch.trace_ids(), batch.start_times()) else {
        return;
    };
    let span_ids = batch.column(span_columns::SPAN_ID);
    let parents = batch.column(span_columns::PARENT_SPAN_ID);
    let durations = batch.column(span_columns::DURATION_NANO);
    let kinds = batch.column(span_columns::KIND);
    let codes = batch.column(span_columns::STATUS_CODE);
    let number = |column: Option<&ArrayRef>, row| {
        column.map_or(0, |array| {
            array.as_primitive::<Int8Type>().value(row).into()
        })
    };
    let mut call_paths = TextColumns::new(batch, &[span_columns::CALL_PATH]);
    let mut service = TextColumns::new(batch, &[span_columns::SERVICE_NAME]);
    let attributes = |keys: &[&'static str]| {
        let ids: Vec<_> = keys
            .iter()
            .copied()
            .filter_map(span_attribute_column)
            .collect();
        TextColumns::new(batch, &ids)
    };
    let mut peer_name = attributes(&PEER_NAMES);
    let mut database = attributes(&DATABASE);
    let mut system = attributes(&DATABASE_SYSTEM);
    let mut destination = attributes(&DESTINATION);
    let mut broker = attributes(&BROKER);
    for row in 0..batch.rows() {
        let system = system.name(row, names);
        let peer = Peer {
            name: peer_name.name(row, names),
            database: database.name(row, names),
            is_cache: system.is_some_and(|system| is_cache(names.text(system))),
            destination: destination.name(row, names),
            broker: broker.name(row, names),
        };
        spans.push(LinkedSpan {
            trace_id: TraceId(trace_ids.value(row).try_into().unwrap_or_default()),
            span_id: span_id(span_ids, row).unwrap_or(SpanId([0; 8])),
            parent: span_id(parents, row),
            call_path: call_paths.name(row, names),
            start: UnixNanos(starts.value(row)),
            duration_nano: durations
                .map_or(0, |array| array.as_primitive::<Int64Type>().value(row)),
            kind: SpanKind::from_number(number(kinds, row)),
            is_error: StatusCode::from_number(number(codes, row)) == StatusCode::Error,
            service: service.name(row, names),
            peer,
        });
    }
}

/// Columns of which the first that has a value counts, and the numbers of the texts met in them.
struct TextColumns<'a> {
    columns: Vec<(&'a ArrayRef, HashMap<i32, Name>)>,
}

impl<'a> TextColumns<'a> {
    fn new(batch: &'a SpanBatch, ids: &[ColumnId]) -> Self {
        let columns = ids.iter().filter_map(|id| batch.column(*id));
        Self {
            columns: columns.map(|column| (column, HashMap::new())).collect(),
        }
    }

    fn name(&mut self, row: usize, names: &mut Names) -> Option<Name> {
        let (column, numbers) = self
            .columns
            .iter_mut()
            .find(|(column, _)| column.is_valid(row))?;
        let Some(dictionary) = column.as_dictionary_opt::<Int32Type>() else {
            let texts = column.as_string_opt::<i32>()?;
            return Some(names.number(texts.value(row)));
        };
        let key = dictionary.keys().value(row);
        let text = || {
            dictionary
                .values()
                .as_string::<i32>()
                .value(usize::try_from(key).unwrap_or(0))
        };
        Some(*numbers.entry(key).or_insert_with(|| names.number(text())))
    }
}
