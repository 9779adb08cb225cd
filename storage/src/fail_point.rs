//! Named points at which a crash test kills the process.
//!
//! Without the feature `fail-points` a point is nothing at all.

/// Aborts the process here if the fail point `name` is switched on (`FAILPOINTS="name=return"`).
///
/// Aborting runs no destructor and flushes no buffer: for the files it is what SIGKILL does.
#[cfg(feature = "fail-points")]
pub(crate) fn fail_point(name: &str) {
    fail::fail_point!(name, |_| std::process::abort());
}

/// Compiles to nothing: fail points are for crash tests only.
#[cfg(not(feature = "fail-points"))]
#[inline(always)]
pub(crate) fn fail_point(_name: &str) {}

/// Switches on the fail points that the environment variable `FAILPOINTS` names, for as long as
/// the returned guard lives.
#[cfg(feature = "fail-points")]
#[must_use = "the fail points are off again when the guard is dropped"]
pub fn arm_fail_points() -> impl Sized {
    fail::FailScenario::setup()
}
