//! Asking the engine for what the metrics tell.

use std::sync::Arc;
use std::time::Duration;

use schemas::UnixNanos;

use super::RedMetrics;
use super::exemplars::RecentExemplars;
use super::tally;
use super::totals::{Counted, Sealed};
use crate::red::{GroupBy, RedQuery, TimeSpan};
use crate::topology::TopologyQuery;
use crate::{Engine, QueryError};

const HOUR: i64 = 3_600_000_000_000;

/// So many whole hours before the present one are counted with each scrape. What comes later than
/// that is counted within the hour.
const LIVE_HOURS: i64 = 2;

/// Calls are told so long after they started, because their halves come one after the other: a
/// server's span is often there before its client's, and would be a call by an unknown user.
const CALLS_SETTLE_IN: Duration = Duration::from_secs(30);

/// The boundaries of the figures of calls.
const CALLS_STEP: i64 = 10_000_000_000;

/// Which traces the metrics point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exemplars {
    /// None.
    None,
    /// The slowest span, or call, of each bucket in the last two minutes.
    Slowest,
}

impl Engine {
    /// The rate, errors and durations of all stored spans and calls.
    ///
    /// No figure is below that of an earlier answer, and the number of series is bounded by
    /// [`QuerySettings::red_series_limit`](crate::QuerySettings::red_series_limit).
    ///
    /// # Errors
    /// [`QueryError`], as every question; [`QueryError::Busy`] also while history is being counted
    /// for the first time.
    pub async fn red_metrics(
        &self,
        now: UnixNanos,
        exemplars: Exemplars,
    ) -> Result<RedMetrics, QueryError> {
        let sealed = self.sealed(now).await?;
        let from = sealed.until;
        let spans_until = hour_of(now).saturating_add(2 * HOUR);
        let settled = now.0.saturating_sub(CALLS_SETTLE_IN.as_nanos() as i64);
        let calls_until = settled.div_euclid(CALLS_STEP) * CALLS_STEP;
        let (live, exemplars) = tokio::try_join!(
            self.counted(range(from, spans_until), range(from, calls_until)),
            self.recent_exemplars(exemplars, now, UnixNanos(calls_until)),
        )?;
        let engine = self.clone();
        self.ask(move |_| async move {
            let limit = engine.settings().red_series_limit;
            let told = engine.red_totals().tell(&sealed, live, limit);
            Ok(RedMetrics::of(told, &exemplars))
        })
        .await
    }

    /// What started before the live hours.
    async fn sealed(&self, now: UnixNanos) -> Result<Arc<Sealed>, QueryError> {
        let until = hour_of(now).saturating_sub(LIVE_HOURS * HOUR);
        let kept = self.red_totals().sealed();
        if let Some(sealed) = &kept
            && sealed.until.0 >= until
        {
            return Ok(Arc::clone(sealed));
        }
        // A scraper gives up after seconds; counting goes on, for the next one.
        let engine = self.clone();
        let counted = tokio::spawn(async move { engine.seal(until).await }).await?;
        match (counted, kept) {
            // It is right still, only more hours are live.
            (Err(_), Some(kept)) => Ok(kept),
            (counted, _) => counted,
        }
    }

    async fn seal(&self, until: i64) -> Result<Arc<Sealed>, QueryError> {
        let turn = self.red_totals().sealing.try_acquire();
        let _turn = turn.map_err(|_| QueryError::Busy)?;
        let all = range(UnixNanos(0), until);
        let counted = self.counted(all, all).await?;
        let limit = self.settings().red_series_limit;
        Ok(self.red_totals().seal(all.to, counted, limit))
    }

    async fn counted(&self, spans: TimeSpan, calls: TimeSpan) -> Result<Counted, QueryError> {
        let red = RedQuery {
            group_by: vec![
                GroupBy::Service,
                GroupBy::Operation,
                GroupBy::Kind,
                GroupBy::Status,
            ],
            ..RedQuery::new(spans, one_step(spans))
        };
        let topology = TopologyQuery::new(calls);
        let spans =
            self.ask(move |question| async move { Ok(tally::of_spans(question.red(&red).await?)) });
        let calls = self.ask(move |question| async move {
            Ok(tally::of_calls(question.topology(&topology).await?))
        });
        let (spans, calls) = tokio::try_join!(spans, calls)?;
        Ok(Counted { spans, calls })
    }

    pub(super) async fn recent_exemplars(
        &self,
        exemplars: Exemplars,
        now: UnixNanos,
        calls_until: UnixNanos,
    ) -> Result<RecentExemplars, QueryError> {
        match exemplars {
            Exemplars::None => Ok(RecentExemplars::default()),
            Exemplars::Slowest => {
                self.ask(move |question| async move { question.exemplars(now, calls_until).await })
                    .await
            }
        }
    }
}

/// The hour that an instant is in.
fn hour_of(instant: UnixNanos) -> i64 {
    instant.0.div_euclid(HOUR).saturating_mul(HOUR)
}

/// From one instant to another, or empty but for one step.
fn range(from: UnixNanos, to: i64) -> TimeSpan {
    TimeSpan {
        from,
        to: UnixNanos(to.max(from.0.saturating_add(CALLS_STEP))),
    }
}

/// History is one step, so that a series is one cell; live hours are steps of their own.
fn one_step(range: TimeSpan) -> Duration {
    match range.from.0 {
        0 => range.length(),
        _ => Duration::from_nanos(HOUR.unsigned_abs()),
    }
}
