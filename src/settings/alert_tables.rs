//! The tables `[[alert]]` and `[[receiver]]` of the TOML file.

use std::path::Path;

use alerts::{Conflict, ConflictOf, InvalidSetting, Receiver, ReceiverSpec, Rule, RuleSpec};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::file::line_of;
use super::problem::Problem;
use super::suggestion::nearest;

/// Alert rules and receivers, checked each by itself and all together.
#[derive(Debug, Default)]
pub(crate) struct AlertTables {
    /// The rules.
    pub(crate) rules: Vec<Rule>,
    /// Whom alerts are told to.
    pub(crate) receivers: Vec<Receiver>,
}

/// The names of the tables.
pub(super) const ALERT: &str = "alert";
pub(super) const RECEIVER: &str = "receiver";

/// A file that tables are read from.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

/// The tables of a file as they are read, each with its line.
pub(super) struct AlertTableReader<'a> {
    file: Text<'a>,
    rules: Vec<(usize, Rule)>,
    receivers: Vec<(usize, Receiver)>,
    problems: Vec<Problem>,
}

impl<'a> AlertTableReader<'a> {
    pub(super) fn new(file: Text<'a>) -> Self {
        Self {
            file,
            rules: Vec::new(),
            receivers: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Reads all tables of a name; wrong ones are problems.
    pub(super) fn read(&mut self, name: &'static str, tables: &Spanned<DeValue<'_>>) {
        let file = self.file;
        let DeValue::Array(tables) = tables.get_ref() else {
            let line = line_of(file.text, tables.span().start);
            let reason = format!("it is not a list of tables; each begins with [[{name}]]");
            self.problems.push(bad_table(file, line, name, reason));
            return;
        };
        for table in tables {
            let line = line_of(file.text, table.span().start);
            if name == ALERT {
                match checked(file, name, table, &RuleSpec::FIELDS, Rule::check) {
                    Ok(rule) => self.rules.push((line, rule)),
                    Err(found) => self.problems.extend(found),
                }
            } else {
                match checked(file, name, table, &ReceiverSpec::FIELDS, Receiver::check) {
                    Ok(receiver) => self.receivers.push((line, receiver)),
                    Err(found) => self.problems.extend(found),
                }
            }
        }
    }

    /// All tables, once they are read. Those that do not go together are problems, too; it is not
    /// known which those are while one is wrong by itself.
    pub(super) fn finish(self, problems: &mut Vec<Problem>) -> AlertTables {
        let Self { file, .. } = self;
        let (rule_lines, rules): (Vec<_>, Vec<_>) = self.rules.into_iter().unzip();
        let (receiver_lines, receivers): (Vec<_>, Vec<_>) = self.receivers.into_iter().unzip();
        if self.problems.is_empty() {
            for Conflict { of, problem } in alerts::conflicts(&rules, &receivers) {
                let (line, name) = match of {
                    ConflictOf::Rule(position) => (rule_lines[position], ALERT),
                    ConflictOf::Receiver(position) => (receiver_lines[position], RECEIVER),
                };
                problems.push(bad_table(file, line, name, problem.to_string()));
            }
        }
        problems.extend(self.problems);
        AlertTables { rules, receivers }
    }
}

/// Reads one table and checks it.
fn checked<Spec: DeserializeOwned, Checked>(
    file: Text<'_>,
    name: &'static str,
    table: &Spanned<DeValue<'_>>,
    fields: &[&str],
    check: impl Fn(Spec) -> Result<Checked, InvalidSetting>,
) -> Result<Checked, Vec<Problem>> {
    let line = line_of(file.text, table.span().start);
    let unknown = unknown_fields(file, name, table.get_ref(), fields);
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let spec = Spec::deserialize(ValueDeserializer::from(table.clone()));
    let reason = match spec.map(check) {
        Ok(Ok(checked)) => return Ok(checked),
        Ok(Err(invalid)) => invalid.to_string(),
        Err(error) => error.message().to_owned(),
    };
    Err(vec![bad_table(file, line, name, reason)])
}

fn unknown_fields(
    file: Text<'_>,
    table_name: &str,
    table: &DeValue<'_>,
    fields: &[&str],
) -> Vec<Problem> {
    let DeValue::Table(table) = table else {
        return Vec::new();
    };
    let problems = table.keys().filter_map(|key| {
        let name: &str = key.get_ref();
        let suggestion = || nearest(name, fields.iter().map(|field| (*field).to_owned()));
        (!fields.contains(&name)).then(|| Problem::UnknownField {
            path: file.path.to_owned(),
            line: line_of(file.text, key.span().start),
            table: table_name.to_owned(),
            name: name.to_owned(),
            suggestion: suggestion(),
        })
    });
    problems.collect()
}

fn bad_table(file: Text<'_>, line: usize, name: &'static str, reason: String) -> Problem {
    Problem::BadTable {
        path: file.path.to_owned(),
        line,
        name,
        reason,
    }
}
