//! The seam to what computes figures.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use schemas::UnixNanos;

/// Names and their values, which tell series and alerts apart.
pub type Labels = BTreeMap<String, String>;

/// Figures are kept by buckets of this length; ranges and steps are multiples of it.
pub(crate) const BUCKET: Duration = Duration::from_secs(10);

/// Computes figures.
#[async_trait]
pub trait Figures: Send + Sync {
    /// The series that answer a question; series and steps without calls are left out.
    ///
    /// # Errors
    /// [`FigureError`] when there is no answer now.
    async fn series(&self, question: &FigureQuestion) -> Result<Vec<Series>, FigureError>;
}

/// Why there are no figures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FigureError {
    /// Ask again later; the text says what is in the way.
    #[error("{0}")]
    Unavailable(String),
    /// Ask for less: a shorter range, a longer step or fewer series.
    #[error("{0}")]
    TooLarge(String),
}

/// Which figures are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureQuestion {
    /// What is counted.
    pub subject: Subject,
    /// The first instant of the range, a multiple of 10 s.
    pub from: UnixNanos,
    /// The first instant after the range, a whole number of steps later.
    pub to: UnixNanos,
    /// The length of each step, a multiple of 10 s. Steps begin at `from`.
    pub step: Duration,
    /// Percentiles of durations, each from 0 to 100.
    pub percentiles: Vec<f64>,
    /// Durations, in nanoseconds, of which it is told how many calls were good and not longer.
    pub thresholds_nano: Vec<i64>,
}

/// What is counted.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// Spans, as in RED.
    Spans(SpanFilter),
    /// Calls between nodes, as in the topology; a series for each edge.
    Calls(CallFilter),
}

/// Which spans count, and what tells series apart; an absent filter lets all through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanFilter {
    /// The service.
    pub service: Option<String>,
    /// The span's name.
    pub operation: Option<String>,
    /// `service.instance.id`.
    pub instance: Option<String>,
    /// The kind, such as `server`; the requests that a service answers when none is given.
    pub kind: Option<String>,
    /// `service.version`.
    pub version: Option<String>,
    /// `cloud.availability_zone`.
    pub zone: Option<String>,
    /// What makes a series; nothing for one series of all.
    pub by: Vec<Dimension>,
}

/// Which calls count; an absent filter lets all through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFilter {
    /// The name of the calling node.
    pub caller: Option<String>,
    /// The name of the called node.
    pub callee: Option<String>,
    /// The means: `rpc`, `database`, `messaging_system` or `virtual_node`.
    pub connection: Option<String>,
}

/// What spans can be told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// The service.
    Service,
    /// The span's name.
    Operation,
    /// The span's kind.
    Kind,
    /// `service.instance.id`.
    Instance,
    /// `service.version`.
    Version,
    /// `cloud.availability_zone`.
    Zone,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Service,
        Self::Operation,
        Self::Kind,
        Self::Instance,
        Self::Version,
        Self::Zone,
    ];

    /// The name in rules and labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Operation => "operation",
            Self::Kind => "kind",
            Self::Instance => "instance",
            Self::Version => "version",
            Self::Zone => "zone",
        }
    }
}

/// The figures of one group of spans, or of one edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What makes the group: the dimensions asked for that have a value, or `caller`, `callee` and
    /// `connection`.
    pub labels: Labels,
    /// The steps that have calls, by their start.
    pub points: Vec<Point>,
}

/// The figures of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The step's start.
    pub start: UnixNanos,
    /// How many calls.
    pub count: u64,
    /// How many of them failed.
    pub errors: u64,
    /// The sum of their durations, in nanoseconds.
    pub sum_nano: f64,
    /// The longest duration, in nanoseconds.
    pub max_nano: i64,
    /// The percentiles asked for, in their order, in nanoseconds.
    pub percentiles_nano: Vec<i64>,
    /// For each threshold asked for, how many calls did not take longer. Where that can be told
    /// apart, calls that failed are in none.
    pub at_most: Vec<u64>,
}

impl Point {
    /// A step without calls.
    pub(crate) fn empty(start: UnixNanos) -> Self {
        Self {
            start,
            count: 0,
            errors: 0,
            sum_nano: 0.0,
            max_nano: 0,
            percentiles_nano: Vec::new(),
            at_most: Vec::new(),
        }
    }

    /// Calls a second in a step of this length.
    pub fn qps(&self, step: Duration) -> f64 {
        self.count as f64 / step.as_secs_f64()
    }
}
