//! The running alerts: evaluation in time, deliveries beside it, and what the API asks and changes.

mod changes;
mod running;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use reqwest::Client;
use schemas::UnixNanos;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio_util::sync::CancellationToken;

use crate::book::{Book, Files, ListedRule};
use crate::conflicts::{conflicts, unknown_receiver};
use crate::counters::Counting;
use crate::notification::{Attempts, Receiver, Sha256Mac};
use crate::phase::Phase;
use crate::rule::Rule;
use crate::{AlertCounters, AlertsError, Figures, ReceiverCounters, http};

/// Tells the present.
pub type Clock = fn() -> UnixNanos;

/// What is set.
#[derive(Clone, Debug)]
pub struct AlertSettings {
    /// Where state and the rules of the API are kept.
    pub directory: PathBuf,
    /// The time between evaluations.
    pub interval: Duration,
    /// How long after the end of a window it is looked at: late spans count only then.
    pub lag: Duration,
    /// The rules of the configuration file.
    pub rules: Vec<Rule>,
    /// Whom alerts are told to.
    pub receivers: Vec<Receiver>,
}

/// What the alerts work with.
#[derive(Clone)]
pub struct Components {
    /// Computes figures.
    pub figures: Arc<dyn Figures>,
    /// Tells the present.
    pub clock: Clock,
    /// Makes what speaks to receivers, once, if there are any.
    pub client: fn() -> reqwest::Result<Client>,
    /// Signs messages.
    pub mac: Sha256Mac,
    /// Cancelled when nothing new is to be begun.
    pub stop: CancellationToken,
}

/// The running alerts. Clones share everything.
#[derive(Clone)]
pub struct Alerting {
    shared: Arc<Shared>,
}

struct Shared {
    interval: Duration,
    lag: Duration,
    receivers: Vec<(Receiver, Arc<Attempts>)>,
    components: Components,
    files: Files,
    book: Mutex<Book>,
    /// Held while a file is written, so that the last state wins.
    writing: AsyncMutex<()>,
    /// Counts the changes of the book.
    changes: watch::Sender<u64>,
    counting: Counting,
}

impl std::fmt::Debug for Alerting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Alerting").finish_non_exhaustive()
    }
}

impl Alerting {
    /// Reads state and rules; nothing runs yet. It does a few milliseconds of blocking I/O.
    ///
    /// # Errors
    /// A name that two rules or receivers have, a rule with an unknown receiver, a file that
    /// cannot be read.
    pub fn open(settings: AlertSettings, components: Components) -> Result<Self, AlertsError> {
        let AlertSettings {
            directory,
            interval,
            lag,
            rules,
            receivers,
        } = settings;
        if let Some(conflict) = conflicts(&rules, &receivers).into_iter().next() {
            return Err(conflict.problem.into());
        }
        let files = Files::in_directory(&directory)?;
        let book = read_book(&files, rules)?;
        let receivers = receivers.into_iter();
        let shared = Shared {
            interval,
            lag,
            receivers: receivers
                .map(|receiver| (receiver, Arc::default()))
                .collect(),
            components,
            files,
            book: Mutex::new(book),
            writing: AsyncMutex::default(),
            changes: watch::Sender::new(0),
            counting: Counting::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Evaluates rules and tells receivers until it is stopped.
    ///
    /// # Errors
    /// Receivers that cannot be spoken to, for want of the system's certificates.
    pub async fn run(&self) -> Result<(), AlertsError> {
        running::run(&self.shared).await
    }

    /// The routes of the API.
    pub fn router(&self) -> Router {
        http::router(self.clone())
    }

    /// A reading of the counters.
    pub fn counters(&self) -> AlertCounters {
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let Shared {
            counting,
            receivers,
            ..
        } = &*self.shared;
        let book = self.book();
        let in_phase = |is: fn(&Phase) -> bool| {
            let alerts = book.alerts().filter(|alert| is(&alert.phase));
            alerts.count() as u64
        };
        let states = book.states.values();
        let receivers = receivers
            .iter()
            .map(|(receiver, attempts)| ReceiverCounters {
                name: receiver.name.clone(),
                sent: read(&attempts.sent),
                failed: read(&attempts.failed),
            });
        AlertCounters {
            rules: book.rules.len() as u64,
            rules_in_error: states.clone().filter(|state| state.error.is_some()).count() as u64,
            evaluations: read(&counting.evaluations),
            failures: read(&counting.failures),
            skipped: read(&counting.skipped),
            write_failures: read(&counting.write_failures),
            pending: in_phase(|phase| matches!(phase, Phase::Pending { .. })),
            firing: in_phase(|phase| phase.is_firing()),
            series_left_out: states.map(|state| state.left_out as u64).sum(),
            receivers: receivers.collect(),
        }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.book()
    }

    pub(crate) fn now(&self) -> UnixNanos {
        (self.shared.components.clock)()
    }

    pub(crate) fn figures(&self) -> &dyn Figures {
        &*self.shared.components.figures
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.shared.components.stop
    }

    /// Evaluates all rules as of an instant, as [`Alerting::run`] does over and over.
    #[cfg(test)]
    pub(crate) async fn evaluate(&self, at: UnixNanos) {
        running::evaluate(&self.shared, at).await;
    }
}

impl Shared {
    /// The book is changed in whole steps only, so it is whole even if a holder of the lock panicked.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }
}

/// Checks that a rule's receivers are there.
fn check_receivers(rule: &Rule, names: &[&str]) -> Result<(), AlertsError> {
    match unknown_receiver(rule, names) {
        Some(problem) => Err(problem.into()),
        None => Ok(()),
    }
}

fn read_book(files: &Files, in_file: Vec<Rule>) -> Result<Book, AlertsError> {
    let mut book = Book::default();
    if let Some(kept) = files.read_rules()? {
        for spec in kept.rules {
            // A rule that an older version took stays away rather than everything.
            match Rule::check(spec) {
                Ok(rule) => book.list(rule, false),
                Err(error) => tracing::error!(%error, "a rule of the API is wrong and left out"),
            }
        }
        for silence in kept.silences {
            book.silences.insert(silence.id.clone(), silence);
        }
    }
    for rule in in_file {
        if book.rules.contains_key(rule.name()) {
            let rule = rule.name();
            tracing::warn!(
                rule,
                "the configuration file's rule takes the place of the API's"
            );
        }
        book.list(rule, true);
    }
    if let Some(state) = files.read_state()? {
        state.restore(&mut book);
    }
    Ok(book)
}

impl Book {
    fn list(&mut self, rule: Rule, is_in_file: bool) {
        let name = rule.name().to_owned();
        let rule = Arc::new(rule);
        self.rules.insert(name, ListedRule { rule, is_in_file });
    }
}

#[cfg(test)]
mod tests;
