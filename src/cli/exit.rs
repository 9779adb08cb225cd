//! Exit codes: 0 done, 1 failed while running, 2 wrong usage or settings.

use std::io::{self, ErrorKind, Write};
use std::process::{ExitCode, Termination};

use crate::error_chain::error_chain;
use crate::settings::SettingsError;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// 0: the command did what it was asked.
    Done,
    /// 1: the command failed.
    Failed,
    /// 2: the command line or the settings are wrong; nothing was done.
    Misused,
}

impl Termination for ExitStatus {
    fn report(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Misused => 2,
        })
    }
}

/// A command line that clap takes and the command does not.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Writes the error with its causes to stderr and chooses the exit status.
///
/// A reader of stdout that went away (`spanhouse trace … | head`) is no failure.
pub(super) fn report(error: &anyhow::Error) -> ExitStatus {
    let is_broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        let io_error: Option<&io::Error> = cause.downcast_ref();
        io_error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    };
    if error.chain().any(is_broken_pipe) {
        return ExitStatus::Done;
    }
    // Nothing is left to be told through when stderr itself cannot be written.
    drop(writeln!(
        io::stderr().lock(),
        "error: {}",
        error_chain(error)
    ));
    if error.is::<SettingsError>() || error.is::<UsageError>() {
        return ExitStatus::Misused;
    }
    ExitStatus::Failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_error_chooses_the_status() {
        let usage = anyhow::Error::from(UsageError("no".to_owned()));
        assert_eq!(report(&usage), ExitStatus::Misused);
        assert_eq!(report(&usage.context("while")), ExitStatus::Misused);
        assert_eq!(report(&anyhow::anyhow!("broken")), ExitStatus::Failed);
        let pipe = anyhow::Error::from(io::Error::from(ErrorKind::BrokenPipe));
        assert_eq!(report(&pipe), ExitStatus::Done);
    }
}
