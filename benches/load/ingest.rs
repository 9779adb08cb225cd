//! The first half of a run: making requests, sending them, and waiting until the table has all.

use std::path::Path;
use std::thread;

use anyhow::bail;

use super::clock::{own_cpu_seconds, unix_nano};
use super::known::Known;
use super::machine::files_with_suffix;
use super::sending::{Manner, Sent, send};
use super::server::Server;
use super::traffic::{REQUEST_INTERVAL_NANO, Request, Traffic};
use super::usage::machine_time;

/// Requests whose compressed size is taken, as one stream.
const COMPRESSED_REQUESTS: usize = 200;
const NANO_PER_DAY: u64 = 86_400_000_000_000;

/// What to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) spans: u64,
    pub(crate) spans_per_request: usize,
    pub(crate) seed: u64,
}

/// The requests, made before the server starts, so that sending costs little beside it.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) requests: Vec<Request>,
    pub(crate) spans: u64,
    pub(crate) bytes: u64,
    /// Bytes a span of a sample, compressed as one stream with zstd's levels 3 and 9.
    pub(crate) zstd_3: f64,
    pub(crate) zstd_9: f64,
}

impl Input {
    /// Makes requests of at least so many spans, which end about now.
    pub(crate) fn make(size: Size) -> anyhow::Result<Self> {
        let count = size.spans.div_ceil(size.spans_per_request as u64);
        let traffic = Traffic::new(size.seed, start(count), size.spans_per_request);
        let requests = make_all(&traffic, count)?;
        let sample = &requests[..requests.len().min(COMPRESSED_REQUESTS)];
        let sample_spans: u64 = sample.iter().map(|request| request.spans).sum();
        let sample: Vec<u8> = sample
            .iter()
            .flat_map(|request| &request.body)
            .copied()
            .collect();
        let compressed = |level| -> anyhow::Result<f64> {
            Ok(zstd::bulk::compress(&sample, level)?.len() as f64 / sample_spans as f64)
        };
        Ok(Self {
            spans: requests.iter().map(|request| request.spans).sum(),
            bytes: requests
                .iter()
                .map(|request| request.body.len() as u64)
                .sum(),
            zstd_3: compressed(3)?,
            zstd_9: compressed(9)?,
            requests,
        })
    }
}

/// A start from which all requests are in the past, and on one day: a run over midnight would
/// write two files where another writes one.
fn start(count: u64) -> u64 {
    let length = (count + 1) * REQUEST_INTERVAL_NANO;
    let end = unix_nano();
    let start = end.saturating_sub(length);
    let midnight = end - end % NANO_PER_DAY;
    match start < midnight {
        true => midnight.saturating_sub(length),
        false => start,
    }
}

fn make_all(traffic: &Traffic, count: u64) -> anyhow::Result<Vec<Request>> {
    let threads = thread::available_parallelism()?.get() as u64;
    let share = count.div_ceil(threads).max(1);
    thread::scope(|scope| {
        let makers: Vec<_> = (0..threads)
            .map(|thread| (thread * share).min(count)..((thread + 1) * share).min(count))
            .map(|numbers| {
                scope.spawn(|| {
                    numbers
                        .map(|number| traffic.request(number))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let mut requests = Vec::with_capacity(count as usize);
        for maker in makers {
            match maker.join() {
                Ok(made) => requests.extend(made),
                Err(_) => bail!("a thread that makes requests panicked"),
            }
        }
        Ok(requests)
    })
}

/// What storing the input took.
#[derive(Debug)]
pub(crate) struct Ingested {
    pub(crate) sent: Sent,
    pub(crate) known: Known,
    /// CPU time of the server until the last acknowledgement, in seconds.
    pub(crate) cpu_acknowledged: f64,
    /// The same until every span is in the table and rolled up.
    pub(crate) cpu_flushed: f64,
    /// CPU time of the senders, in seconds.
    pub(crate) cpu_senders: f64,
    /// CPU time of anything else on the machine while sending, and what its host took away.
    pub(crate) cpu_others: f64,
    pub(crate) cpu_stolen: f64,
    pub(crate) peak_resident_bytes: u64,
    pub(crate) table_bytes: u64,
    pub(crate) table_files: u64,
}

/// Starts the server on an empty directory, sends all, waits for the table, stops the server.
pub(crate) fn ingest(
    binary: &Path,
    dir: &Path,
    input: &Input,
    manner: Manner,
) -> anyhow::Result<Ingested> {
    let server = Server::start(binary, dir)?;
    let (server_before, own_before) = (server.cpu_seconds()?, own_cpu_seconds());
    let machine_before = machine_time()?;
    let sent = send(&server.otlp_http, &input.requests, manner)?;
    let cpu_acknowledged = server.cpu_seconds()? - server_before;
    let cpu_senders = own_cpu_seconds() - own_before;
    let machine_after = machine_time()?;
    server.await_flushed(input.spans)?;
    server.await_rolled_up()?;
    let (table_bytes, table_files) = files_with_suffix(&dir.join("data/spans"), ".parquet")?;
    let ingested = Ingested {
        sent,
        known: Known::of(&input.requests)?,
        cpu_acknowledged,
        cpu_flushed: server.cpu_seconds()? - server_before,
        cpu_senders,
        cpu_others: machine_after.busy - machine_before.busy - cpu_acknowledged - cpu_senders,
        cpu_stolen: machine_after.stolen - machine_before.stolen,
        peak_resident_bytes: server.peak_resident_bytes()?,
        table_bytes,
        table_files,
    };
    server.stop()?;
    Ok(ingested)
}
