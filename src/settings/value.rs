//! The types of setting values: read from text, written as TOML.

mod byte_size;
mod duration;
mod http_url;
mod labels;
mod listen_address;
mod log;
mod origins;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use byte_size::ByteSize;
pub(crate) use labels::LabelList;
pub(crate) use listen_address::ListenAddress;
pub(crate) use log::{LogFilter, LogFormat};
pub(crate) use origins::OriginList;

/// A value that a setting may have.
///
/// `parse_setting(to_toml without its quotes)` gives the value back.
pub(crate) trait SettingValue: Sized {
    /// The form of a right value, as a noun phrase with an example.
    const EXPECTED: &'static str;
    /// Whether the flag may stand alone, meaning `true`.
    const IS_SWITCH: bool = false;
    /// Whether the value is a comma-separated list, in TOML an array of strings.
    const IS_LIST: bool = false;
    /// Whether the TOML value may be a number or a boolean.
    const IS_BARE: bool = false;

    /// Reads the value; the error says what is wrong in a few words.
    fn parse_setting(text: &str) -> Result<Self, String>;

    /// Writes the value as a TOML value.
    fn to_toml(&self) -> String;
}

/// Writes a text as a TOML string.
pub(super) fn toml_string(text: &str) -> String {
    toml::Value::from(text).to_string()
}

impl SettingValue for PathBuf {
    const EXPECTED: &'static str = "a path, such as ./spanhouse-data";

    fn parse_setting(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("the path is empty".to_owned()),
            _ => Ok(Self::from(text)),
        }
    }

    fn to_toml(&self) -> String {
        toml_string(&self.to_string_lossy())
    }
}

impl SettingValue for bool {
    const EXPECTED: &'static str = "true or false";
    const IS_SWITCH: bool = true;
    const IS_BARE: bool = true;

    fn parse_setting(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("it is neither".to_owned()),
        }
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for NonZeroUsize {
    const EXPECTED: &'static str = "a whole number above zero, such as 4096";
    const IS_BARE: bool = true;

    fn parse_setting(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error: std::num::ParseIntError| error.to_string())
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for Duration {
    const EXPECTED: &'static str = "a duration with its unit, such as 500ms, 30s, 5m or 1h30m";

    fn parse_setting(text: &str) -> Result<Self, String> {
        duration::parse(text)
    }

    fn to_toml(&self) -> String {
        toml_string(&duration::write(*self))
    }
}
