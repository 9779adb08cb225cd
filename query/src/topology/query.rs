//! What is asked of a topology.

use crate::red::TimeSpan;

/// Which part of the topology is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct TopologyQuery {
    /// When calls started.
    pub range: TimeSpan,
    /// A node by name: only what reaches it or is reached from it.
    pub focus: Option<String>,
    /// How many steps against the direction of calls are shown from the focus.
    pub up: usize,
    /// How many steps along the direction of calls are shown from the focus.
    pub down: usize,
    /// Edges with fewer calls a second are left out.
    pub min_qps: f64,
    /// Percentiles from 0 to 100.
    pub percentiles: Vec<f64>,
}
