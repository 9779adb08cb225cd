//! Topology: who calls whom, through what, how often, how long and how well.
//!
//! ```text
//!                         spans of a trace ─► link ─► calls ─┬─► cells ─► rows of the table edges
//!                                            (pure)          │   (rollup)         │
//!   TopologyQuery ─► unrolled spans ─► changes of calls ─────┴─► sums ◄───────────┘ of the range
//!                                                                 │
//!                                                                 ▼
//!                                                              Topology
//! ```
//!
//! A call counts in the range in which its first half started. Calls are found in whole traces, so
//! a span that came late, or a call that crosses the ends of the range, is neither lost nor doubled.

mod call;
mod changes;
mod columns;
mod link;
mod names;
mod peer;
mod read;
mod spans;

mod cell;
mod edge;
mod fast_map;
mod operations;
mod rollup;

mod exact;
mod fetch;
mod graph;
mod query;
mod recent;
mod rolled_up;

pub use graph::{EdgePoint, HalfFigures, Topology, TopologyEdge, TopologyNode};
pub use peer::{ConnectionType, NodeKind};
pub use query::{TopologyDimension, TopologyQuery};

pub(crate) use call::{Call, CalledOperation, Node, Sign};
pub(crate) use changes::{Change, Changes};
pub(crate) use columns::all as columns;
pub(crate) use fast_map::{FastHashing, Words};
pub(crate) use names::{Name, NameOrder, Names};
pub(crate) use operations::KeptOperations;
pub(crate) use read::{read as read_spans, read_traces};
pub(crate) use recent::{Recent, RecentSpans};
pub(crate) use rolled_up::shortest_bucket;
pub(crate) use rollup::{CallSums, merge_edges};
pub(crate) use spans::{LinkedSpan, put_in_order};

use crate::counters::Counting;
use crate::engine::Scan;
use crate::{QueryError, RollUps};

/// The tables of one snapshot that a topology is made of, and how. Every span is in one of the
/// latter tables of spans: rolled up, and so in its traces' rows of `edges`, or not.
pub(crate) struct TopologySource<'a> {
    pub(crate) spans: Scan<'a>,
    pub(crate) edges: Scan<'a>,
    pub(crate) rolled_spans: Scan<'a>,
    pub(crate) unrolled_spans: Scan<'a>,
    pub(crate) rollups: &'a RollUps,
    pub(crate) counting: &'a Counting,
}

/// Finds who calls whom.
pub(crate) async fn answer(
    source: &TopologySource<'_>,
    query: &TopologyQuery,
) -> Result<Topology, QueryError> {
    if query.exact || !rolled_up::has_rows_for(query) {
        return exact::from_spans(source, query).await;
    }
    rolled_up::from_rollups(source, query).await
}

#[cfg(test)]
mod tests;
