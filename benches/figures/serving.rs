//! What the server takes for a span in all: receiving it, and the rest of the way in.

use std::path::Path;

use super::sending::send;
use super::server::Server;
use super::traffic::Traffic;
use super::{FULL_RATE, REQUESTS_AT_ONCE, SPANS_A_REQUEST, START_UNIX_NANO};

const REQUESTS: u64 = 1_000;
/// Of which the quickest counts: what else runs on the machine only ever adds.
const ROUNDS: usize = 3;

/// CPU time of the server, in microseconds a span, from before the first request until all spans
/// are in the table and rolled up.
pub(crate) fn micros_a_span(binary: &Path, dir: &Path) -> anyhow::Result<f64> {
    let mut quickest = f64::INFINITY;
    for _ in 0..ROUNDS {
        let dir = tempfile::tempdir_in(dir)?;
        quickest = quickest.min(one_round(binary, dir.path())?);
    }
    Ok(quickest)
}

fn one_round(binary: &Path, dir: &Path) -> anyhow::Result<f64> {
    let traffic = Traffic::new(1, START_UNIX_NANO, SPANS_A_REQUEST);
    let server = Server::start(binary, dir)?;
    let started = server.cpu_seconds()?;
    let mut spans = 0;
    for first in (0..REQUESTS).step_by(REQUESTS_AT_ONCE as usize) {
        let numbers = first..REQUESTS.min(first + REQUESTS_AT_ONCE);
        let requests: Vec<_> = numbers.map(|number| traffic.request(number)).collect();
        send(&server.otlp_http, &requests, FULL_RATE)?;
        spans += requests.iter().map(|request| request.spans).sum::<u64>();
    }
    server.await_flushed(spans)?;
    server.await_rolled_up()?;
    let taken = server.cpu_seconds()? - started;
    server.stop()?;
    Ok(taken * 1e6 / spans as f64)
}
