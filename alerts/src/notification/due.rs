//! What a receiver has to be told; pure.

use std::collections::BTreeSet;

use schemas::UnixNanos;

use super::Receiver;
use crate::book::{Alert, Book, RuleState, Told};
use crate::instant;
use crate::phase::Phase;

/// What a receiver has to be told of a rule now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Due {
    pub(crate) rule: String,
    pub(crate) firing: Vec<Alert>,
    pub(crate) resolved: Vec<Alert>,
    /// What it will have been told.
    pub(crate) told: Told,
}

impl Due {
    /// Whether there is nothing to say, only to remember.
    pub(crate) fn is_silent(&self) -> bool {
        self.firing.is_empty() && self.resolved.is_empty()
    }
}

/// What a receiver has to be told: for each rule whose firing alerts are not those that it was told
/// of, or that it was told of long ago.
pub(crate) fn due(receiver: &Receiver, book: &Book, now: UnixNanos) -> Vec<Due> {
    let told = book.told.get(&receiver.name);
    let rules = book.states.iter().filter_map(|(rule, state)| {
        let told = told.and_then(|told| told.get(rule));
        // Of a rule that is gone, whoever was told that it fires is told that it does not.
        let is_wanted = book.rules.get(rule).is_some_and(|listed| {
            let names = &listed.rule.spec().receivers;
            names.is_empty() || names.contains(&receiver.name)
        });
        if !is_wanted && told.is_none() {
            return None;
        }
        of_rule(receiver, book, (rule, state), told, now)
    });
    rules.collect()
}

fn of_rule(
    receiver: &Receiver,
    book: &Book,
    (rule, state): (&String, &RuleState),
    told: Option<&Told>,
    now: UnixNanos,
) -> Option<Due> {
    let was_told =
        |alert: &Alert| told.is_some_and(|told| told.firing.contains(&alert.fingerprint));
    let alerts = || state.alerts.values();
    let still = alerts().filter(|alert| alert.phase.is_firing() && was_told(alert));
    let loud = |alert: &&Alert| alert.phase.is_firing() && book.silenced_by(alert, now).is_empty();
    let firing: Vec<Alert> = alerts().filter(loud).cloned().collect();
    let ended = |alert: &&Alert| matches!(alert.phase, Phase::Resolved { .. }) && was_told(alert);
    let resolved: Vec<Alert> = alerts().filter(ended).cloned().collect();

    let known = firing.iter().chain(still);
    let known: BTreeSet<String> = known.map(|alert| alert.fingerprint.clone()).collect();
    let is_news = told.map_or(!known.is_empty(), |told| told.firing != known);
    let is_repeat = told.is_some_and(|told| {
        !firing.is_empty() && instant::between(told.at, now) >= receiver.repeat
    });
    (is_news || is_repeat).then(|| {
        let tells_end = receiver.tells_resolved;
        // An end alone is no reason to repeat what still fires, where ends are not told.
        let has_new = firing.iter().any(|alert| !was_told(alert));
        let says_firing = has_new || is_repeat || tells_end;
        Due {
            rule: rule.clone(),
            firing: if says_firing { firing } else { Vec::new() },
            resolved: if tells_end { resolved } else { Vec::new() },
            told: Told {
                at: now,
                firing: known,
            },
        }
    })
}
