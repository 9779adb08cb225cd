//! One receiver's deliveries: what is due, one after the other, again after a while where it failed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use schemas::UnixNanos;

use super::due::Due;
use super::receiver::{Kind, Receiver};
use super::request::{Request, request};
use super::signature::Sha256Mac;
use super::{breakers, due};
use crate::book::{Book, Told};
use crate::breaker::Breakers;
use crate::instant;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// How many deliveries of a receiver succeeded and failed.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    pub(crate) sent: AtomicU64,
    pub(crate) failed: AtomicU64,
}

/// What was tried in vain.
#[derive(Clone, Copy, Debug)]
struct Failure {
    /// How often in a row.
    times: u32,
    /// Not before this instant is it tried again.
    retry_at: UnixNanos,
}

/// What a worker has to send.
#[derive(Debug)]
enum Delivery {
    Alerts(Due),
    Breakers { version: String, request: Request },
}

/// The deliveries of one receiver.
#[derive(Debug)]
pub(crate) struct Worker {
    receiver: Receiver,
    mac: Sha256Mac,
    attempts: Arc<Attempts>,
    /// By rule.
    failures: BTreeMap<String, Failure>,
    /// The breakers' version that was told last.
    told_breakers: Option<String>,
}

impl Worker {
    pub(crate) fn new(receiver: Receiver, mac: Sha256Mac, attempts: Arc<Attempts>) -> Self {
        Self {
            receiver,
            mac,
            attempts,
            failures: BTreeMap::new(),
            told_breakers: None,
        }
    }

    /// Sends what is due at an instant, one after the other, and tells `remember` what was told.
    /// Gives the instant at which it wants to try again what failed.
    pub(crate) async fn deliver_due<Sending>(
        &mut self,
        book: &Book,
        now: UnixNanos,
        send: impl Fn(Request) -> Sending,
        mut remember: impl FnMut(&str, Told),
    ) -> Option<UnixNanos>
    where
        Sending: Future<Output = Result<(), String>>,
    {
        let deliveries = self.deliveries(book, now);
        let names: Vec<String> = deliveries.iter().map(|(name, _)| name.clone()).collect();
        self.failures.retain(|name, _| names.contains(name));
        for (name, delivery) in deliveries {
            let failure = self.failures.get(&name).copied();
            if failure.is_some_and(|failure| failure.retry_at > now) {
                continue;
            }
            let request = match &delivery {
                Delivery::Alerts(due) if due.is_silent() => None,
                Delivery::Alerts(due) => Some(request(&self.receiver, due, now, self.mac)),
                Delivery::Breakers { request, .. } => Some(Ok(request.clone())),
            };
            let outcome = match request {
                None => Ok(()),
                Some(Err(problem)) => Err(problem),
                Some(Ok(request)) => {
                    let outcome = send(request).await;
                    if outcome.is_ok() {
                        self.attempts.sent.fetch_add(1, Ordering::Relaxed);
                    }
                    outcome
                }
            };
            match outcome {
                Ok(()) => {
                    self.failures.remove(&name);
                    if failure.is_some() {
                        tracing::info!(receiver = self.receiver.name, about = name, "it was told");
                    }
                    match delivery {
                        Delivery::Alerts(due) => remember(&due.rule, due.told),
                        Delivery::Breakers { version, .. } => self.told_breakers = Some(version),
                    }
                }
                Err(problem) => {
                    self.attempts.failed.fetch_add(1, Ordering::Relaxed);
                    self.note_failure(name, failure, now, &problem);
                }
            }
        }
        self.failures.values().map(|failure| failure.retry_at).min()
    }

    fn deliveries(&self, book: &Book, now: UnixNanos) -> Vec<(String, Delivery)> {
        if self.receiver.kind == Kind::Breakers {
            let breakers = Breakers::of(book, now);
            let version = breakers.version.clone();
            // Nothing was told yet: that all are closed is no news.
            let is_news = match &self.told_breakers {
                Some(told) => *told != version,
                None => !breakers.breakers.is_empty(),
            };
            let request = breakers::request(&self.receiver, &breakers);
            let delivery = Delivery::Breakers { version, request };
            let name = "breakers".to_owned();
            return is_news.then_some((name, delivery)).into_iter().collect();
        }
        let due = due(&self.receiver, book, now).into_iter();
        due.map(|due| (due.rule.clone(), Delivery::Alerts(due)))
            .collect()
    }

    fn note_failure(
        &mut self,
        name: String,
        before: Option<Failure>,
        now: UnixNanos,
        problem: &str,
    ) {
        let times = before.map_or(0, |failure| failure.times).saturating_add(1);
        let pause = FIRST_PAUSE.saturating_mul(1 << times.saturating_sub(1).min(16));
        // The first of a row is told, not each of hundreds.
        if before.is_none() {
            let receiver = &self.receiver.name;
            tracing::warn!(
                receiver,
                about = name,
                problem,
                "cannot be told; trying again"
            );
        }
        let retry_at = instant::after(now, pause.min(LONGEST_PAUSE));
        self.failures.insert(name, Failure { times, retry_at });
    }
}
