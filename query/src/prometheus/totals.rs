//! What was counted of the sealed hours, and what was shown, which never falls.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemas::UnixNanos;
use tokio::sync::Semaphore;

use super::labels::Labels;
use super::tally::{Tallies, Tally};

/// What lasts from one scrape to the next.
#[derive(Debug)]
pub(crate) struct Totals {
    /// Whose turn it is to count the sealed hours.
    pub(super) sealing: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sealed: Option<Arc<Sealed>>,
    spans: Shown,
    calls: Shown,
}

/// All that started before an instant.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) until: UnixNanos,
    spans: Admitted,
    calls: Admitted,
}

/// Tallies of spans and of calls.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) spans: Tallies,
    pub(super) calls: Tallies,
}

/// What a scrape is told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) spans: Vec<(Labels, Tally)>,
    pub(super) calls: Vec<(Labels, Tally)>,
    /// How many label sets of spans are left out.
    pub(super) spans_left_out: usize,
    /// How many label sets of calls are left out.
    pub(super) calls_left_out: usize,
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            sealing: Semaphore::new(1),
            state: Mutex::default(),
        }
    }
}

impl Totals {
    pub(super) fn sealed(&self) -> Option<Arc<Sealed>> {
        self.state().sealed.clone()
    }

    /// Keeps the tallies of all that started before `until`, of as many label sets as there may be.
    pub(super) fn seal(&self, until: UnixNanos, counted: Counted, limit: usize) -> Arc<Sealed> {
        let mut state = self.state();
        let sealed = Arc::new(Sealed {
            until,
            spans: state.spans.admit(counted.spans, limit),
            calls: state.calls.admit(counted.calls, limit),
        });
        state.sealed = Some(Arc::clone(&sealed));
        sealed
    }

    /// Adds what started since the sealed hours, and tells all.
    ///
    /// Calls may be restated when a span comes late: what was told then stays until the true figure
    /// has reached it, because Prometheus takes every fall for a restart.
    pub(super) fn tell(&self, sealed: &Sealed, live: Counted, limit: usize) -> Told {
        let mut state = self.state();
        let live_spans = state.spans.admit(live.spans, limit);
        let live_calls = state.calls.admit(live.calls, limit);
        state.spans.raise(&sealed.spans, &live_spans);
        state.calls.raise(&sealed.calls, &live_calls);
        Told {
            spans: state.spans.told(),
            calls: state.calls.told(),
            spans_left_out: sealed.spans.left_out.union(&live_spans.left_out).count(),
            calls_left_out: sealed.calls.left_out.union(&live_calls.left_out).count(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every figure is raised on its own, so a panic in between leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The series of one kind as they were last told. Their number only grows, up to the limit.
#[derive(Debug, Default)]
struct Shown(BTreeMap<Labels, Tally>);

/// Tallies of label sets that are shown, and digests of those that found no room.
#[derive(Debug, Default)]
struct Admitted {
    tallies: Tallies,
    left_out: HashSet<u64>,
}

impl Shown {
    /// Lets new label sets in while there is room, those that count most first.
    fn admit(&mut self, mut tallies: Tallies, limit: usize) -> Admitted {
        let mut new: Vec<(&Labels, u64)> = tallies
            .iter()
            .filter(|(labels, _)| !self.0.contains_key(*labels))
            .map(|(labels, tally)| (labels, tally.count))
            .collect();
        new.sort_unstable_by(|(one, more), (other, less)| less.cmp(more).then(one.cmp(other)));
        let room = limit.saturating_sub(self.0.len()).min(new.len());
        let left_out = new.split_off(room);
        let left_out = left_out.iter().map(|(labels, _)| digest(labels)).collect();
        for (labels, _) in new {
            self.0.insert(Arc::clone(labels), Tally::default());
        }
        tallies.retain(|labels, _| self.0.contains_key(labels));
        Admitted { tallies, left_out }
    }

    fn raise(&mut self, sealed: &Admitted, live: &Admitted) {
        for (labels, shown) in &mut self.0 {
            let mut total = Tally::default();
            for part in [sealed.tallies.get(labels), live.tallies.get(labels)] {
                part.into_iter().for_each(|part| total.add(part));
            }
            shown.raise_to(&total);
        }
    }

    fn told(&self) -> Vec<(Labels, Tally)> {
        let all = self.0.iter();
        all.map(|(labels, tally)| (Arc::clone(labels), tally.clone()))
            .collect()
    }
}

fn digest(labels: &Labels) -> u64 {
    let mut hasher = DefaultHasher::new();
    labels.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: UnixNanos = UnixNanos(3_600_000_000_000);

    fn labels(service: &str) -> Labels {
        Arc::new([("service", service.to_owned())])
    }

    fn counted(counts: &[(&str, u64)]) -> Counted {
        let tally = |count| Tally {
            count,
            ..Tally::default()
        };
        let tallies = counts
            .iter()
            .map(|(name, count)| (labels(name), tally(*count)));
        Counted {
            spans: Tallies::new(),
            calls: tallies.collect(),
        }
    }

    fn told(told: &Told) -> Vec<(&str, u64)> {
        let calls = told.calls.iter();
        calls
            .map(|(labels, tally)| (labels[0].1.as_str(), tally.count))
            .collect()
    }

    #[test]
    fn sealed_and_live_hours_add_up_and_nothing_falls() {
        let totals = Totals::default();
        let sealed = totals.seal(HOUR, counted(&[("a", 10), ("b", 1)]), 9);
        let first = totals.tell(&sealed, counted(&[("a", 2), ("c", 5)]), 9);
        assert_eq!(told(&first), [("a", 12), ("b", 1), ("c", 5)]);
        // Late spans took two calls from `c`, which gets three of them back later.
        let restated = totals.tell(&sealed, counted(&[("a", 3), ("c", 3)]), 9);
        assert_eq!(told(&restated), [("a", 13), ("b", 1), ("c", 5)]);
        let later = totals.tell(&sealed, counted(&[("a", 3), ("c", 6)]), 9);
        assert_eq!(told(&later), [("a", 13), ("b", 1), ("c", 6)]);
        // An hour later, what was live is sealed.
        let sealed = totals.seal(HOUR, counted(&[("a", 13), ("b", 1), ("c", 6)]), 9);
        let next = totals.tell(&sealed, counted(&[("c", 1)]), 9);
        assert_eq!(told(&next), [("a", 13), ("b", 1), ("c", 7)]);
        assert_eq!((next.spans_left_out, next.calls_left_out), (0, 0));
    }

    #[test]
    fn beyond_the_limit_label_sets_are_left_out_and_counted() {
        let totals = Totals::default();
        let sealed = totals.seal(HOUR, counted(&[("a", 1), ("b", 3), ("c", 2)]), 2);
        let first = totals.tell(&sealed, counted(&[("a", 9), ("d", 9), ("b", 1)]), 2);
        assert_eq!(told(&first), [("b", 4), ("c", 2)]);
        assert_eq!(first.calls_left_out, 2, "a and d");
    }
}
