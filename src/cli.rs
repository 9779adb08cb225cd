//! The command line: what can be asked, and what each answer exits with.

mod arguments;
mod check_config;
mod red;
mod trace;
mod wal;

mod api;
mod exit;
mod instant;
mod number;
mod paint;
mod terminal;
mod text;

use std::io::{self, Write};

use clap::Parser;

use crate::serve::Ended;
use crate::settings::SettingArguments;
use arguments::{Arguments, Command, WalCommand};
pub(crate) use exit::{ExitStatus, UsageError};

/// Reads the command line, runs the command and tells how it went.
pub(crate) fn run() -> ExitStatus {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Serve(settings) => return serve(settings),
        Command::Demo(demo) => {
            runtime().and_then(|runtime| runtime.block_on(crate::demo::run(demo)))
        }
        Command::Trace(trace) => trace::run(&trace),
        Command::Red(red) => red::run(&red),
        Command::CheckConfig(settings) => check_config::run(settings),
        Command::Openapi => print(&crate::serve::openapi_json()),
        Command::Wal {
            command: WalCommand::Inspect(inspect),
        } => wal::run(inspect),
    };
    match outcome {
        Ok(()) => ExitStatus::Done,
        Err(error) => exit::report(&error),
    }
}

/// Serves; what goes wrong once logging has begun is in the log and not told again.
fn serve(settings: SettingArguments) -> ExitStatus {
    crate::allocator::use_small_pages();
    match crate::serve::run(settings) {
        Ok(Ended::AsAsked) => ExitStatus::Done,
        Ok(Ended::Failed) => ExitStatus::Failed,
        Err(error) => exit::report(&error),
    }
}

/// A runtime for the client commands.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// Writes a finished text to stdout, with a last line feed.
fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        stdout.write_all(b"\n")?;
    }
    Ok(stdout.flush()?)
}
