//! The phases of an alert; pure.
//!
//! ```text
//!   inactive ──holds──► pending ──holds for long enough──► firing ──holds no more──► resolved
//!       ▲                  │                                  ▲                          │
//!       └──holds no more───┘                                  └───────holds again────────┘
//! ```

use std::time::Duration;

use schemas::UnixNanos;
use serde::{Deserialize, Serialize};

use crate::evaluation::Outcome;
use crate::instant;
use crate::rule::NoData;

/// A pending alert that was not looked at for longer begins anew: nobody knows whether its
/// condition held meanwhile.
pub(crate) const LONGEST_GAP: Duration = Duration::from_secs(300);

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "phase")]
pub(crate) enum Phase {
    /// The condition does not hold; the series is remembered because its absence matters.
    Inactive,
    /// The condition holds, not yet for long enough.
    Pending {
        #[serde(with = "instant::text")]
        since: UnixNanos,
    },
    /// The condition has held for long enough.
    Firing {
        /// Since when the condition holds.
        #[serde(with = "instant::text")]
        since: UnixNanos,
        /// When it began to fire.
        #[serde(with = "instant::text")]
        starts_at: UnixNanos,
    },
    /// It fired, and the condition holds no more.
    Resolved {
        #[serde(with = "instant::text")]
        starts_at: UnixNanos,
        #[serde(with = "instant::text")]
        ends_at: UnixNanos,
    },
}

/// What moves an alert from phase to phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) hold_for: Duration,
    pub(crate) no_data: NoData,
}

impl Phase {
    /// The phase after an evaluation at `at`, when the one before was at `before`.
    pub(crate) fn next(
        self,
        outcome: Outcome,
        at: UnixNanos,
        before: UnixNanos,
        policy: Policy,
    ) -> Self {
        let holds = match (outcome, policy.no_data) {
            (Outcome::NoData, NoData::Keep) => return self,
            (Outcome::Holds, _) | (Outcome::NoData, NoData::Alert) => true,
            (Outcome::HoldsNot, _) | (Outcome::NoData, NoData::Ok) => false,
        };
        match self {
            Self::Inactive | Self::Pending { .. } if !holds => Self::Inactive,
            Self::Resolved { .. } if !holds => self,
            Self::Firing { starts_at, .. } if !holds => Self::Resolved {
                starts_at,
                ends_at: at,
            },
            Self::Firing { .. } => self,
            Self::Inactive | Self::Resolved { .. } => Self::held(at, at, policy),
            Self::Pending { since } => {
                let has_gap = instant::between(before, at) > LONGEST_GAP;
                Self::held(if has_gap { at } else { since }, at, policy)
            }
        }
    }

    fn held(since: UnixNanos, at: UnixNanos, policy: Policy) -> Self {
        match instant::between(since, at) >= policy.hold_for {
            true => Self::Firing {
                since,
                starts_at: at,
            },
            false => Self::Pending { since },
        }
    }

    /// Since when the condition holds, if it does.
    pub(crate) fn over_since(self) -> Option<UnixNanos> {
        match self {
            Self::Pending { since } | Self::Firing { since, .. } => Some(since),
            Self::Inactive | Self::Resolved { .. } => None,
        }
    }

    /// The name in answers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending { .. } => "pending",
            Self::Firing { .. } => "firing",
            Self::Resolved { .. } => "resolved",
        }
    }

    pub(crate) const fn is_firing(self) -> bool {
        matches!(self, Self::Firing { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: i64) -> UnixNanos {
        UnixNanos(seconds * 1_000_000_000)
    }

    /// Runs evaluations every 10 s from second 0, one a letter: `x` holds, `.` does not, `?` has no
    /// data, a space is left out. Gives a letter for each phase.
    fn run(hold_for: u64, no_data: NoData, evaluations: &str) -> String {
        let policy = Policy {
            hold_for: Duration::from_secs(hold_for),
            no_data,
        };
        let (mut phase, mut before, mut at) = (Phase::Inactive, second(0), second(0));
        let letters = evaluations.chars().map(|letter| {
            let outcome = match letter {
                'x' => Some(Outcome::Holds),
                '.' => Some(Outcome::HoldsNot),
                '?' => Some(Outcome::NoData),
                _ => None,
            };
            if let Some(outcome) = outcome {
                phase = phase.next(outcome, at, before, policy);
                before = at;
            }
            at = instant::after(at, Duration::from_secs(10));
            match phase {
                Phase::Inactive => 'i',
                Phase::Pending { .. } => 'p',
                Phase::Firing { .. } => 'F',
                Phase::Resolved { .. } => 'r',
            }
        });
        letters.collect()
    }

    #[test]
    fn a_condition_leads_through_the_phases() {
        let check = |hold_for, evaluations: &str, expect: &str| {
            assert_eq!(
                run(hold_for, NoData::Ok, evaluations),
                expect,
                "{evaluations}"
            );
        };
        check(0, "..xx..x", "iiFFrrF");
        check(10, "..xx..x", "iipFrrp");
        check(30, "xxxxx.", "pppFFr");
        check(30, "xx.xxxx", "ppipppF");
        check(25, "xxxx", "pppF");
        check(10, "xx?", "pFr");
        // A short gap counts, in a long one the condition may have failed.
        check(30, "x  x", "pppF");
        check(
            30,
            &format!("x{}xx", " ".repeat(31)),
            &format!("{}pp", "p".repeat(32)),
        );
    }

    #[test]
    fn the_absence_of_calls_means_what_the_rule_says() {
        assert_eq!(run(10, NoData::Ok, "xx??"), "pFrr");
        assert_eq!(run(10, NoData::Keep, "xx??x?.?"), "pFFFFFrr");
        assert_eq!(run(10, NoData::Alert, ".??."), "ipFr");
    }

    #[test]
    fn an_alert_starts_when_it_fires_and_is_over_since_the_condition_holds() {
        let policy = Policy {
            hold_for: Duration::from_secs(20),
            no_data: NoData::Ok,
        };
        let mut phase = Phase::Inactive;
        for seconds in [100, 110, 120, 130] {
            phase = phase.next(
                Outcome::Holds,
                second(seconds),
                second(seconds - 10),
                policy,
            );
        }
        let firing = Phase::Firing {
            since: second(100),
            starts_at: second(120),
        };
        assert_eq!((phase, phase.over_since()), (firing, Some(second(100))));
        let resolved = phase.next(Outcome::HoldsNot, second(140), second(130), policy);
        let (starts_at, ends_at) = (second(120), second(140));
        assert_eq!(resolved, Phase::Resolved { starts_at, ends_at });
    }
}
