//! The layer of the TOML file: flat keys and tables of alerts, unknown ones refused with their line.

use std::fs;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::alert_tables::{ALERT, AlertTableReader, AlertTables, RECEIVER, Text};
use super::problem::Problem;
use super::resolve::{Given, Source};
use super::suggestion::nearest;
use super::table::{KEYS, Key, key};

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct FromFile {
    pub(super) layer: Vec<Given>,
    pub(super) alert_tables: AlertTables,
}

/// Reads the file; a file that is absent or not TOML is one problem, unknown keys one each.
pub(super) fn read(path: &Path, problems: &mut Vec<Problem>) -> FromFile {
    match fs::read_to_string(path) {
        Ok(text) => parse(path, &text, problems),
        Err(source) => {
            problems.push(Problem::Unreadable {
                path: path.to_owned(),
                source,
            });
            FromFile::default()
        }
    }
}

fn parse(path: &Path, text: &str, problems: &mut Vec<Problem>) -> FromFile {
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            problems.push(Problem::Syntax {
                path: path.to_owned(),
                line: error.span().map_or(1, |span| line_of(text, span.start)),
                message: error.message().to_owned(),
            });
            return FromFile::default();
        }
    };
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);

    let mut layer = Vec::new();
    let mut alert_tables = AlertTableReader::new(Text { path, text });
    for (name, value) in entries {
        let tables = [ALERT, RECEIVER]
            .into_iter()
            .find(|table| table == name.get_ref());
        if let Some(table) = tables {
            alert_tables.read(table, value);
            continue;
        }
        let line = line_of(text, name.span().start);
        let Some(key) = key(name.get_ref()) else {
            problems.push(Problem::UnknownKey {
                path: path.to_owned(),
                line,
                name: name.get_ref().to_string(),
                suggestion: nearest(name.get_ref(), names().map(str::to_owned)),
            });
            continue;
        };
        let source = Source::File {
            path: path.to_owned(),
            line,
        };
        match value_text(key, value.get_ref()) {
            Ok(text) => layer.push(Given {
                key: key.name,
                text,
                source,
            }),
            Err(reason) => problems.push(Problem::BadValue {
                key: key.name,
                value: text.get(value.span()).unwrap_or_default().to_owned(),
                origin: source,
                reason,
                expected: key.expected,
            }),
        }
    }
    FromFile {
        layer,
        alert_tables: alert_tables.finish(problems),
    }
}

/// Every name that a file may have.
fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name).chain([ALERT, RECEIVER])
}

/// Writes a TOML value as the text that a flag would have.
fn value_text(key: &Key, value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(truth) if key.is_bare => Ok(truth.to_string()),
        DeValue::Integer(number) if key.is_bare && number.radix() == 10 => {
            Ok(number.as_str().to_owned())
        }
        DeValue::Array(items) if key.is_list => {
            let texts: Option<Vec<&str>> =
                items.iter().map(|item| item.get_ref().as_str()).collect();
            texts
                .map(|texts| texts.join(","))
                .ok_or_else(|| "an item of the array is not a string".to_owned())
        }
        other => Err(format!("it is of the TOML type {}", other.type_str())),
    }
}

pub(super) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
