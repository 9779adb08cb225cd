//! Figures at scale: `cargo bench --bench figures`.
//!
//! ```text
//!  decode ─► append, flush         spans of benches/traffic, in this process: CPU of each part,
//!        └─► fold into rollups     and what the rollups add to it and to all that the server does;
//!                                  the same of all at once, with rollups and without
//!
//!  30 days of 20 services ─┐
//!                          ├─► serve (fresh) ─► all rolled up ─► stop ─► serve ─► ask: times
//!  a day of 1,000 services ┘
//! ```
//!
//! The server is the release binary in a process of its own, asked over HTTP; `benches/README.md`
//! says what each figure means.

#![expect(clippy::print_stdout, reason = "the figures are what the bench is for")]

#[path = "../../src/allocator.rs"]
mod allocator;
#[path = "../load/clock.rs"]
mod clock;
#[path = "../load/durations.rs"]
mod durations;
#[path = "../load/http.rs"]
mod http;
#[path = "../load/machine.rs"]
mod machine;
#[path = "../../src/serve/roll_up.rs"]
mod roll_up;
#[path = "../load/sending.rs"]
mod sending;
#[path = "../load/server.rs"]
mod server;
#[path = "../traffic/traffic.rs"]
mod traffic;
#[path = "../load/usage.rs"]
#[expect(dead_code, reason = "the load bench tells more of the machine")]
mod usage;

mod asking;
mod difference;
mod history;
mod parts;
mod serving;
mod store;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Parser;

use asking::Question;
use clock::{own_cpu_seconds, unix_nano};
use history::History;
use sending::{Manner, send};
use server::Server;
use usage::machine_time;

/// The first traces of what is not a history.
const START_UNIX_NANO: u64 = 1_760_000_000_000_000_000;
const SPANS_A_REQUEST: usize = 1_000;
const HOUR_NANO: u64 = 3_600_000_000_000;
/// As fast as the server takes them.
const FULL_RATE: Manner = Manner {
    connections: 2,
    spans_per_second: None,
    longest_retry_pause: Duration::from_millis(20),
};
/// Requests that are in memory at a time.
const REQUESTS_AT_ONCE: u64 = 64;
/// How long merging what was rolled up may take.
const IDLE_WITHIN: Duration = Duration::from_secs(600);
/// So long the server's CPU time must not grow: it waits two minutes before it merges the last files.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const IDLE_LOOKS: u32 = 30;

/// Measures figures of many spans
#[derive(Debug, Parser)]
struct Arguments {
    /// Spans of 20 services in 30 days; 0 leaves them out
    #[arg(long, default_value_t = 10_000_000)]
    month: u64,
    /// Spans of 1,000 services in a day; 0 leaves them out
    #[arg(long, default_value_t = 3_000_000)]
    day: u64,
    /// Spans whose parts of the way in are timed; 0 leaves it out
    #[arg(long, default_value_t = 240_000)]
    parts: u64,
    /// Rounds in which a store keeps figures, and one keeps none; 0 leaves them out
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How often each question is asked
    #[arg(long, default_value_t = 50)]
    asks: usize,
    /// The binary to measure
    #[arg(long, default_value = env!("CARGO_BIN_EXE_spanhouse"))]
    server: PathBuf,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if !arguments.bench {
        println!("this bench takes minutes; `cargo bench --bench figures` runs it");
        return Ok(());
    }
    // As the server: flushing and folding are mostly allocating and filling buffers.
    allocator::use_small_pages();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    println!("Machine: {}.\n", machine::describe(target)?);
    if arguments.parts > 0 || arguments.rounds > 0 {
        let in_all = serving::micros_a_span(&arguments.server, target)?;
        if arguments.parts > 0 {
            println!("{}", parts::measure(target, arguments.parts, in_all)?);
        }
        if arguments.rounds > 0 {
            println!("{}", difference::measure(target, arguments.rounds, in_all)?);
        }
    }
    let now = unix_nano();
    let this_hour = now - now % HOUR_NANO;
    if arguments.month > 0 {
        let month = History {
            services: 20,
            from: this_hour - 30 * 24 * HOUR_NANO,
            length: 30 * 24 * HOUR_NANO,
            spans: arguments.month,
            flush_bytes: "96MiB",
        };
        run(&arguments, target, month, &asking::of_month(month))?;
    }
    if arguments.day > 0 {
        let day = History {
            services: 1_000,
            from: now - 24 * HOUR_NANO,
            length: 24 * HOUR_NANO,
            spans: arguments.day,
            // Files of a few minutes: on the day itself there would be one each minute.
            flush_bytes: "1MiB",
        };
        run(&arguments, target, day, &asking::of_day(day))?;
    }
    Ok(())
}

/// Waits until the server has nothing to do: a month that came day by day was merged long ago.
fn await_idle(server: &Server) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut idle = 0;
    while started.elapsed() < IDLE_WITHIN {
        let before = server.cpu_seconds()?;
        clock::pause(LOOK_EVERY);
        let is_idle = server.cpu_seconds()? - before < 0.05 * LOOK_EVERY.as_secs_f64();
        idle = if is_idle { idle + 1 } else { 0 };
        if idle == IDLE_LOOKS {
            return Ok(());
        }
    }
    anyhow::bail!("the server is still busy after {IDLE_WITHIN:?}")
}

/// Stores a history, then asks.
fn run(
    arguments: &Arguments,
    target: &Path,
    history: History,
    questions: &[Question],
) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir_in(target)?;
    let dir = scratch.path();
    let machine_before = machine_time()?.busy;
    let own_before = own_cpu_seconds();
    let flush_bytes = ["--flush-bytes", history.flush_bytes];
    let server = Server::start_with(&arguments.server, dir, &flush_bytes)?;
    let mut spans = 0;
    let mut sending = Duration::ZERO;
    for first in (0..history.requests()).step_by(REQUESTS_AT_ONCE as usize) {
        let numbers = first..history.requests().min(first + REQUESTS_AT_ONCE);
        let requests: Vec<_> = numbers.map(|number| history.request(number)).collect();
        sending += send(&server.otlp_http, &requests, FULL_RATE)?.wall;
        spans += requests.iter().map(|request| request.spans).sum::<u64>();
    }
    server.await_flushed(spans)?;
    server.await_rolled_up()?;
    let cpu = server.cpu_seconds()?;
    await_idle(&server)?;
    let memory = server.peak_resident_bytes()? as f64 / 1e9;
    let others = machine_time()?.busy - machine_before - (own_cpu_seconds() - own_before) - cpu;
    server.stop()?;
    println!(
        "{} services, {spans} spans in {} hours: sent in {}, {:.1} CPU-s of the server a million \
         spans until all was rolled up, peak {memory:.2} GB. Other processes took {others:.0} CPU-s.\n",
        history.services,
        history.length / HOUR_NANO,
        machine::seconds(sending),
        cpu * 1e6 / spans as f64,
    );
    for table in ["spans", "red", "edges"] {
        let (bytes, files) = machine::files_with_suffix(&dir.join("data").join(table), ".parquet")?;
        let megabytes = bytes as f64 / 1e6;
        println!("- `{table}`: {megabytes:.1} MB in {files} files");
    }
    println!(
        "\n{}",
        asking::ask(&arguments.server, dir, questions, arguments.asks)?
    );
    Ok(())
}
