//! The bench's clocks and its waiting.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Waits for a time that has to pass: a server's `Retry-After`, the next turn of a fixed rate, or
/// the next look at a server that cannot tell when it is done.
#[expect(
    clippy::disallowed_methods,
    reason = "a client that is told to come back later has nothing else to wait for"
)]
pub(crate) fn pause(duration: Duration) {
    thread::sleep(duration);
}

/// The time of day, nanoseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the spans that are sent have to be of today"
)]
pub(crate) fn unix_nano() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = since_epoch.unwrap_or(Duration::ZERO).as_nanos();
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// CPU time that this process has taken, in seconds.
pub(crate) fn own_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).map_or(0.0, |time| time.as_secs_f64())
}
