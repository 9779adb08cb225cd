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
mod operations;
mod rollup;

mod exact;
mod fetch;
mod graph;
mod query;
mod rolled_up;

pub use graph::{EdgePoint, HalfFigures, Topology, TopologyEdge, TopologyNode};
pub use peer::{ConnectionType, NodeKind};
pub use query::{TopologyDimension, TopologyQuery};

pub(crate) use columns::all as columns;
pub(crate) use exact::from_spans;
pub(crate) use rolled_up::{TopologyTables, from_rollups};
pub(crate) use rollup::{edge_rows, merge_edges};

#[cfg(test)]
mod tests;
