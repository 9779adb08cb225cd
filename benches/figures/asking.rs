//! Questions for figures, one at a time on one connection.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::ensure;

use super::durations::Durations;
use super::history::{History, service};
use super::http::Connection;
use super::machine::{PageCache, drop_page_cache};
use super::server::Server;

const NANO_PER_SECOND: u64 = 1_000_000_000;

/// A question, and how fast it should be answered.
#[derive(Debug)]
pub(crate) struct Question {
    what: &'static str,
    path: String,
    goal_ms: f64,
}

/// What services want to know of a month.
pub(crate) fn of_month(history: History) -> Vec<Question> {
    let range = range(history);
    let one = service(3);
    let question = |what, parameters: String| Question {
        what,
        path: format!("/api/v1/red?{range}{parameters}"),
        goal_ms: 50.0,
    };
    vec![
        question("RED of a service", format!("&service={one}")),
        question(
            "RED of a service, by hour",
            format!("&service={one}&step=1h"),
        ),
        question("RED of all, by service", "&by=service".to_owned()),
        question(
            "RED of a service, by operation",
            format!("&service={one}&by=operation"),
        ),
        question(
            "RED of a service, by instance",
            format!("&service={one}&by=instance"),
        ),
    ]
}

/// What an operator wants to know of a day.
pub(crate) fn of_day(history: History) -> Vec<Question> {
    let range = range(history);
    let one = service(3);
    let question = |what, parameters: String| Question {
        what,
        path: format!("/api/v1/topology?{range}{parameters}"),
        goal_ms: 200.0,
    };
    vec![
        question("topology", String::new()),
        question(
            "topology around a service",
            format!("&focus={one}&up=1&down=1"),
        ),
    ]
}

fn range(history: History) -> String {
    let from = history.from / NANO_PER_SECOND;
    let to = (history.from + history.length) / NANO_PER_SECOND;
    format!("from={from}&to={to}")
}

/// Asks each question of a server that was just started, then again and again; a table of times.
pub(crate) fn ask(
    binary: &Path,
    dir: &Path,
    questions: &[Question],
    asks: usize,
) -> anyhow::Result<String> {
    let mut table = "| question | goal | first after a start | p50 | p99 | CPU | answer |\n\
                     |---|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    let mut page_cache = PageCache::Kept;
    for question in questions {
        let server = Server::start(binary, dir)?;
        let mut connection = Connection::open(&server.http)?;
        page_cache = drop_page_cache();
        let (first, bytes) = timed(&mut connection, &question.path)?;
        let cpu_before = server.cpu_seconds()?;
        let mut took = Durations::default();
        for _ in 0..asks {
            took.append(timed(&mut connection, &question.path)?.0);
        }
        let cpu_ms = (server.cpu_seconds()? - cpu_before) * 1e3 / asks.max(1) as f64;
        writeln!(
            table,
            "| {} | {} ms | {:.0} ms | {:.1} ms | {:.1} ms | {cpu_ms:.1} ms | {:.1} kB |",
            question.what,
            question.goal_ms,
            first.longest_ms(),
            took.p50_ms(),
            took.p99_ms(),
            bytes as f64 / 1e3,
        )?;
        server.stop()?;
    }
    let kept = match page_cache {
        PageCache::Dropped => "dropped",
        PageCache::Kept => "kept, as only root may drop it",
    };
    writeln!(table, "\nPage cache before the first: {kept}.")?;
    Ok(table)
}

/// How long an answer took, and its bytes.
fn timed(connection: &mut Connection, path: &str) -> anyhow::Result<(Durations, usize)> {
    let started = Instant::now();
    let answer = connection.get(path)?;
    let mut took = Durations::default();
    took.add(started.elapsed());
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(
        answer.status == 200,
        "{path}: status {}: {text}",
        answer.status
    );
    Ok((took, answer.body.len()))
}
