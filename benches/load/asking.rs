//! Asks the server what users ask, on one connection, one question at a time.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};

use super::durations::Durations;
use super::http::Connection;
use super::known::Known;
use super::machine::{PageCache, drop_page_cache};
use super::server::Server;

/// Questions of each kind that are not measured: the first ones read footers.
const WARM_UP: usize = 20;
/// Starts of the server after each of which one trace is looked up.
const COLD_STARTS: usize = 5;
/// Look-ups before each of which the page cache is dropped.
const UNCACHED_LOOKUPS: usize = 50;

/// How many questions of a kind are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) lookups: usize,
    pub(crate) searches: usize,
}

/// The answers' times, by question.
#[derive(Debug)]
pub(crate) struct Answers {
    /// The first look-up of a fresh process that finds nothing in the page cache.
    pub(crate) first_lookup: Durations,
    /// Look-ups of a process that knows its files, none of whose pages are in the page cache.
    pub(crate) uncached_lookup: Durations,
    pub(crate) page_cache: PageCache,
    pub(crate) lookup: Asked,
    pub(crate) absent: Asked,
    pub(crate) service: Asked,
    pub(crate) service_and_status: Asked,
    pub(crate) needle: Asked,
    pub(crate) services: Asked,
    /// The most memory of the process that answered.
    pub(crate) peak_resident_bytes: u64,
}

/// One kind of question.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) took: Durations,
    /// How many found anything.
    pub(crate) found: usize,
    pub(crate) questions: usize,
    /// CPU time of the server for each, in milliseconds.
    pub(crate) cpu_ms: f64,
}

/// Starts the server on what is stored in `dir`, asks everything, and stops it.
pub(crate) fn ask(
    binary: &Path,
    dir: &Path,
    known: &Known,
    counts: Counts,
) -> anyhow::Result<Answers> {
    ensure!(
        !known.trace_ids.is_empty(),
        "nothing was sent that could be asked for"
    );
    let mut first_lookup = Durations::default();
    let mut page_cache = PageCache::Kept;
    let mut server = Server::start(binary, dir)?;
    for path in traces(known).step_by(7).take(COLD_STARTS) {
        server.stop()?;
        server = Server::start(binary, dir)?;
        let mut connection = Connection::open(&server.http)?;
        page_cache = drop_page_cache();
        let (took, _) = timed(&mut connection, &path, 200)?;
        first_lookup.append(took);
    }
    let mut asker = Asker {
        connection: Connection::open(&server.http)?,
        server: &server,
    };
    let mut uncached_lookup = Durations::default();
    for path in traces(known).step_by(11).take(UNCACHED_LOOKUPS) {
        drop_page_cache();
        let (took, _) = timed(&mut asker.connection, &path, 200)?;
        uncached_lookup.append(took);
    }
    let searches = |tags: Option<(&'static str, &'static str)>| {
        let services = known.services.iter().cycle();
        services
            .map(move |service| search(service, tags))
            .take(counts.searches + WARM_UP)
    };
    let needles = known.rare_customers.iter().cycle();
    let needles = needles.map(|(service, user)| search(service, Some(("user.id", user))));
    let answers = Answers {
        first_lookup,
        uncached_lookup,
        page_cache,
        lookup: asker.ask(traces(known).take(counts.lookups + WARM_UP), 200)?,
        absent: asker.ask(absent_traces().take(counts.lookups + WARM_UP), 404)?,
        service: asker.ask(searches(None), 200)?,
        service_and_status: asker.ask(searches(Some(("http.response.status_code", "500"))), 200)?,
        needle: asker.ask(needles.take(counts.searches + WARM_UP), 200)?,
        services: asker.ask(
            (0..counts.searches + WARM_UP).map(|_| "/api/services".to_owned()),
            200,
        )?,
        peak_resident_bytes: server.peak_resident_bytes()?,
    };
    server.stop()?;
    Ok(answers)
}

/// All known traces again and again, neighbours in the list far apart in time.
fn traces(known: &Known) -> impl Iterator<Item = String> {
    let count = known.trace_ids.len();
    // A prime step that does not divide the count visits each id once before any a second time.
    let step = if count.is_multiple_of(37) { 41 } else { 37 };
    (0..)
        .map(move |number: usize| format!("/api/traces/{}", known.trace_ids[number * step % count]))
}

/// Ids that no trace has.
fn absent_traces() -> impl Iterator<Item = String> {
    (1_u64..).map(|number| {
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!(
            "/api/traces/{spread:016x}{:016x}",
            spread.rotate_left(29) ^ number
        )
    })
}

fn search(service: &str, tag: Option<(&str, &str)>) -> String {
    let tags = tag.map(|(key, value)| {
        let object = serde_json::json!({ key: value });
        format!("&tags={}", percent_encoded(&object.to_string()))
    });
    format!(
        "/api/traces?service={service}&limit=20{}",
        tags.unwrap_or_default()
    )
}

fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

struct Asker<'a> {
    connection: Connection,
    server: &'a Server,
}

impl Asker<'_> {
    fn ask(&mut self, paths: impl Iterator<Item = String>, status: u16) -> anyhow::Result<Asked> {
        let mut asked = Asked::default();
        let mut cpu_before = 0.0;
        for (number, path) in paths.enumerate() {
            if number == WARM_UP {
                cpu_before = self.server.cpu_seconds()?;
            }
            let (took, body) = timed(&mut self.connection, &path, status)?;
            if number >= WARM_UP {
                asked.took.append(took);
                asked.questions += 1;
                asked.found += usize::from(has_data(&body)?);
            }
        }
        let cpu = self.server.cpu_seconds()? - cpu_before;
        asked.cpu_ms = cpu * 1e3 / asked.questions.max(1) as f64;
        Ok(asked)
    }
}

fn timed(
    connection: &mut Connection,
    path: &str,
    status: u16,
) -> anyhow::Result<(Durations, Vec<u8>)> {
    let started = Instant::now();
    let answer = connection.get(path)?;
    let mut took = Durations::default();
    took.add(started.elapsed());
    let told = || {
        format!(
            "{path}: status {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        )
    };
    ensure!(answer.status == status, told());
    Ok((took, answer.body))
}

/// Whether Jaeger's envelope holds anything.
fn has_data(body: &[u8]) -> anyhow::Result<bool> {
    let envelope: serde_json::Value = serde_json::from_slice(body).context("no JSON")?;
    let data = envelope.get("data").and_then(serde_json::Value::as_array);
    Ok(data.is_some_and(|data| !data.is_empty()))
}
