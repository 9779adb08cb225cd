//! Colours.

use crate::cli::terminal::Terminal;

pub(super) const RED: &str = "31";
pub(super) const YELLOW: &str = "33";
pub(super) const DIM: &str = "2";
pub(super) const BOLD: &str = "1";

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    is_on: bool,
}

impl Paint {
    pub(super) fn of(terminal: Terminal) -> Self {
        Self {
            is_on: terminal.is_coloured,
        }
    }

    pub(super) fn style(self, code: &str, text: &str) -> String {
        match self.is_on {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    pub(super) fn style_if(self, condition: bool, code: &str, text: &str) -> String {
        match condition {
            true => self.style(code, text),
            false => text.to_owned(),
        }
    }
}
