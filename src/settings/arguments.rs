//! The table of settings as command-line flags.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::SettingsError;
use super::resolve::{EffectiveSettings, Inputs};
use super::table::{KEYS, Key};

const HEADING: &str = "Settings (flag > environment > file > default)";

/// The flags of every setting, and `--config`.
///
/// Written by hand in place of clap's derive, so that the flags come from the table.
#[derive(Debug, Clone)]
pub(crate) struct SettingArguments {
    flags: Vec<(&'static str, String)>,
    config: Option<PathBuf>,
}

impl SettingArguments {
    /// Resolves these flags together with the environment and the file.
    ///
    /// # Errors
    /// Every problem found in any of the sources.
    pub(crate) fn resolve(self) -> Result<EffectiveSettings, SettingsError> {
        EffectiveSettings::resolve(Inputs::of_process(self.flags, self.config))
    }
}

impl clap::FromArgMatches for SettingArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = KEYS.iter().filter_map(|key| {
            let text: Option<&String> = matches.get_one(key.name);
            text.map(|text| (key.name, text.clone()))
        });
        Ok(Self {
            flags: given.collect(),
            config: matches.get_one("config").cloned(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for SettingArguments {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(
                "TOML file with settings \
                 [env: SPANHOUSE_CONFIG] [default: ./spanhouse.toml, if present]",
            )
            .help_heading(HEADING);
        command.arg(config).args(KEYS.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn argument(key: &'static Key) -> Arg {
    let description: String = key.description.concat();
    let help = format!(
        "{} [env: {}] [default: {}]",
        description.trim(),
        key.environment_variable(),
        key.default
    );
    let argument = Arg::new(key.name)
        .long(key.flag())
        .value_name(key.value_name)
        .action(ArgAction::Set)
        .help(help)
        .help_heading(HEADING);
    if key.is_switch {
        return argument
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true");
    }
    argument
}
