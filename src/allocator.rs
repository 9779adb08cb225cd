//! The allocator, and what it does with memory that was freed.

/// Keeps free memory per thread, which the many short-lived buffers of ingest profit from.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// After how many milliseconds free memory is given back to the system. The allocator reads it
/// before `main`.
#[cfg(unix)]
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";

/// Gives free memory back at once from here on, unless the environment says otherwise: starts the
/// program again in the same process, as the allocator can be told in no other way. A thread that
/// waits keeps what it freed last for as long as it waits, and that adds up to hundreds of megabytes
/// under load.
#[cfg(unix)]
pub(crate) fn give_back_at_once() {
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
    again.arg0(name).args(arguments).env(PURGE_DELAY, "0");
    // It returns only if it failed; then the server takes more memory, and all else is the same.
    drop(again.exec());
}

/// Only Unix can start a program again in the same process.
#[cfg(not(unix))]
pub(crate) fn give_back_at_once() {}
