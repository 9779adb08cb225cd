//! The whole under load, over real sockets: `cargo bench --bench load`.
//!
//! ```text
//!  make requests ─► serve (fresh) ─► send ─► all acknowledged ─► all in the table ─► stop
//!                                     │            │                   │
//!                                spans/s, CPU      └── CPU, RSS ── bytes on disk
//!                   serve (again) ─► look up, search ─► times
//! ```
//!
//! The server is the release binary in a process of its own; what it takes is read from `/proc`,
//! so the bench runs on Linux only. `benches/README.md` says what each figure means.

#![expect(clippy::print_stdout, reason = "the figures are what the bench is for")]

mod asking;
mod clock;
mod durations;
mod http;
mod ingest;
mod known;
mod machine;
mod report;
mod sending;
mod server;
#[path = "../traffic/traffic.rs"]
mod traffic;
mod usage;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Parser;

use asking::Counts;
use ingest::{Input, Size};
use report::{InputSize, Report};
use sending::Manner;

/// Measures a server under load
#[derive(Debug, Parser)]
struct Arguments {
    /// Spans to send; several numbers mean several runs
    #[arg(long, default_value = "2000000", value_delimiter = ',')]
    spans: Vec<u64>,
    /// Spans a second to send; without it as fast as they are taken
    #[arg(long)]
    rate: Option<u64>,
    #[arg(long, default_value_t = 4)]
    connections: usize,
    #[arg(long, default_value_t = 1_000)]
    spans_per_request: usize,
    /// The longest time after which a refused request is sent again
    #[arg(long, default_value_t = 20)]
    retry_ms: u64,
    /// Look-ups of traces to measure; 0 asks nothing
    #[arg(long, default_value_t = 1_000)]
    lookups: usize,
    /// Searches of each kind to measure
    #[arg(long, default_value_t = 400)]
    searches: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The binary to measure
    #[arg(long, default_value = env!("CARGO_BIN_EXE_spanhouse"))]
    server: PathBuf,
    /// Where the data goes and stays; without it to a directory that is removed at the end
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if !arguments.bench {
        println!("a load bench takes minutes; `cargo bench --bench load` runs it");
        return Ok(());
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut reports = Vec::new();
    for &spans in &arguments.spans {
        // Removed when the run ends, unless the caller named a place.
        let scratch = tempfile::tempdir_in(target)?;
        let place = arguments
            .dir
            .as_ref()
            .map(|dir| dir.join(format!("{spans}-spans")));
        let dir = place.as_deref().unwrap_or(scratch.path());
        std::fs::create_dir_all(dir)?;
        reports.push(run(&arguments, dir, spans)?);
    }
    println!(
        "\nMachine: {}.\n\n{}",
        machine::describe(target)?,
        report::HEAD
    );
    for report in &reports {
        println!("{}", report.row());
    }
    Ok(())
}

fn run(arguments: &Arguments, dir: &Path, spans: u64) -> anyhow::Result<Report> {
    let size = Size {
        spans,
        spans_per_request: arguments.spans_per_request,
        seed: arguments.seed,
    };
    let manner = Manner {
        connections: arguments.connections,
        spans_per_second: arguments.rate,
        longest_retry_pause: Duration::from_millis(arguments.retry_ms),
    };
    let counts = Counts {
        lookups: arguments.lookups,
        searches: arguments.searches,
    };
    let started = Instant::now();
    let input = Input::make(size)?;
    let seconds = machine::seconds(started.elapsed());
    println!(
        "made {} requests of {} spans in {seconds}",
        input.requests.len(),
        input.spans
    );
    let started = Instant::now();
    let ingested = ingest::ingest(&arguments.server, dir, &input, manner)?;
    println!("stored them in {}", machine::seconds(started.elapsed()));
    let input_size = InputSize::from(&input);
    // Memory that the page cache can use while the questions are asked.
    drop(input);
    let answers = match counts.lookups {
        0 => None,
        _ => Some(asking::ask(
            &arguments.server,
            dir,
            &ingested.known,
            counts,
        )?),
    };
    let rate = arguments
        .rate
        .map_or("full rate".to_owned(), |rate| format!("{rate} spans/s"));
    let report = Report {
        name: format!("spanhouse, {} M spans, {rate}", spans as f64 / 1e6),
        input: input_size,
        ingested,
        answers,
    };
    println!("\n{report}");
    Ok(report)
}
