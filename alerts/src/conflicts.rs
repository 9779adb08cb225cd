//! Rules and receivers that are right alone and wrong together.

use std::collections::HashSet;

use crate::notification::Receiver;
use crate::rule::{InvalidSetting, Rule};

/// A rule or a receiver that does not go with the others of its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Which one.
    pub of: ConflictOf,
    /// What is wrong with it, and what would be right.
    pub problem: InvalidSetting,
}

/// Which of some rules and receivers: its position in their list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictOf {
    /// A receiver.
    Receiver(usize),
    /// A rule.
    Rule(usize),
}

/// What is wrong with rules and receivers that come together: names that one before has already,
/// and receivers that are not there. Receivers first, each in the order of its list.
pub fn conflicts(rules: &[Rule], receivers: &[Receiver]) -> Vec<Conflict> {
    let receiver_names: Vec<&str> = receivers.iter().map(Receiver::name).collect();
    let rule_names: Vec<&str> = rules.iter().map(Rule::name).collect();
    let of_receivers = taken_names("receiver", &receiver_names)
        .map(|(position, problem)| (ConflictOf::Receiver(position), problem));
    let of_names = taken_names("rule", &rule_names);
    let unknown = rules.iter().enumerate().filter_map(|(position, rule)| {
        let problem = unknown_receiver(rule, &receiver_names)?;
        Some((position, problem))
    });
    let mut of_rules: Vec<_> = of_names.chain(unknown).collect();
    of_rules.sort_by_key(|(position, _)| *position);
    let of_rules = of_rules
        .into_iter()
        .map(|(position, problem)| (ConflictOf::Rule(position), problem));
    of_receivers
        .chain(of_rules)
        .map(|(of, problem)| Conflict { of, problem })
        .collect()
}

fn taken_names(
    what: &'static str,
    names: &[&str],
) -> impl Iterator<Item = (usize, InvalidSetting)> {
    let mut met = HashSet::new();
    let names = names.iter().enumerate();
    names.filter_map(move |(position, name)| {
        let problem = || {
            let problem = format!("another {what} is called `{name}` already");
            InvalidSetting::new("name", problem, "a name of its own")
        };
        (!met.insert(*name)).then(|| (position, problem()))
    })
}

/// The first receiver that a rule names and nobody is called.
pub(crate) fn unknown_receiver(rule: &Rule, receivers: &[&str]) -> Option<InvalidSetting> {
    let mut named = rule.spec().receivers.iter();
    let unknown = named.find(|name| !receivers.contains(&name.as_str()))?;
    let problem = format!(
        "the rule `{}` names `{unknown}`, which is not there",
        rule.name()
    );
    let expected = match receivers {
        [] => "a [[receiver]] of this name in the configuration file".to_owned(),
        names => format!("any of {}", names.join(", ")),
    };
    Some(InvalidSetting::new("receivers", problem, expected))
}
