//! What rollups cost beside the rest of the way in: CPU time of the parts, in this process.

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;

use anyhow::ensure;
use bytes::Bytes;
use query::RollUps;
use schemas::SpanBatch;

use super::clock::own_cpu_seconds;
use super::roll_up::roll_up;
use super::store::{Store, decode, flushing_when_told};
use super::traffic::{Request, Traffic};
use super::{SPANS_A_REQUEST, START_UNIX_NANO};

const DAY_NANO: u64 = 86_400_000_000_000;
/// Of which the quickest counts: what else runs on the machine only ever adds.
const ROUNDS: usize = 5;
/// So many files are stored; of parts that each one takes, the quickest counts.
const FILES: u64 = 16;

/// CPU seconds.
struct Costs {
    /// Of a file.
    storing: f64,
    rolling_up: f64,
    /// Of all files, as they come.
    merging: f64,
    /// Of all files, once their date is over.
    ending: f64,
    spans_of_all: u64,
    /// Bytes of all files of figures, once they are merged.
    figure_bytes: u64,
}

/// A table of the parts' costs, beside what a server takes in all, in microseconds a span.
pub(crate) fn measure(dir: &Path, spans: u64, in_all: f64) -> anyhow::Result<String> {
    let traffic = Traffic::new(1, START_UNIX_NANO, SPANS_A_REQUEST);
    let requests = requests_of_file(&traffic, 0, spans);
    let batches: Vec<SpanBatch> = requests
        .iter()
        .map(|request| decode(&request.body))
        .collect();
    let count = batches.iter().map(SpanBatch::rows).sum::<usize>() as f64;
    let decoding = quickest(|| {
        requests
            .iter()
            .for_each(|request| drop(black_box(decode(&request.body))));
    });
    let folding = quickest(|| {
        let rows = RollUps::default().fold(black_box(&batches), &[]);
        drop(black_box(rows.expect("rows can be written")));
    });
    let costs = of_files(dir, spans)?;
    let [merging, ending] =
        [costs.merging, costs.ending].map(|seconds| seconds * 1e6 / costs.spans_of_all as f64);
    let [decoding, storing, rolling_up, folding] =
        [decoding, costs.storing, costs.rolling_up, folding].map(|seconds| seconds * 1e6 / count);
    let mut table = "| part | CPU a span |\n|---|---:|\n".to_owned();
    let parts = [
        ("decode OTLP", decoding),
        ("append to log and memtable, flush to the table", storing),
        (
            "roll up: read, look for earlier spans, fold, store",
            rolling_up,
        ),
        ("of which fold", folding),
        ("merge files of figures as they come", merging),
        ("merge the rest, once the date is over", ending),
        ("the server in all, with some merges", in_all),
    ];
    for (name, micros) in parts {
        writeln!(table, "| {name} | {micros:.2} µs |")?;
    }
    // It merges some files meanwhile: to take out all merges makes the shares no smaller than they are.
    let without = in_all - rolling_up - merging - ending;
    let merging = merging + ending;
    let rows = RollUps::default().fold(&batches, &[])?;
    writeln!(
        table,
        "\nRollups add {:.1} % to what the server takes without them (goal: 10 %), and merges of their files \
         {:.1} %; {:.0} % and {:.0} % to decoding and storing alone. {count} spans became {} rows of `red` and \
         {} of `edges`, which took {:.1} bytes a span once merged.",
        100.0 * rolling_up / without,
        100.0 * merging / without,
        100.0 * rolling_up / (decoding + storing),
        100.0 * merging / (decoding + storing),
        rows.red.num_rows(),
        rows.edges.num_rows(),
        costs.figure_bytes as f64 / costs.spans_of_all as f64,
    )?;
    Ok(table)
}

/// The requests of about so many spans, which become a file.
fn requests_of_file(traffic: &Traffic, file: u64, spans: u64) -> Vec<Request> {
    let requests = spans / SPANS_A_REQUEST as u64;
    let numbers = file * requests..(file + 1) * requests;
    numbers.map(|number| traffic.request(number)).collect()
}

fn quickest(mut part: impl FnMut()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let before = own_cpu_seconds();
        part();
        own_cpu_seconds() - before
    });
    rounds.fold(f64::INFINITY, f64::min)
}

/// Stores files of a date, each of so many spans, and rolls them up; then one of the next date, so
/// that all files of the first one's figures are merged.
fn of_files(dir: &Path, spans: u64) -> anyhow::Result<Costs> {
    let dir = tempfile::tempdir_in(dir)?;
    let store = Store::open(
        flushing_when_told(dir.path()),
        Some(roll_up(&RollUps::default())),
    )?;
    let mut costs = Costs {
        storing: f64::INFINITY,
        rolling_up: f64::INFINITY,
        merging: 0.0,
        ending: 0.0,
        spans_of_all: 0,
        figure_bytes: 0,
    };
    let traffic = Traffic::new(1, START_UNIX_NANO, SPANS_A_REQUEST);
    for file in 0..FILES {
        let requests = decoded(requests_of_file(&traffic, file, spans));
        let rows = requests.iter().map(|(_, batch)| batch.rows() as u64);
        costs.spans_of_all += rows.sum::<u64>();
        costs.storing = costs.storing.min(store.append_and_flush(requests)?);
        costs.rolling_up = costs.rolling_up.min(store.await_rolled_up());
        costs.merging += store.await_merged()?;
    }
    let next_date = Traffic::new(1, START_UNIX_NANO + DAY_NANO, SPANS_A_REQUEST);
    store.append_and_flush(decoded(requests_of_file(
        &next_date,
        0,
        SPANS_A_REQUEST as u64,
    )))?;
    store.await_rolled_up();
    costs.ending += store.await_merged()?;
    let (files, figure_bytes) = store.figure_files();
    costs.figure_bytes = figure_bytes;
    ensure!(
        files < 24,
        "{files} files of figures of two dates are not merged"
    );
    store.close()?;
    Ok(costs)
}

fn decoded(requests: Vec<Request>) -> Vec<(Bytes, SpanBatch)> {
    let decoded = requests.into_iter().map(|request| {
        let batch = decode(&request.body);
        (Bytes::from(request.body), batch)
    });
    decoded.collect()
}
