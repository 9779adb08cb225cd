//! Why something about alerts cannot be done.

use std::io;
use std::path::PathBuf;

use crate::FigureError;
use crate::rule::InvalidSetting;

/// Why something about alerts cannot be done. Each kind says what the asker should do.
#[derive(Debug, thiserror::Error)]
pub enum AlertsError {
    /// A rule, silence or receiver is wrong: mend the field that is named.
    #[error(transparent)]
    Invalid(#[from] InvalidSetting),
    /// There is another of this name: take another name, or change that one.
    #[error("there is already {0}")]
    NameTaken(String),
    /// There is none of this name.
    #[error("there is no {0}")]
    NotFound(String),
    /// The rule stands in the configuration file: change it there.
    #[error("the rule {0:?} stands in the configuration file")]
    InFile(String),
    /// There are as many as there may be: delete some.
    #[error("there are already {0}, as many as there may be")]
    TooMany(String),
    /// The figures cannot be computed.
    #[error(transparent)]
    Figures(#[from] FigureError),
    /// A file with rules or state cannot be read or written: someone must look at the disk.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// Receivers cannot be spoken to: someone must look at the system's certificates.
    #[error("receivers cannot be told: {0}")]
    Client(#[source] reqwest::Error),
    /// The process shuts down, or a defect was hit.
    #[error("it was stopped: {0}")]
    Stopped(String),
}
