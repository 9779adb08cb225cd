//! `spanhouse demo`: live traffic of an invented shop, sent through stock OTLP exporters.
//!
//! ```text
//!   scenario (data) ──► traffic (seed, now ──► one trace) ──► collector (an exporter an instance)
//!                          │ walk: who calls whom               │ gRPC
//!                          │ visitor, fleet, attributes         ▼
//!                          ▼                                 spanhouse serve
//!                       draft ──► SpanData
//! ```
//!
//! Asked for, `truth` adds up what was accepted, from the traces as they were made.
//!
//! The traffic is a pure function of the seed and the moments it is asked at; this module holds
//! the clock and the pace.

mod attributes;
mod collector;
mod draft;
mod fleet;
mod random;
mod scenario;
mod traffic;
mod truth;
mod visitor;
mod walk;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::PathBuf;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::TraceId;
use tokio::time::{Instant, MissedTickBehavior, interval};

use collector::{Exporters, Flush, Receipt};
use scenario::journeys::SHOP;
use traffic::Traffic;
use truth::Truth;

/// How often traces are made. A flush of everything happens every [`TICKS_PER_FLUSH`] ticks.
const TICK: Duration = Duration::from_millis(200);
const TICKS_PER_FLUSH: u32 = 5;
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Sends the live traffic of an invented shop to a collector.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// The OTLP gRPC endpoint of the collector.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4317")]
    endpoint: String,

    /// How many spans to send per second, about.
    #[arg(long, value_name = "SPANS", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,

    /// How long to send, as in 30s, 5m or 1h; without it until Ctrl-C.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    duration: Option<Duration>,

    /// Makes the traces of this seed; without it each run makes other ones. A second run with the
    /// same seed sends the same trace ids again.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Writes to this file, in the end, what the spans that the collector accepted add up to, as
    /// JSON: by service, operation and kind the count, errors, sum, longest and exact percentiles of
    /// durations; by edge the calls and errors; and the range of time.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
}

/// Sends the demo's traffic until its time is up or Ctrl-C is pressed.
///
/// # Errors
/// Fails when nothing listens at the endpoint, when the collector accepted no span at all, or when
/// the truth cannot be written.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<()> {
    collector::reach(&args.endpoint).await?;
    let mut truth = args.truth.as_deref().map(Truth::to_file).transpose()?;
    let started_at = wall_clock();
    let seed = args.seed.unwrap_or_else(|| seed_from(started_at));
    let mut traffic = Traffic::new(&SHOP, seed, started_at);
    let mut exporters = Exporters::new(&args.endpoint, traffic.fleet())?;
    let mut progress = Progress::new();
    say(&format!(
        "sending about {} spans/s of a shop of {} services to {} (seed {seed}); Ctrl-C stops",
        args.rate,
        SHOP.services.len(),
        args.endpoint,
    ));

    let begin = Instant::now();
    let mut ticks = interval(TICK);
    // What a slow collector kept us from sending is not made up for.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // One future for the whole run, so that a Ctrl-C during a flush is not missed.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let spans_per_tick = f64::from(args.rate) * TICK.as_secs_f64();
    let mut credit = 0.0;
    let mut tick_number = 0_u32;
    loop {
        tokio::select! {
            listening = &mut interrupted => {
                listening?;
                break;
            }
            _ = ticks.tick() => {}
        }
        if args.duration.is_some_and(|limit| begin.elapsed() >= limit) {
            break;
        }
        if truth.as_ref().is_some_and(Truth::is_full) {
            say("--truth keeps no more spans; stopping");
            break;
        }
        credit += spans_per_tick;
        while credit > 0.0 {
            let trace = traffic.next_trace(wall_clock());
            credit -= trace.len() as f64;
            progress.note_candidate(&trace);
            if let Some(truth) = &mut truth {
                truth.expect(&trace, traffic.fleet());
            }
            exporters.add(trace);
        }
        tick_number += 1;
        let flush = if tick_number.is_multiple_of(TICKS_PER_FLUSH) {
            Flush::All
        } else {
            Flush::FullBatches
        };
        let receipt = exporters.flush(flush).await;
        if let Some(truth) = &mut truth {
            truth.take(&receipt, flush);
        }
        progress.take(receipt, flush);
    }
    let receipt = exporters.flush(Flush::All).await;
    if let Some(mut truth) = truth {
        truth.take(&receipt, Flush::All);
        truth.write()?;
    }
    progress.take(receipt, Flush::All);
    progress.finish()
}

/// The counts of a run, and what of them has been told.
struct Progress {
    sent: usize,
    refused: usize,
    /// The largest trace since the last report, all of whose spans are exported by the next flush.
    candidate: Option<(TraceId, usize)>,
    last_report: Option<Instant>,
    last_error: Option<String>,
}

impl Progress {
    fn new() -> Self {
        Self {
            sent: 0,
            refused: 0,
            candidate: None,
            last_report: None,
            last_error: None,
        }
    }

    fn note_candidate(&mut self, trace: &[traffic::DemoSpan]) {
        let Some(root) = trace.first() else { return };
        if self.candidate.is_none_or(|(_, size)| size < trace.len()) {
            self.candidate = Some((root.span.span_context.trace_id(), trace.len()));
        }
    }

    fn take(&mut self, receipt: Receipt, flush: Flush) {
        self.sent += receipt.sent;
        self.refused += receipt.refused.len();
        match receipt.last_error {
            Some(error) => {
                if self.last_error.is_none() {
                    say(&format!("the collector refuses spans: {error}; trying on"));
                }
                self.last_error = Some(error.to_string());
                // Part of the trace may be among the refused spans.
                self.candidate = None;
            }
            None if receipt.sent > 0 && self.last_error.take().is_some() => {
                say("the collector accepts spans again");
            }
            None => {}
        }
        let is_due = self
            .last_report
            .is_none_or(|at| at.elapsed() >= REPORT_EVERY);
        if flush == Flush::All && is_due && self.sent + self.refused > 0 {
            self.report();
        }
    }

    fn report(&mut self) {
        self.last_report = Some(Instant::now());
        let Self { sent, refused, .. } = self;
        match self.candidate.take() {
            Some((trace_id, spans)) => say(&format!(
                "{sent} spans sent, {refused} refused; a trace of {spans} spans: spanhouse trace {trace_id}"
            )),
            None => say(&format!("{sent} spans sent, {refused} refused")),
        }
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.report();
        match self.last_error {
            Some(error) if self.sent == 0 => {
                anyhow::bail!(
                    "the collector accepted none of {} spans: {error}",
                    self.refused
                )
            }
            _ => Ok(()),
        }
    }
}

/// Prints a line. A closed standard output, as of `spanhouse demo | head -1`, is no reason to stop
/// sending.
fn say(line: &str) {
    if let Err(error) = writeln!(std::io::stdout().lock(), "{line}") {
        tracing::debug!(%error, "nobody reads standard output");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "live traffic carries the time of day; everything below takes it as an argument"
)]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}

fn seed_from(moment: SystemTime) -> u64 {
    let since_epoch = moment
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    since_epoch.as_secs()
}

/// Reads a number and a unit: `ms`, `s`, `m` or `h`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time; write it as in 500ms, 30s, 5m or 1h");
    let unit_start = text
        .find(|digit: char| !digit.is_ascii_digit())
        .ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_start);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    millis.map(Duration::from_millis).ok_or_else(wrong)
}
