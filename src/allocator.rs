//! The allocator, and what it does with memory that was freed.

/// Keeps free memory per thread, which the many short-lived buffers of ingest profit from.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// After how many milliseconds free memory is given back to the system. The allocator reads it
/// before `main`.
#[cfg(unix)]
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";

/// As short as it can be without that a buffer which is freed and needed again at once becomes new
/// pages, which the system has to clear.
#[cfg(unix)]
const SHORT_DELAY: &str = "1";

/// Gives free memory back soon from here on, unless the environment says otherwise: starts the
/// program again in the same process, as the allocator can be told in no other way. By itself, it
/// leaves threads what they freed for ten times as long, or for as long as they wait, and that adds
/// up to hundreds of megabytes under load.
#[cfg(unix)]
pub(crate) fn give_back_soon() {
    use std::env;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    if env::var_os(PURGE_DELAY).is_some() {
        return;
    }
    let mut arguments = env::args_os();
    let (Ok(program), Some(name)) = (env::current_exe(), arguments.next()) else {
        return;
    };
    let mut again = Command::new(program);
    again
        .arg0(name)
        .args(arguments)
        .env(PURGE_DELAY, SHORT_DELAY);
    // It returns only if it failed; then the server takes more memory, and all else is the same.
    drop(again.exec());
}

/// Only Unix can start a program again in the same process.
#[cfg(not(unix))]
pub(crate) fn give_back_soon() {}
