//! Structured logs on stderr; stdout is for what was asked for.

use std::io::{self, IsTerminal};

use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::{LogFormat, Settings};

/// Sends the process's log events to stderr from here on.
///
/// # Errors
/// When it is called a second time.
pub(crate) fn start(settings: &Settings) -> anyhow::Result<()> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(settings.log_level.to_env_filter())
        .with_writer(io::stderr);
    let outcome = match settings.log_format {
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
        LogFormat::Human => {
            let has_no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let is_coloured = io::stderr().is_terminal() && !has_no_color;
            builder.with_ansi(is_coloured).finish().try_init()
        }
    };
    Ok(outcome?)
}
