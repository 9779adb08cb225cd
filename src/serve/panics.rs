//! A panic anywhere stops the whole server: half of a server is worse than none.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic;

use tokio_util::sync::CancellationToken;

/// Logs every panic of the process from here on, and cancels the token at the first.
///
/// Runtimes catch the panics of their tasks, and libraries of their threads; the hook runs before
/// either, so that none goes unseen.
pub(super) fn watch() -> CancellationToken {
    let panicked = CancellationToken::new();
    let notice = panicked.clone();
    panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or("(no message)");
        let location = panic.location().map(ToString::to_string);
        let thread = std::thread::current();
        let backtrace = Backtrace::capture();
        let shown = (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace);
        tracing::error!(
            reason = message,
            location = location.as_deref(),
            thread = thread.name(),
            backtrace = shown.map(tracing::field::display),
            "panicked; stopping"
        );
        notice.cancel();
    }));
    panicked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_thread_is_noticed() {
        let usual = panic::take_hook();
        let panicked = watch();
        assert!(!panicked.is_cancelled());
        let outcome = std::thread::spawn(|| panic!("on purpose")).join();
        panic::set_hook(usual);
        assert!(outcome.is_err());
        assert!(panicked.is_cancelled());
    }
}
