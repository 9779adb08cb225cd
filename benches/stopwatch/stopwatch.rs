//! Criterion's measurement on a clock of choice: wall time, or the CPU time of all threads.
//!
//! Throughput per CPU-second is what adds up: a part that is fast because it keeps every core
//! busy leaves nothing for the other parts.

use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use rustix::time::{ClockId, clock_gettime};

/// A clock, with the name that stands in the benches' names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) name: &'static str,
    id: ClockId,
}

/// Time as it passes.
pub(crate) const WALL: Clock = Clock {
    name: "wall",
    id: ClockId::Monotonic,
};

/// Time that the process's threads spent on a CPU, in user space and in the kernel.
pub(crate) const CPU: Clock = Clock {
    name: "cpu",
    id: ClockId::ProcessCPUTime,
};

static FORMATTER: WallTime = WallTime;

impl Measurement for Clock {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let time = clock_gettime(self.id);
        Duration::try_from(time).expect("both clocks count from zero up")
    }

    fn end(&self, begun: Duration) -> Duration {
        self.start().saturating_sub(begun)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        FORMATTER.formatter()
    }
}
