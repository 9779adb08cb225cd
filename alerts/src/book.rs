//! What is known of all rules: their alerts, silences, and what was told to whom.
//!
//! Everything here is in memory and pure; [`files`] writes it down.

mod alert;
mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use schemas::UnixNanos;
use serde::{Deserialize, Serialize};

use crate::evaluation::Evaluation;
use crate::figures::Labels;
use crate::instant;
use crate::phase::{Phase, Policy};
use crate::rule::Rule;
use crate::silence::Silence;

pub(crate) use alert::Alert;
pub(crate) use files::{Files, RulesFile, StateFile};

/// A resolved alert is shown for so long.
const RESOLVED_SHOWN: Duration = Duration::from_secs(15 * 60);
/// Nothing is remembered for longer of an alert that is over, or a series that is gone.
const LONGEST_KEPT: Duration = Duration::from_secs(86_400);

/// A rule, and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct ListedRule {
    pub(crate) rule: Arc<Rule>,
    /// Whether it stands in the configuration file, and cannot be changed over the API.
    pub(crate) is_in_file: bool,
}

/// What is known of a rule's alerts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RuleState {
    /// By what makes their series.
    pub(crate) alerts: BTreeMap<Labels, Alert>,
    /// The instant of the last evaluation that succeeded.
    pub(crate) evaluated_at: Option<UnixNanos>,
    /// Why the last evaluation failed.
    pub(crate) error: Option<String>,
    /// Series beyond those that the rule looks at.
    pub(crate) left_out: usize,
}

/// What a receiver was told last of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// When.
    #[serde(with = "instant::text")]
    pub(crate) at: UnixNanos,
    /// The fingerprints of the alerts that it takes to be firing.
    pub(crate) firing: BTreeSet<String>,
}

/// Everything that is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub(crate) rules: BTreeMap<String, ListedRule>,
    /// By rule; also of rules that are gone, until everybody knows that their alerts are.
    pub(crate) states: BTreeMap<String, RuleState>,
    pub(crate) silences: BTreeMap<String, Silence>,
    /// By receiver and rule.
    pub(crate) told: BTreeMap<String, BTreeMap<String, Told>>,
}

impl Book {
    /// The series of a rule of which something is known.
    pub(crate) fn known_series(&self, rule: &str) -> Vec<Labels> {
        let alerts = self.states.get(rule).map(|state| &state.alerts);
        alerts
            .into_iter()
            .flat_map(BTreeMap::keys)
            .cloned()
            .collect()
    }

    /// Notes what a rule found at an instant.
    pub(crate) fn record(&mut self, rule: &Rule, evaluation: &Evaluation, at: UnixNanos) {
        let state = self.states.entry(rule.name().to_owned()).or_default();
        let before = state.evaluated_at.unwrap_or(at);
        let policy = Policy {
            hold_for: rule.hold_for,
            no_data: rule.no_data,
        };
        for series in &evaluation.series {
            let Some(reading) = series.readings.first() else {
                continue;
            };
            let known = state.alerts.get(&series.labels);
            let phase = known.map_or(Phase::Inactive, |alert| alert.phase);
            let next = phase.next(reading.outcome, at, before, policy);
            match next {
                Phase::Inactive if !rule.watches_absence() => {
                    state.alerts.remove(&series.labels);
                }
                Phase::Resolved { .. } if matches!(phase, Phase::Resolved { .. }) => {}
                _ => {
                    let heard_at = match (reading.value, known) {
                        (None, Some(alert)) => alert.heard_at,
                        _ => at,
                    };
                    let alert = Alert::new(rule, &series.labels, next, *reading);
                    let alert = Alert { heard_at, ..alert };
                    state.alerts.insert(series.labels.clone(), alert);
                }
            }
        }
        state.evaluated_at = Some(at);
        state.error = None;
        state.left_out = evaluation.left_out;
    }

    /// Notes that a rule could not be evaluated; its alerts stay as they were.
    pub(crate) fn record_failure(&mut self, rule: &str, error: String) {
        self.states.entry(rule.to_owned()).or_default().error = Some(error);
    }

    /// Ends the alerts of rules that are gone, and forgets what nobody needs any more.
    pub(crate) fn tidy(&mut self, at: UnixNanos) {
        let Self {
            rules,
            states,
            told,
            silences,
        } = self;
        for (name, state) in states.iter_mut() {
            let is_gone = !rules.contains_key(name);
            state.alerts.retain(|_, alert| {
                if is_gone {
                    alert.end(at);
                }
                let is_awaited = told.values().any(|by_rule| {
                    let told = by_rule.get(name);
                    told.is_some_and(|told| told.firing.contains(&alert.fingerprint))
                });
                match alert.phase {
                    Phase::Pending { .. } | Phase::Firing { .. } => true,
                    Phase::Inactive => instant::between(alert.heard_at, at) < LONGEST_KEPT,
                    Phase::Resolved { ends_at, .. } => {
                        let age = instant::between(ends_at, at);
                        age < RESOLVED_SHOWN || is_awaited && age < LONGEST_KEPT
                    }
                }
            });
        }
        states.retain(|name, state| rules.contains_key(name) || !state.alerts.is_empty());
        for by_rule in told.values_mut() {
            by_rule.retain(|rule, told| states.contains_key(rule) && !told.firing.is_empty());
        }
        told.retain(|_, by_rule| !by_rule.is_empty());
        silences.retain(|_, silence| instant::between(silence.until, at) < LONGEST_KEPT);
    }

    /// The silences that keep an alert quiet at an instant.
    pub(crate) fn silenced_by(&self, alert: &Alert, at: UnixNanos) -> Vec<String> {
        let covering = self.silences.values();
        let covering = covering.filter(|silence| silence.covers(&alert.labels, at));
        covering.map(|silence| silence.id.clone()).collect()
    }

    /// All alerts, by rule and series.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.states.values().flat_map(|state| state.alerts.values())
    }
}
