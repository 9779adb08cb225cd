//! Silences: alerts that nobody is to be told of for a while.

use schemas::UnixNanos;
use serde::{Deserialize, Serialize};

use crate::figures::Labels;
use crate::instant;
use crate::rule::InvalidSetting;

/// So many labels a silence may name.
const MOST_MATCHERS: usize = 32;
const LONGEST_TEXT: usize = 2_000;

/// A silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Silence {
    pub(crate) id: String,
    /// Patterns of labels, all of which must match.
    pub(crate) matchers: Labels,
    #[serde(with = "instant::text")]
    pub(crate) from: UnixNanos,
    #[serde(with = "instant::text")]
    pub(crate) until: UnixNanos,
    pub(crate) comment: String,
    pub(crate) created_by: String,
}

impl Silence {
    /// Checks a silence.
    pub(crate) fn check(self, now: UnixNanos) -> Result<Self, InvalidSetting> {
        let wrong = |field, problem: &str, expected: &str| {
            Err(InvalidSetting::new(field, problem, expected))
        };
        let count = self.matchers.len();
        if count == 0 || count > MOST_MATCHERS {
            let expected = "from 1 to 32 labels, such as {\"alertname\": \"checkout*\"}";
            return wrong("matchers", &format!("there are {count}"), expected);
        }
        if self.until <= self.from || self.until <= now {
            return wrong(
                "until",
                "it is over already",
                "an instant after `from` and now",
            );
        }
        for (field, text) in [("comment", &self.comment), ("createdBy", &self.created_by)] {
            if text.chars().count() > LONGEST_TEXT {
                return wrong(field, "it is too long", "at most 2,000 characters");
            }
        }
        Ok(self)
    }

    /// Whether it keeps an alert with these labels quiet at an instant.
    pub(crate) fn covers(&self, labels: &Labels, at: UnixNanos) -> bool {
        let is_active = (self.from..self.until).contains(&at);
        is_active
            && self.matchers.iter().all(|(name, pattern)| {
                let value = labels.get(name).map_or("", String::as_str);
                matches(pattern, value)
            })
    }
}

/// Whether a text is like a pattern, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(last) = parts.next_back() else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(mut rest) = rest.strip_suffix(last) else {
        return false;
    };
    // The earliest place of each part leaves the most for those after it.
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let check = |pattern: &str, text: &str, expect: bool| {
            assert_eq!(matches(pattern, text), expect, "{pattern} {text}");
        };
        check("checkout", "checkout", true);
        check("checkout", "checkout2", false);
        check("*", "", true);
        check("check*", "checkout", true);
        check("*out", "checkout", true);
        check("c*k*t", "checkout", true);
        check("c*x*t", "checkout", false);
        check("ab*ba", "aba", false);
        check("", "", true);
        check("", "x", false);
        check("**", "x", true);
    }

    #[test]
    fn a_silence_covers_what_all_its_matchers_match_while_it_lasts() {
        let labels = |pairs: &[(&str, &str)]| -> Labels {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let silence = Silence {
            id: "1".to_owned(),
            matchers: labels(&[("alertname", "slow"), ("service", "check*")]),
            from: UnixNanos(10),
            until: UnixNanos(20),
            comment: String::new(),
            created_by: String::new(),
        };
        let alert = labels(&[
            ("alertname", "slow"),
            ("service", "checkout"),
            ("zone", "a"),
        ]);
        assert!(silence.covers(&alert, UnixNanos(10)));
        assert!(!silence.covers(&alert, UnixNanos(9)));
        assert!(!silence.covers(&alert, UnixNanos(20)));
        assert!(!silence.covers(&labels(&[("alertname", "slow")]), UnixNanos(15)));

        assert!(silence.clone().check(UnixNanos(0)).is_ok());
        assert!(silence.clone().check(UnixNanos(20)).is_err());
        let of_all = Silence {
            matchers: Labels::new(),
            ..silence
        };
        assert!(of_all.check(UnixNanos(0)).is_err());
    }
}
