//! How much is logged, and in which form.

use tracing_subscriber::EnvFilter;

use super::{SettingValue, toml_string};

/// A level, or a list of filters by module, in `tracing`'s notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

impl LogFilter {
    /// The filter as the subscriber takes it.
    ///
    /// At the level `info` the Delta library would tell of each of its steps. That is for those
    /// who ask for it: `info,delta_kernel=info`.
    pub(crate) fn to_env_filter(&self) -> EnvFilter {
        if self.0.trim().eq_ignore_ascii_case("info") {
            return EnvFilter::new("info,delta_kernel=warn");
        }
        EnvFilter::new(&self.0)
    }
}

impl SettingValue for LogFilter {
    const EXPECTED: &'static str =
        "error, warn, info, debug, trace, off, or filters such as info,storage=debug";

    fn parse_setting(text: &str) -> Result<Self, String> {
        const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
        let is_level = LEVELS
            .iter()
            .any(|level| level.eq_ignore_ascii_case(text.trim()));
        // A lone word that is no level would be read as the name of a module and silence the rest.
        if !is_level && !text.contains('=') {
            return Err("it is not a level".to_owned());
        }
        match EnvFilter::try_new(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(error.to_string()),
        }
    }

    fn to_toml(&self) -> String {
        toml_string(&self.0)
    }
}

/// The form of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One line an event for people.
    Human,
    /// One JSON object an event.
    Json,
}

impl SettingValue for LogFormat {
    const EXPECTED: &'static str = "human or json";

    fn parse_setting(text: &str) -> Result<Self, String> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err("it is neither".to_owned()),
        }
    }

    fn to_toml(&self) -> String {
        toml_string(match self {
            Self::Human => "human",
            Self::Json => "json",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_levels_or_directives() {
        for right in ["info", "WARN", "off", "info,storage=debug"] {
            assert!(LogFilter::parse_setting(right).is_ok(), "{right}");
        }
        for wrong in ["", "loud", "storage", "storage=loud"] {
            assert!(LogFilter::parse_setting(wrong).is_err(), "{wrong}");
        }
    }
}
