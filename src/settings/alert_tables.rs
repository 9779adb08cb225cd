//! The tables `[[alert]]` and `[[receiver]]` of the TOML file.

use std::path::Path;

use alerts::{InvalidSetting, Receiver, ReceiverSpec, Rule, RuleSpec};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::file::line_of;
use super::problem::Problem;
use super::suggestion::nearest;

/// Alert rules and receivers, each checked by itself.
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

impl AlertTables {
    /// Reads all tables of a name; wrong ones are problems.
    pub(super) fn read(
        &mut self,
        file: Text<'_>,
        name: &'static str,
        tables: &Spanned<DeValue<'_>>,
        problems: &mut Vec<Problem>,
    ) {
        let DeValue::Array(tables) = tables.get_ref() else {
            let line = line_of(file.text, tables.span().start);
            let reason = format!("it is not a list of tables; each begins with [[{name}]]");
            problems.push(bad_table(file, line, name, reason));
            return;
        };
        for table in tables {
            if name == ALERT {
                let rule = checked(file, name, table, &RuleSpec::FIELDS, Rule::check);
                rule.map_or_else(|found| problems.extend(found), |rule| self.rules.push(rule));
            } else {
                let fields = &ReceiverSpec::FIELDS;
                let receiver = checked(file, name, table, fields, Receiver::check);
                receiver.map_or_else(
                    |found| problems.extend(found),
                    |receiver| self.receivers.push(receiver),
                );
            }
        }
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
