//! The truth as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Figures;

/// Percentiles and the names that they have.
const PERCENTILES: [(&str, f64); 4] = [("50", 50.0), ("90", 90.0), ("99", 99.0), ("99.9", 99.9)];

/// The whole document. Instants are nanoseconds since 1970 as decimal text, durations numbers of
/// nanoseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    /// When the first accepted span started.
    from_unix_nano: String,
    /// When the last one ended.
    to_unix_nano: String,
    /// How many spans the collector accepted.
    spans: usize,
    /// How many spans are in exports that failed. They may be stored all the same, so unless there
    /// are none, the figures are lower bounds.
    uncertain_spans: usize,
    operations: Vec<OperationJson>,
    edges: Vec<EdgeJson>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OperationJson {
    service: &'static str,
    operation: String,
    kind: &'static str,
    count: usize,
    errors: u64,
    sum_nano: u64,
    max_nano: u64,
    /// Exact: of the sorted durations, the first that so many per cent do not exceed.
    percentiles_nano: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EdgeJson {
    caller: String,
    caller_type: &'static str,
    callee: String,
    callee_type: &'static str,
    connection_type: &'static str,
    calls: u64,
    errors: u64,
}

pub(super) fn of(figures: Figures) -> Document {
    let (from, to) = figures.range_unix_nano.unwrap_or_default();
    let operations = figures.operations.into_iter().map(|(operation, figures)| {
        let mut durations = figures.durations_nano;
        durations.sort_unstable();
        OperationJson {
            service: operation.service,
            operation: operation.name,
            kind: operation.kind,
            count: durations.len(),
            errors: figures.errors,
            sum_nano: durations.iter().sum(),
            max_nano: durations.last().copied().unwrap_or_default(),
            percentiles_nano: PERCENTILES
                .into_iter()
                .filter_map(|(name, percentile)| Some((name, at(&durations, percentile)?)))
                .collect(),
        }
    });
    let edges = figures.edges.into_iter().map(|(edge, figures)| EdgeJson {
        caller: edge.caller.name,
        caller_type: edge.caller.r#type,
        callee: edge.callee.name,
        callee_type: edge.callee.r#type,
        connection_type: edge.connection,
        calls: figures.calls,
        errors: figures.errors,
    });
    Document {
        from_unix_nano: from.to_string(),
        to_unix_nano: to.to_string(),
        spans: figures.spans,
        uncertain_spans: figures.uncertain,
        operations: operations.collect(),
        edges: edges.collect(),
    }
}

/// A percentile of sorted durations.
fn at(sorted: &[u64], percentile: f64) -> Option<u64> {
    let rank = (percentile / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}
