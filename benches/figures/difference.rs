//! What figures cost while all goes on at once: a store that keeps them beside one that does not.

use std::fmt::Write;
use std::path::Path;

use bytes::Bytes;
use query::RollUps;
use storage::StorageSettings;

use super::roll_up::roll_up;
use super::store::Store;
use super::traffic::Traffic;
use super::{SPANS_A_REQUEST, START_UNIX_NANO};

/// Requests that are in memory at a time.
const REQUESTS_TOGETHER: u64 = 1_000;
/// How often so many come: enough files for merges.
const TIMES: u64 = 4;
/// Senders, each with one request under way: more than there are cores.
const SENDERS: usize = 4;

/// Spans a second of the time that spans tell: of a history that is read in, and of what is sent as it happens,
/// so that more spans are of the same ten seconds.
const RATES: [u64; 2] = [10_000, 250_000];

/// What figures add to all that a server takes, in microseconds a span: by stores in turns, without figures and
/// with them, of which the quickest of each counts, as what else runs on the machine only ever adds.
pub(crate) fn measure(dir: &Path, rounds: usize, in_all: f64) -> anyhow::Result<String> {
    let mut least = [[f64::INFINITY; 2]; RATES.len()];
    for _ in 0..rounds {
        for (least, rate) in least.iter_mut().zip(RATES) {
            for (least, keeps_figures) in least.iter_mut().zip([false, true]) {
                *least = least.min(one_round(dir, rate, keeps_figures)?);
            }
        }
    }
    // What the server takes without figures hardly depends on what time spans tell.
    let [[without, with], _] = least;
    let server_without = in_all - (with - without);
    let mut table = "| CPU a span at full rate | without figures | with them, as far as files come to be merged | |\n\
                     |---|---:|---:|---:|\n"
        .to_owned();
    for ([without, with], rate) in least.into_iter().zip(RATES) {
        let added = with - without;
        let share = 100.0 * added / server_without;
        writeln!(
            table,
            "| {rate} spans a second of their time | {without:.2} µs | {with:.2} µs | {added:.2} µs, {share:.1} % of \
             what the server takes without |",
        )?;
    }
    Ok(table)
}

/// CPU time of a store that decodes and takes in spans as fast as it goes, in microseconds a span; until all is
/// rolled up, where it keeps figures, and merged as far as their files are while they come.
fn one_round(dir: &Path, rate: u64, keeps_figures: bool) -> anyhow::Result<f64> {
    let dir = tempfile::tempdir_in(dir)?;
    let roll_up = keeps_figures.then(|| roll_up(&RollUps::default()));
    let store = Store::open(StorageSettings::new(dir.path()), roll_up)?;
    let mut traffic = Traffic::new(1, START_UNIX_NANO, SPANS_A_REQUEST);
    traffic.interval_nano = SPANS_A_REQUEST as u64 * 1_000_000_000 / rate;
    let (mut taken, mut spans) = (0.0, 0);
    for time in 0..TIMES {
        let numbers = time * REQUESTS_TOGETHER..(time + 1) * REQUESTS_TOGETHER;
        let requests = numbers.map(|number| {
            let request = traffic.request(number);
            spans += request.spans;
            Bytes::from(request.body)
        });
        let requests: Vec<Bytes> = requests.collect();
        taken += store.take_in(&requests, SENDERS)?;
        if keeps_figures {
            taken += store.await_rolled_up() + store.await_merged()?;
        }
    }
    store.close()?;
    Ok(taken * 1e6 / spans as f64)
}
