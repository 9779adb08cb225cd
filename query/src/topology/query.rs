//! What is asked of a topology.

use std::time::Duration;

use crate::red::TimeSpan;

/// What nodes and edges are told apart by, besides names and means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TopologyDimension {
    /// Edges by what was called: the name of the callee's span, or of the caller's where that is
    /// all there is.
    Operation,
    /// Nodes by `service.version`.
    Version,
    /// Nodes by `cloud.availability_zone`.
    Zone,
}

impl TopologyDimension {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 3] = [Self::Operation, Self::Version, Self::Zone];

    /// The name in requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Zone => "zone",
            Self::Operation => "operation",
        }
    }
}

/// Which part of the topology is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct TopologyQuery {
    /// When calls started.
    pub range: TimeSpan,
    /// What nodes and edges are told apart by besides.
    pub by: Vec<TopologyDimension>,
    /// A node by name: only what reaches it or is reached from it.
    pub focus: Option<String>,
    /// How many steps against the direction of calls are shown from the focus.
    pub up: usize,
    /// How many steps along the direction of calls are shown from the focus.
    pub down: usize,
    /// Edges with fewer calls a second are left out.
    pub min_qps: f64,
    /// The length of the points of an edge, a multiple of [`RED_BUCKET`](crate::RED_BUCKET) of
    /// which the range has whole ones; no points without it.
    pub step: Option<Duration>,
    /// Percentiles from 0 to 100.
    pub percentiles: Vec<f64>,
    /// Whether the spans themselves are read, rather than the rollups.
    pub exact: bool,
}

impl TopologyQuery {
    /// The whole topology of a range, without points and percentiles.
    pub fn new(range: TimeSpan) -> Self {
        Self {
            range,
            by: Vec::new(),
            focus: None,
            up: usize::MAX,
            down: usize::MAX,
            min_qps: 0.0,
            step: None,
            percentiles: Vec::new(),
            exact: false,
        }
    }
}
