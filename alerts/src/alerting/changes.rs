//! Changes over the API: written to the disk first, then in force.

use std::sync::Arc;

use uuid::Uuid;

use super::{Alerting, check_receivers};
use crate::AlertsError;
use crate::book::{Book, ListedRule, RulesFile};
use crate::notification::Receiver;
use crate::rule::{Rule, RuleSpec};
use crate::silence::Silence;

const MOST_RULES: usize = 1_000;
const MOST_SILENCES: usize = 1_000;

impl Alerting {
    /// Adds a rule.
    pub(crate) async fn add_rule(&self, spec: RuleSpec) -> Result<ListedRule, AlertsError> {
        let rule = self.checked(spec)?;
        self.change(|book| {
            if book.rules.contains_key(rule.name()) {
                let name = format!("a rule called {:?}", rule.name());
                return Err(AlertsError::NameTaken(name));
            }
            if book.rules.len() >= MOST_RULES {
                return Err(AlertsError::TooMany(format!("{MOST_RULES} rules")));
            }
            Ok(put(book, &rule))
        })
        .await
    }

    /// Replaces the rule called `name`, or adds it.
    pub(crate) async fn put_rule(&self, spec: RuleSpec) -> Result<ListedRule, AlertsError> {
        let rule = self.checked(spec)?;
        self.change(|book| {
            let is_new = match book.rules.get(rule.name()) {
                Some(listed) if listed.is_in_file => {
                    return Err(AlertsError::InFile(rule.name().to_owned()));
                }
                listed => listed.is_none(),
            };
            if is_new && book.rules.len() >= MOST_RULES {
                return Err(AlertsError::TooMany(format!("{MOST_RULES} rules")));
            }
            Ok(put(book, &rule))
        })
        .await
    }

    /// Removes a rule; its alerts end with the next evaluation.
    pub(crate) async fn delete_rule(&self, name: &str) -> Result<(), AlertsError> {
        self.change(|book| match book.rules.get(name) {
            None => Err(AlertsError::NotFound(format!("rule called {name:?}"))),
            Some(listed) if listed.is_in_file => Err(AlertsError::InFile(name.to_owned())),
            Some(_) => {
                book.rules.remove(name);
                Ok(())
            }
        })
        .await
    }

    /// Adds a silence; its id is given to it.
    pub(crate) async fn add_silence(&self, silence: Silence) -> Result<Silence, AlertsError> {
        let silence = Silence {
            id: Uuid::new_v4().to_string(),
            ..silence.check(self.now())?
        };
        self.change(|book| {
            if book.silences.len() >= MOST_SILENCES {
                return Err(AlertsError::TooMany(format!("{MOST_SILENCES} silences")));
            }
            book.silences.insert(silence.id.clone(), silence.clone());
            Ok(silence.clone())
        })
        .await
    }

    /// Ends a silence.
    pub(crate) async fn delete_silence(&self, id: &str) -> Result<(), AlertsError> {
        self.change(|book| match book.silences.remove(id) {
            Some(_) => Ok(()),
            None => Err(AlertsError::NotFound(format!("silence with the id {id:?}"))),
        })
        .await
    }

    /// Checks a rule, also that its receivers are there.
    pub(crate) fn checked(&self, spec: RuleSpec) -> Result<Rule, AlertsError> {
        let rule = Rule::check(spec)?;
        let receivers = self.shared.receivers.iter();
        let names: Vec<&str> = receivers
            .map(|(receiver, _)| Receiver::name(receiver))
            .collect();
        check_receivers(&rule, &names)?;
        Ok(rule)
    }

    /// Makes a change of rules or silences durable, then puts it in force.
    async fn change<T>(
        &self,
        change: impl Fn(&mut Book) -> Result<T, AlertsError>,
    ) -> Result<T, AlertsError> {
        let shared = Arc::clone(&self.shared);
        let _writing = shared.writing.lock().await;
        let file = {
            let mut changed = shared.book().clone();
            change(&mut changed)?;
            RulesFile::of(&changed)
        };
        let files = shared.files.clone();
        let written = tokio::task::spawn_blocking(move || files.write_rules(&file)).await;
        written.map_err(|error| AlertsError::Stopped(error.to_string()))??;
        // Evaluations went on meanwhile; rules and silences change under `writing` alone.
        let outcome = change(&mut shared.book());
        shared.changed();
        outcome
    }
}

fn put(book: &mut Book, rule: &Rule) -> ListedRule {
    let listed = ListedRule {
        rule: Arc::new(rule.clone()),
        is_in_file: false,
    };
    book.rules.insert(rule.name().to_owned(), listed.clone());
    listed
}
