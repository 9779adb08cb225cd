//! The two files: what people wrote over the API, and where alerts stand.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use schemas::UnixNanos;
use serde::{Deserialize, Serialize};

use super::{Alert, Book, RuleState, Told};
use crate::rule::RuleSpec;
use crate::silence::Silence;
use crate::{AlertsError, durable, instant};

/// Grows when a reader of the one before could not make sense of a file.
const VERSION: u32 = 1;

/// Where the files are.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    directory: PathBuf,
}

/// Rules and silences that were made over the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RulesFile {
    version: u32,
    pub(crate) rules: Vec<RuleSpec>,
    pub(crate) silences: Vec<Silence>,
}

/// Where alerts stand, and what was told to whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StateFile {
    version: u32,
    rules: BTreeMap<String, KeptState>,
    told: BTreeMap<String, BTreeMap<String, Told>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeptState {
    #[serde(with = "instant::optional_text")]
    evaluated_at: Option<UnixNanos>,
    alerts: Vec<Alert>,
}

impl Files {
    /// The files of a directory, which is made if it is not there.
    pub(crate) fn in_directory(directory: &Path) -> Result<Self, AlertsError> {
        let made = fs::create_dir_all(directory);
        made.map_err(|source| file_error(directory, source))?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    pub(crate) fn read_rules(&self) -> Result<Option<RulesFile>, AlertsError> {
        let path = self.rules();
        let file: Option<RulesFile> =
            durable::read(&path).map_err(|source| file_error(&path, source))?;
        check_version(&path, file.as_ref().map(|file| file.version))?;
        Ok(file)
    }

    pub(crate) fn read_state(&self) -> Result<Option<StateFile>, AlertsError> {
        let path = self.state();
        let file: Option<StateFile> =
            durable::read(&path).map_err(|source| file_error(&path, source))?;
        check_version(&path, file.as_ref().map(|file| file.version))?;
        Ok(file)
    }

    /// Replaces the rules; they are on the disk afterwards.
    pub(crate) fn write_rules(&self, rules: &RulesFile) -> Result<(), AlertsError> {
        write(&self.rules(), rules)
    }

    /// Replaces the state; it is on the disk afterwards.
    pub(crate) fn write_state(&self, state: &StateFile) -> Result<(), AlertsError> {
        write(&self.state(), state)
    }

    fn rules(&self) -> PathBuf {
        self.directory.join("rules.json")
    }

    fn state(&self) -> PathBuf {
        self.directory.join("state.json")
    }
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), AlertsError> {
    let written = durable::json(value).and_then(|content| durable::replace(path, &content));
    written.map_err(|source| file_error(path, source))
}

fn check_version(path: &Path, version: Option<u32>) -> Result<(), AlertsError> {
    match version {
        None | Some(VERSION) => Ok(()),
        Some(version) => {
            let problem = format!("it has the version {version}, which this program does not know");
            Err(file_error(path, io::Error::other(problem)))
        }
    }
}

fn file_error(path: &Path, source: io::Error) -> AlertsError {
    AlertsError::File {
        path: path.to_owned(),
        source,
    }
}

impl RulesFile {
    /// The rules and silences of the API.
    pub(crate) fn of(book: &Book) -> Self {
        let of_api = book.rules.values().filter(|listed| !listed.is_in_file);
        Self {
            version: VERSION,
            rules: of_api.map(|listed| listed.rule.spec().clone()).collect(),
            silences: book.silences.values().cloned().collect(),
        }
    }
}

impl StateFile {
    /// Where all alerts stand.
    pub(crate) fn of(book: &Book) -> Self {
        let kept = book.states.iter().map(|(rule, state)| {
            let kept = KeptState {
                evaluated_at: state.evaluated_at,
                alerts: state.alerts.values().cloned().collect(),
            };
            (rule.clone(), kept)
        });
        Self {
            version: VERSION,
            rules: kept.filter(|(_, kept)| !kept.alerts.is_empty()).collect(),
            told: book.told.clone(),
        }
    }

    /// Puts the state back.
    pub(crate) fn restore(self, book: &mut Book) {
        let states = self.rules.into_iter().map(|(rule, kept)| {
            let alerts = kept.alerts.into_iter();
            let state = RuleState {
                alerts: alerts.map(|alert| (alert.series.clone(), alert)).collect(),
                evaluated_at: kept.evaluated_at,
                ..RuleState::default()
            };
            (rule, state)
        });
        book.states = states.collect();
        book.told = self.told;
    }
}
