//! What can be wrong with settings, told so that it can be mended at once.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::resolve::Source;

/// Every problem found in the settings; never empty.
#[derive(Debug)]
pub(crate) struct SettingsError(pub(super) Vec<Problem>);

impl fmt::Display for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0.as_slice() {
            return only.fmt(formatter);
        }
        write!(formatter, "{} problems with the settings:", self.0.len())?;
        for problem in &self.0 {
            write!(formatter, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

/// One problem.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The file has a key that is not in the table.
    #[error("{}:{line}: unknown key `{name}`{}", path.display(), hint(suggestion.as_deref()))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The key as written.
        name: String,
        /// The nearest right key, if one is near.
        suggestion: Option<String>,
    },
    /// A variable `SPANHOUSE_*` belongs to no key.
    #[error("unknown environment variable {name}{}", hint(suggestion.as_deref()))]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The nearest right variable, if one is near.
        suggestion: Option<String>,
    },
    /// A variable's value is not UTF-8.
    #[error("environment variable {name}: the value is not UTF-8")]
    NotUtf8 {
        /// The variable.
        name: String,
    },
    /// A value cannot be read.
    #[error("{origin}: {key} cannot be `{value}`: {reason}; expected {expected}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// The value as written.
        value: String,
        /// Where it was written.
        origin: Source,
        /// What is wrong with it.
        reason: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Two values are right alone and wrong together.
    #[error(
        "{content_origin}: {content} is too large for {container} ({container_origin}): {consequence}"
    )]
    TooLarge {
        /// The setting that is too large, with its value.
        content: String,
        /// Where it was written.
        content_origin: Source,
        /// The setting that it does not fit, with its value.
        container: String,
        /// Where that was written.
        container_origin: Source,
        /// What must be, or what would come of it.
        consequence: &'static str,
    },
    /// A table of the file has a key that such tables do not have.
    #[error("{}:{line}: [[{table}]] has no key `{name}`{}", path.display(), hint_of_table(suggestion.as_deref()))]
    UnknownField {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The table's name.
        table: String,
        /// The key as written.
        name: String,
        /// The nearest right key, if one is near.
        suggestion: Option<String>,
    },
    /// A table of the file is wrong.
    #[error("{}:{line}: [[{name}]]: {reason}", path.display())]
    BadTable {
        /// The file.
        path: PathBuf,
        /// The line of its beginning, from 1.
        line: usize,
        /// The table's name.
        name: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The parser's words.
        message: String,
    },
}

fn hint_of_table(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(name) => format!("; did you mean `{name}`?"),
        None => "; docs/alerts.md lists the right ones".to_owned(),
    }
}

fn hint(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(name) => format!("; did you mean `{name}`?"),
        None => "; `spanhouse check-config` lists the right ones".to_owned(),
    }
}
