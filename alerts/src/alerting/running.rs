//! What goes on by itself: evaluations, and a task for each receiver.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Client;
use schemas::UnixNanos;
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Shared;
use crate::AlertsError;
use crate::book::{ListedRule, StateFile};
use crate::evaluation::{Instants, evaluate as evaluate_rule};
use crate::figures::{BUCKET, FigureError, FigureQuestion, Figures, Series};
use crate::instant;
use crate::notification::{Worker, deliver};

/// So long one rule may take; the engine's own time-outs are usually shorter.
const PATIENCE: Duration = Duration::from_secs(60);

/// Evaluates and delivers until it is stopped; what is being delivered then is cut off, and told
/// after the next start.
pub(super) async fn run(shared: &Arc<Shared>) -> Result<(), AlertsError> {
    let mut tasks = JoinSet::new();
    if !shared.receivers.is_empty() {
        let client = (shared.components.client)().map_err(AlertsError::Client)?;
        for position in 0..shared.receivers.len() {
            let (shared, client) = (Arc::clone(shared), client.clone());
            tasks.spawn(async move { deliver_all(&shared, position, &client).await });
        }
    }
    let stop = shared.components.stop.clone();
    let endless = async {
        loop {
            let now = (shared.components.clock)();
            let next = instant::after(instant::floor(now, shared.interval), shared.interval);
            sleep(instant::between(now, next)).await;
            evaluate(shared, next).await;
            let late = instant::between(next, (shared.components.clock)());
            let skipped = late.as_nanos() / shared.interval.as_nanos().max(1);
            let skipped = u64::try_from(skipped).unwrap_or(u64::MAX);
            count(&shared.counting.skipped, skipped);
        }
    };
    stop.run_until_cancelled(endless).await;
    tasks.shutdown().await;
    Ok(())
}

fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

/// Evaluates all rules as of an instant: over the windows that end with the last whole bucket
/// before it.
pub(super) async fn evaluate(shared: &Shared, instant: UnixNanos) {
    let at = instant::floor(instant::before(instant, shared.lag), BUCKET);
    let rules: Vec<_> = {
        let book = shared.book();
        let rules = book.rules.values().map(|ListedRule { rule, .. }| {
            let known = book.known_series(rule.name());
            (Arc::clone(rule), known)
        });
        rules.collect()
    };
    let figures = AskedOnce::of(&*shared.components.figures);
    for (rule, known) in rules {
        count(&shared.counting.evaluations, 1);
        let evaluation = evaluate_rule(&figures, &rule, Instants::one(at), &known);
        let evaluated = timeout(PATIENCE, evaluation).await;
        let evaluated = evaluated.unwrap_or_else(|_| {
            let problem = format!("no answer within {PATIENCE:?}");
            Err(FigureError::Unavailable(problem))
        });
        let mut book = shared.book();
        match evaluated {
            Ok(evaluation) => book.record(&rule, &evaluation, at),
            Err(error) => {
                count(&shared.counting.failures, 1);
                let name = rule.name();
                let is_first = book
                    .states
                    .get(name)
                    .is_none_or(|state| state.error.is_none());
                if is_first {
                    tracing::warn!(rule = name, %error, "a rule cannot be evaluated");
                }
                book.record_failure(name, error.to_string());
            }
        }
    }
    shared.book().tidy(at);
    shared.changed();
    save(shared).await;
}

/// Answers a question that several rules have in common once.
struct AskedOnce<'a> {
    figures: &'a dyn Figures,
    answers: AsyncMutex<VecDeque<(FigureQuestion, Vec<Series>)>>,
}

/// So many answers are kept for the rules that follow.
const ANSWERS_KEPT: usize = 8;

impl<'a> AskedOnce<'a> {
    fn of(figures: &'a dyn Figures) -> Self {
        Self {
            figures,
            answers: AsyncMutex::default(),
        }
    }
}

#[async_trait]
impl Figures for AskedOnce<'_> {
    async fn series(&self, question: &FigureQuestion) -> Result<Vec<Series>, FigureError> {
        let mut answers = self.answers.lock().await;
        if let Some((_, series)) = answers.iter().find(|(asked, _)| asked == question) {
            return Ok(series.clone());
        }
        let series = self.figures.series(question).await?;
        answers.push_back((question.clone(), series.clone()));
        if answers.len() > ANSWERS_KEPT {
            answers.pop_front();
        }
        Ok(series)
    }
}

/// Writes the state down. A failure is told, and does not stop the alerts.
pub(super) async fn save(shared: &Shared) {
    let _writing = shared.writing.lock().await;
    let state = StateFile::of(&shared.book());
    let files = shared.files.clone();
    let written = tokio::task::spawn_blocking(move || files.write_state(&state)).await;
    let problem = match written {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    count(&shared.counting.write_failures, 1);
    tracing::error!(problem, "the state of alerts cannot be written");
}

/// Delivers to one receiver, until the task is dropped.
async fn deliver_all(shared: &Shared, position: usize, client: &Client) {
    let Some((receiver, attempts)) = shared.receivers.get(position) else {
        return;
    };
    let mut changes = shared.changes.subscribe();
    let mut worker = Worker::new(
        receiver.clone(),
        shared.components.mac,
        Arc::clone(attempts),
    );
    loop {
        let now = (shared.components.clock)();
        let book = shared.book().clone();
        let mut has_told = false;
        let retry_at = worker
            .deliver_due(
                &book,
                now,
                |request| deliver(client.clone(), receiver.clone(), request),
                |rule, told| {
                    has_told = true;
                    let mut book = shared.book();
                    let by_rule = book.told.entry(receiver.name.clone()).or_default();
                    by_rule.insert(rule.to_owned(), told);
                },
            )
            .await;
        if has_told {
            save(shared).await;
        }
        let retry = async {
            match retry_at {
                Some(at) => sleep(instant::between((shared.components.clock)(), at)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = retry => {}
        }
    }
}
