//! What stdout can show: its width, and whether colours.

use std::env;
use std::io::{self, IsTerminal};

/// The width taken where stdout is no terminal.
const PLAIN_WIDTH: usize = 120;

/// The abilities of stdout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    /// Columns a line may take.
    pub(super) width: usize,
    /// Whether colours may be used.
    pub(super) is_coloured: bool,
}

impl Terminal {
    /// Looks at stdout, `NO_COLOR`, `TERM` and `COLUMNS`.
    pub(super) fn of_stdout() -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let forbids_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env::var_os("TERM").is_some_and(|value| value == "dumb");
        let asked: Option<usize> = env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        let measured = rustix::termios::tcgetwinsize(&stdout)
            .ok()
            .map(|size| usize::from(size.ws_col));
        Self {
            width: measured
                .or(asked)
                .filter(|width| *width > 0)
                .unwrap_or(PLAIN_WIDTH),
            is_coloured: is_terminal && !forbids_colour,
        }
    }
}
