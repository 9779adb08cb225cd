//! Settings: flags > environment `SPANHOUSE_*` > TOML file > defaults.
//!
//! ```text
//! flags ─┐
//! env  ──┼─► layers of (key, text, source) ─► the strongest per key ─► parsed once ─► Settings
//! file ──┤        unknown keys refused here        bad values refused here
//! table ─┘
//! ```
//!
//! [`table`] is the one list of keys: flags, environment names, file keys, `--help` and
//! `check-config` are all read from it.

mod alert_tables;
mod arguments;
mod environment;
mod file;
mod problem;
mod resolve;
mod suggestion;
mod table;
mod value;

pub(crate) use alert_tables::AlertTables;
pub(crate) use arguments::SettingArguments;
pub(crate) use problem::SettingsError;
pub(crate) use resolve::{EffectiveSettings, Inputs};
#[cfg(test)]
pub(crate) use table::KEYS;
pub(crate) use table::Settings;
pub(crate) use value::{ListenAddress, LogFormat, OriginList};
