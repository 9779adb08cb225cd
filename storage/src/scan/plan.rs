//! From a snapshot and conditions to the rows that must be looked at.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use parquet::arrow::arrow_reader::RowSelection;
use schemas::columns::{START_TIME_UNIX_NANO, TRACE_ID};
use schemas::{SpanBatch, TraceId};

use super::condition::{Comparison, Condition, Meaning, Test, Value};
use super::facts::{BatchFacts, FileFacts, RowGroupFacts};
use super::pruning::{Facts, prune, select_rows};
use super::row_group::RowGroup;
use crate::StorageError;
use crate::data_file::{DataFile, Footer};
use crate::snapshot::Snapshot;

/// Footers that are fetched at the same time.
const PARALLEL_FOOTERS: usize = 8;

/// What must be looked at.
#[derive(Clone, Debug)]
pub(crate) struct ScanPlan {
    /// In the order in which it is worth looking: the newest spans first.
    pub(crate) units: Vec<Unit>,
    pub(crate) counts: PlanCounts,
}

/// Rows that are looked at one after the other.
#[derive(Clone, Debug)]
pub(crate) enum Unit {
    /// Spans in memory.
    Memory {
        spans: SpanBatch,
        conditions: Vec<Condition>,
    },
    RowGroup(RowGroup),
    /// Whole traces, wherever they are.
    Traces {
        snapshot: Snapshot,
        trace_ids: Vec<TraceId>,
        conditions: Vec<Condition>,
    },
}

/// How much of the snapshot is looked at, for `EXPLAIN`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlanCounts {
    pub(crate) memory_chunks: Total,
    pub(crate) files: Total,
    /// Of the files that are looked at.
    pub(crate) row_groups: Total,
    /// Of the row groups that are looked at.
    pub(crate) rows: Total,
    /// Row groups in which part of the filter needs no test.
    pub(crate) simpler_row_groups: usize,
}

/// Some of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) read: usize,
    pub(crate) all: usize,
}

impl Unit {
    /// At most so many rows come of it; `None` when that is not known.
    pub(crate) fn rows(&self) -> Option<usize> {
        match self {
            Self::Memory { spans, .. } => Some(spans.rows()),
            Self::RowGroup(row_group) => Some(
                row_group
                    .selection
                    .as_ref()
                    .map_or(row_group.rows, RowSelection::row_count),
            ),
            Self::Traces { .. } => None,
        }
    }

    /// Whether every row is wanted.
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Self::Memory { conditions, .. } => conditions.is_empty(),
            Self::RowGroup(row_group) => {
                row_group.conditions.is_empty() && row_group.selection.is_none()
            }
            Self::Traces { .. } => false,
        }
    }
}

/// All rows of a file.
pub(crate) fn whole_file(file: &Arc<DataFile>, footer: &Arc<Footer>) -> Vec<Unit> {
    let row_groups = file_row_groups(file, footer, &[], &mut PlanCounts::default());
    row_groups
        .into_iter()
        .map(|(_, row_group)| Unit::RowGroup(row_group))
        .collect()
}

/// Plans a scan: a look-up of traces where the conditions name them, otherwise whatever memory,
/// files, row groups and pages cannot be left out.
///
/// # Errors
/// [`StorageError::Unavailable`] when a footer cannot be fetched.
pub(crate) async fn plan(
    snapshot: &Snapshot,
    store: &Arc<dyn ObjectStore>,
    conditions: Vec<Condition>,
) -> Result<ScanPlan, StorageError> {
    if let Some((trace_ids, conditions)) = named_traces(&conditions) {
        let counts = PlanCounts {
            files: Total {
                read: 0,
                all: snapshot.files.len(),
            },
            ..PlanCounts::default()
        };
        let may_match = |file: &&Arc<DataFile>| prune(&conditions, &FileFacts(file)).is_some();
        let unit = Unit::Traces {
            snapshot: Snapshot {
                files: snapshot.files.iter().filter(may_match).cloned().collect(),
                ..snapshot.clone()
            },
            trace_ids,
            conditions,
        };
        return Ok(ScanPlan {
            units: vec![unit],
            counts,
        });
    }
    let mut counts = PlanCounts::default();
    let mut units = memory_units(snapshot, &conditions, &mut counts);
    let is_candidate = |file: &Arc<DataFile>| prune(&conditions, &FileFacts(file)).is_some();
    let candidates: Vec<Arc<DataFile>> = snapshot
        .files
        .iter()
        .filter(|file| is_candidate(file))
        .cloned()
        .collect();
    let footers = stream::iter(candidates)
        .map(|file| async move { file.footer(store).await.map(|footer| (file, footer)) })
        .buffered(PARALLEL_FOOTERS)
        .try_collect::<Vec<_>>()
        .await?;
    counts.files = Total {
        read: 0,
        all: snapshot.files.len(),
    };
    let mut row_groups = Vec::new();
    for (file, footer) in footers {
        let before = row_groups.len();
        counts.row_groups.all += footer.reader.metadata().num_row_groups();
        row_groups.extend(file_row_groups(&file, &footer, &conditions, &mut counts));
        counts.files.read += usize::from(row_groups.len() > before);
    }
    counts.row_groups.read = row_groups.len();
    // Stable, so that the order is the snapshot's where starts are equal.
    row_groups.sort_by(|(left, _), (right, _)| right.cmp(left));
    units.extend(
        row_groups
            .into_iter()
            .map(|(_, row_group)| Unit::RowGroup(row_group)),
    );
    Ok(ScanPlan { units, counts })
}

fn memory_units(
    snapshot: &Snapshot,
    conditions: &[Condition],
    counts: &mut PlanCounts,
) -> Vec<Unit> {
    let mut units = Vec::new();
    for spans in snapshot.memory_batches() {
        counts.memory_chunks.all += 1;
        if let Some(conditions) = prune(conditions, &BatchFacts(spans)) {
            units.push(Unit::Memory {
                spans: spans.clone(),
                conditions,
            });
        }
    }
    counts.memory_chunks.read = units.len();
    units.reverse();
    units
}

/// The row groups of a file that must be looked at, each with its latest start.
fn file_row_groups(
    file: &Arc<DataFile>,
    footer: &Arc<Footer>,
    conditions: &[Condition],
    counts: &mut PlanCounts,
) -> Vec<(Option<Value>, RowGroup)> {
    let numbers = 0..footer.reader.metadata().num_row_groups();
    let row_groups = numbers.filter_map(|number| {
        let facts = RowGroupFacts {
            footer,
            row_group: number,
        };
        let rows = facts.rows();
        let remaining = prune(conditions, &facts)?;
        let selection = select_rows(&remaining, rows, &|column| facts.pages(column));
        let selected = selection.as_ref().map_or(rows, RowSelection::row_count);
        if selected == 0 {
            return None;
        }
        counts.rows.all += rows;
        counts.rows.read += selected;
        let same = conditions.len() == remaining.len()
            && conditions
                .iter()
                .zip(&remaining)
                .all(|(before, after)| Arc::ptr_eq(&before.expr, &after.expr));
        counts.simpler_row_groups += usize::from(!same);
        let newest = facts
            .column(START_TIME_UNIX_NANO)
            .bounds
            .map(|(_, max)| max);
        let row_group = RowGroup {
            file: Arc::clone(file),
            footer: Arc::clone(footer),
            number,
            rows,
            selection,
            conditions: remaining,
        };
        Some((newest, row_group))
    });
    row_groups.collect()
}

/// The traces to which the conditions restrict the scan, and the other conditions.
fn named_traces(conditions: &[Condition]) -> Option<(Vec<TraceId>, Vec<Condition>)> {
    let mut named: Option<BTreeSet<TraceId>> = None;
    let mut others = Vec::new();
    for condition in conditions {
        match (trace_ids(&condition.meaning), &mut named) {
            (Some(ids), Some(named)) => named.retain(|id| ids.contains(id)),
            (Some(ids), None) => named = Some(ids),
            (None, _) => others.push(condition.clone()),
        }
    }
    named.map(|named| (named.into_iter().collect(), others))
}

/// The traces that a condition is equivalent to.
fn trace_ids(meaning: &Meaning) -> Option<BTreeSet<TraceId>> {
    match meaning {
        Meaning::Test(column, Test::Compare(Comparison::Equal, value)) if *column == TRACE_ID => {
            Some(ids(std::slice::from_ref(value)))
        }
        Meaning::Test(column, Test::OneOf(values)) if *column == TRACE_ID => Some(ids(values)),
        Meaning::Any(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(|part| trace_ids(&part.meaning)).collect();
            Some(parts?.into_iter().flatten().collect())
        }
        _ => None,
    }
}

/// Values of another width than an id's equal no id.
fn ids(values: &[Value]) -> BTreeSet<TraceId> {
    let ids = values.iter().filter_map(|value| match value {
        Value::Bytes(bytes) => <[u8; 16]>::try_from(bytes.as_slice()).ok().map(TraceId),
        Value::Bool(_) | Value::Int(_) => None,
    });
    ids.collect()
}
