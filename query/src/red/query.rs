//! What is asked of figures.

use std::time::Duration;

use schemas::{SpanKind, UnixNanos};

/// The shortest step: figures are kept for multiples of it.
pub const RED_BUCKET: Duration = Duration::from_secs(10);

/// A range of time, its end not included; both are multiples of the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan {
    /// Its first instant.
    pub from: UnixNanos,
    /// The first instant after it.
    pub to: UnixNanos,
}

impl TimeSpan {
    /// The range of whole steps that holds both instants.
    pub fn of_steps(from: UnixNanos, to: UnixNanos, step: Duration) -> Self {
        let step = nanos(step);
        let from = from.0.div_euclid(step).saturating_mul(step);
        let steps = (i128::from(to.0) - i128::from(from) + i128::from(step) - 1) / i128::from(step);
        let length = i64::try_from(steps.max(1) * i128::from(step)).unwrap_or(i64::MAX);
        Self {
            from: UnixNanos(from),
            to: UnixNanos(from.saturating_add(length)),
        }
    }

    /// Its length.
    pub fn length(self) -> Duration {
        Duration::from_nanos(self.to.0.abs_diff(self.from.0))
    }
}

/// A step in nanoseconds; one at least.
pub(crate) fn nanos(step: Duration) -> i64 {
    i64::try_from(step.as_nanos()).unwrap_or(i64::MAX).max(1)
}

/// What spans are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupBy {
    /// The service.
    Service,
    /// The span's name.
    Operation,
    /// The span's kind.
    Kind,
    /// The span's status.
    Status,
    /// `service.instance.id`.
    Instance,
    /// `service.version`.
    Version,
    /// `cloud.availability_zone`.
    Zone,
}

impl GroupBy {
    /// All of them, in the order in which groups are sorted.
    pub const ALL: [Self; 7] = [
        Self::Service,
        Self::Operation,
        Self::Kind,
        Self::Status,
        Self::Instance,
        Self::Version,
        Self::Zone,
    ];

    /// The name in requests and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Operation => "operation",
            Self::Kind => "kind",
            Self::Status => "status",
            Self::Instance => "instance",
            Self::Version => "version",
            Self::Zone => "zone",
        }
    }
}

/// Which spans are counted, and how they are told apart.
#[derive(Clone, Debug, PartialEq)]
pub struct RedQuery {
    /// The service; `unknown_service` also stands for spans that name none.
    pub service: Option<String>,
    /// The span's name.
    pub operation: Option<String>,
    /// `service.instance.id`.
    pub instance: Option<String>,
    /// `service.version`.
    pub version: Option<String>,
    /// `cloud.availability_zone`.
    pub zone: Option<String>,
    /// The kinds that count; none for all.
    pub kinds: Vec<SpanKind>,
    /// What makes a series.
    pub group_by: Vec<GroupBy>,
    /// When the spans started.
    pub range: TimeSpan,
    /// The length of a point; a multiple of [`RED_BUCKET`].
    pub step: Duration,
    /// Percentiles from 0 to 100.
    pub percentiles: Vec<f64>,
    /// Apdex's threshold T: spans that take no longer satisfy, those of up to 4 T are tolerated.
    pub apdex: Option<Duration>,
    /// Durations of which it is told how many spans did not take longer.
    pub thresholds: Vec<Duration>,
    /// Whether everything is computed from the spans themselves, whatever is kept of them.
    pub exact: bool,
}

impl RedQuery {
    /// All spans of a range as one series without percentiles, by steps of `step`.
    pub fn new(range: TimeSpan, step: Duration) -> Self {
        Self {
            service: None,
            operation: None,
            instance: None,
            version: None,
            zone: None,
            kinds: Vec::new(),
            group_by: Vec::new(),
            range,
            step,
            percentiles: Vec::new(),
            apdex: None,
            thresholds: Vec::new(),
            exact: false,
        }
    }

    /// The same question of a range that is so much earlier.
    pub fn earlier_by(&self, shift: Duration) -> Self {
        let earlier = |instant: UnixNanos| UnixNanos(instant.0.saturating_sub(nanos(shift)));
        Self {
            range: TimeSpan {
                from: earlier(self.range.from),
                to: earlier(self.range.to),
            },
            ..self.clone()
        }
    }

    /// The first instant of a step, by its number in the range.
    pub(crate) fn start_of_step(&self, step: u32) -> UnixNanos {
        let since_start = i64::from(step).saturating_mul(nanos(self.step));
        UnixNanos(self.range.from.0.saturating_add(since_start))
    }

    /// The number in the range of the step in which a span started.
    pub(super) fn step_of(&self, start: i64) -> u32 {
        let step = start.saturating_sub(self.range.from.0) / nanos(self.step);
        u32::try_from(step).expect("steps of a range are counted before it is read")
    }

    /// The question for the cells that answers are made of: Apdex counts spans with an error
    /// apart, so the status makes a group then too.
    pub(super) fn of_cells(&self) -> Self {
        let mut cells = self.clone();
        if self.apdex.is_some() && !cells.group_by.contains(&GroupBy::Status) {
            cells.group_by.push(GroupBy::Status);
        }
        cells
    }
}
