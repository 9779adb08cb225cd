//! Lays the sources over each other and parses what is left on top.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use super::alert_tables::AlertTables;
use super::environment::{self, CONFIG_VARIABLE};
use super::file::{self, FromFile};
use super::problem::{Problem, SettingsError};
use super::table::{KEYS, Settings, key};
use super::value::SettingValue;

/// The file that is read from the working directory when none is named.
const DEFAULT_FILE: &str = "spanhouse.toml";

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A flag, with its dashes.
    Flag(String),
    /// An environment variable.
    Environment(String),
    /// A line, from 1, of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// Nowhere: the table's default.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(formatter, "flag {flag}"),
            Self::Environment(name) => write!(formatter, "environment variable {name}"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Default => formatter.write_str("default"),
        }
    }
}

/// One key's text from one source.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) key: &'static str,
    pub(super) text: String,
    pub(super) source: Source,
}

/// Everything that settings are made of, read from the process once, at its start.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// Values given by flags, by key.
    pub(crate) flags: Vec<(&'static str, String)>,
    /// The file named by `--config`.
    pub(crate) config: Option<PathBuf>,
    /// The whole environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// The directory in which `spanhouse.toml` is looked for.
    pub(crate) working_directory: PathBuf,
}

impl Inputs {
    /// Takes the environment and the working directory of this process.
    pub(crate) fn of_process(flags: Vec<(&'static str, String)>, config: Option<PathBuf>) -> Self {
        Self {
            flags,
            config,
            environment: std::env::vars_os().collect(),
            working_directory: PathBuf::from("."),
        }
    }
}

/// The strongest text of each key.
#[derive(Debug)]
pub(super) struct Layered(BTreeMap<&'static str, Given>);

impl Layered {
    /// Lays later layers over earlier ones, and all over the defaults.
    fn new(layers: impl IntoIterator<Item = Vec<Given>>) -> Self {
        let defaults = KEYS.iter().map(|key| Given {
            key: key.name,
            text: key.default.to_owned(),
            source: Source::Default,
        });
        let all = defaults.chain(layers.into_iter().flatten());
        Self(all.map(|given| (given.key, given)).collect())
    }

    fn get(&self, name: &str) -> &Given {
        self.0
            .get(name)
            .expect("every key of the table has its default")
    }

    /// Parses one key; `None` when its value is a problem.
    pub(super) fn parse<V: SettingValue>(
        &self,
        name: &'static str,
        problems: &mut Vec<Problem>,
    ) -> Option<V> {
        let given = self.get(name);
        match V::parse_setting(&given.text) {
            Ok(value) => Some(value),
            Err(reason) => {
                problems.push(Problem::BadValue {
                    key: name,
                    value: given.text.clone(),
                    origin: given.source.clone(),
                    reason,
                    expected: V::EXPECTED,
                });
                None
            }
        }
    }
}

/// Valid settings, and where each came from.
#[derive(Debug)]
pub(crate) struct EffectiveSettings {
    /// The settings.
    pub(crate) settings: Settings,
    /// The file that was read, if any.
    pub(crate) file: Option<PathBuf>,
    /// Alert rules and receivers, which only the file has.
    pub(crate) alert_tables: AlertTables,
    layered: Layered,
}

impl EffectiveSettings {
    /// Reads all sources.
    ///
    /// # Errors
    /// Every unknown name, bad value and contradiction found, all at once.
    pub(crate) fn resolve(inputs: Inputs) -> Result<Self, SettingsError> {
        let mut problems = Vec::new();
        let file = settings_file(&inputs);
        let from_file = match &file {
            Some(path) => file::read(path, &mut problems),
            None => FromFile::default(),
        };
        let FromFile {
            layer: from_file,
            alert_tables,
        } = from_file;
        let from_environment = environment::read(&inputs.environment, &mut problems);
        let from_flags = inputs.flags.into_iter().map(flag_given).collect();

        let layered = Layered::new([from_file, from_environment, from_flags]);
        match Settings::parse(&layered) {
            Ok(settings) => {
                problems.extend(contradictions(&settings, &layered));
                if !problems.is_empty() {
                    return Err(SettingsError(problems));
                }
                Ok(Self {
                    settings,
                    file,
                    alert_tables,
                    layered,
                })
            }
            Err(bad_values) => {
                problems.extend(bad_values);
                Err(SettingsError(problems))
            }
        }
    }

    /// Writes the settings as a TOML file that gives the same settings again, each key with a
    /// comment that says where its value came from.
    pub(crate) fn to_toml(&self) -> String {
        let lines: Vec<(String, &Source)> = KEYS
            .iter()
            .map(|key| {
                let given = self.layered.get(key.name);
                let value = (key.canonical_toml)(&given.text).expect("the value has been parsed");
                (format!("{} = {value}", key.name), &given.source)
            })
            .collect();
        let longest = lines.iter().map(|(line, _)| line.len()).max().unwrap_or(0);
        let written = lines
            .iter()
            .map(|(line, source)| format!("{line:longest$}  # {source}\n"));
        let AlertTables { rules, receivers } = &self.alert_tables;
        let mut written: String = written.collect();
        if !rules.is_empty() || !receivers.is_empty() {
            let (rules, receivers) = (rules.len(), receivers.len());
            let counted =
                format!("# and from the file: {rules} [[alert]], {receivers} [[receiver]]\n");
            written.push_str(&counted);
        }
        written
    }
}

fn flag_given((name, text): (&'static str, String)) -> Given {
    let flag = key(name).map(super::table::Key::flag).unwrap_or_default();
    Given {
        key: name,
        text,
        source: Source::Flag(format!("--{flag}")),
    }
}

/// `--config`, else `SPANHOUSE_CONFIG`, else `spanhouse.toml` if there is one.
fn settings_file(inputs: &Inputs) -> Option<PathBuf> {
    if let Some(path) = &inputs.config {
        return Some(path.clone());
    }
    let variable = inputs
        .environment
        .iter()
        .find(|(name, value)| name == CONFIG_VARIABLE && !value.is_empty());
    if let Some((_, value)) = variable {
        return Some(PathBuf::from(value));
    }
    let default = inputs.working_directory.join(DEFAULT_FILE);
    default.exists().then_some(default)
}

/// What a record of the write-ahead log and its segment's header take beside the request.
const LOG_FRAMING: u64 = 64 << 10;

/// Finds values that are right alone and wrong together.
fn contradictions(settings: &Settings, layered: &Layered) -> Vec<Problem> {
    let request = ("max_request_bytes", settings.max_request_bytes);
    let checks = [
        (
            request,
            LOG_FRAMING,
            ("wal_segment_bytes", settings.wal_segment_bytes),
            "a segment must hold such a request and 64KiB more",
        ),
        (
            request,
            0,
            ("receive_memory", settings.receive_memory),
            "such a request could never be received",
        ),
        (
            request,
            0,
            ("memory_budget", settings.memory_budget),
            "such a request could never be admitted",
        ),
        (
            ("flush_bytes", settings.flush_bytes),
            0,
            ("memory_budget", settings.memory_budget),
            "memory would be full before it is flushed",
        ),
    ];
    let wrong = checks
        .into_iter()
        .filter(|((_, content), extra, (_, container), _)| {
            content.bytes().saturating_add(*extra) > container.bytes()
        });
    let told =
        wrong.map(
            |((content, size), _, (container, room), consequence)| Problem::TooLarge {
                content: format!("{content} = {size}"),
                content_origin: layered.get(content).source.clone(),
                container: format!("{container} = {room}"),
                container_origin: layered.get(container).source.clone(),
                consequence,
            },
        );
    told.collect()
}

#[cfg(test)]
mod tests;
