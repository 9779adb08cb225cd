//! The figures as Markdown, to be pasted into `benches/README.md`.

use std::fmt::{self, Display, Formatter};

use super::asking::{Answers, Asked};
use super::durations::Durations;
use super::ingest::{Ingested, Input};
use super::machine::PageCache;

/// The head of the table that the rows of [`Report`] belong to.
pub(crate) const HEAD: &str = "\
| run | acked spans/s | server CPU-s per M spans | bytes/span on disk | peak RSS | trace by id p50 | service search | service + status 500 | needle user.id | absent id |
|---|---|---|---|---|---|---|---|---|---|";

/// Everything that a run measured.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) name: String,
    pub(crate) input: InputSize,
    pub(crate) ingested: Ingested,
    /// None when nothing was asked.
    pub(crate) answers: Option<Answers>,
}

/// The input without its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputSize {
    pub(crate) spans: u64,
    pub(crate) bytes: u64,
    pub(crate) zstd_3: f64,
    pub(crate) zstd_9: f64,
}

impl From<&Input> for InputSize {
    fn from(input: &Input) -> Self {
        Self {
            spans: input.spans,
            bytes: input.bytes,
            zstd_3: input.zstd_3,
            zstd_9: input.zstd_9,
        }
    }
}

impl Report {
    /// One row of the table of goals.
    pub(crate) fn row(&self) -> String {
        let spans = self.input.spans as f64;
        let ingested = &self.ingested;
        let p50 = |of: fn(&Answers) -> &Asked| {
            let answers = self.answers.as_ref();
            answers.map_or("–".to_owned(), |answers| {
                format!("{:.2} ms", of(answers).took.p50_ms())
            })
        };
        format!(
            "| {} | {:.1}k | {:.2} | {:.1} | {:.2} GB | {} | {} | {} | {} | {} |",
            self.name,
            spans / ingested.sent.wall.as_secs_f64() / 1e3,
            ingested.cpu_flushed * 1e6 / spans,
            ingested.table_bytes as f64 / spans,
            ingested.peak_resident_bytes as f64 / 1e9,
            p50(|answers| &answers.lookup),
            p50(|answers| &answers.service),
            p50(|answers| &answers.service_and_status),
            p50(|answers| &answers.needle),
            p50(|answers| &answers.absent),
        )
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.name)?;
        self.write_input(f)?;
        self.write_ingest(f)?;
        match &self.answers {
            Some(answers) => write_answers(f, answers),
            None => Ok(()),
        }
    }
}

impl Report {
    fn write_input(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let InputSize {
            spans,
            bytes,
            zstd_3,
            zstd_9,
        } = self.input;
        let per_span = bytes as f64 / spans as f64;
        writeln!(
            f,
            "- input: {spans} spans of {per_span:.0} protobuf bytes; \
             through zstd -3 / -9: {zstd_3:.1} / {zstd_9:.1} bytes/span"
        )
    }

    fn write_ingest(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Ingested { sent, .. } = &self.ingested;
        let millions = self.input.spans as f64 / 1e6;
        let wall = sent.wall.as_secs_f64();
        writeln!(
            f,
            "- acknowledged in {wall:.1} s, {:.1}k spans/s; a request p50 {:.1} ms, p99 {:.1} ms; \
             {} answers \"busy\"",
            millions * 1e3 / wall,
            sent.acknowledged_after.p50_ms(),
            sent.acknowledged_after.p99_ms(),
            sent.refusals,
        )?;
        writeln!(
            f,
            "- server CPU-s per million spans: {:.2} until acknowledged, {:.2} until flushed; sender: {:.2}",
            self.ingested.cpu_acknowledged / millions,
            self.ingested.cpu_flushed / millions,
            self.ingested.cpu_senders / millions,
        )?;
        writeln!(
            f,
            "- while sending, other processes took {:.1} CPU-s and the host {:.1} CPU-s",
            self.ingested.cpu_others.max(0.0),
            self.ingested.cpu_stolen,
        )?;
        writeln!(
            f,
            "- peak RSS {:.0} MB; on disk {:.1} MB in {} files",
            self.ingested.peak_resident_bytes as f64 / 1e6,
            self.ingested.table_bytes as f64 / 1e6,
            self.ingested.table_files,
        )
    }
}

fn write_answers(f: &mut Formatter<'_>, answers: &Answers) -> fmt::Result {
    writeln!(
        f,
        "\n| question | p50 | p99 | server CPU | found |\n|---|---|---|---|---|"
    )?;
    let dropped = match answers.page_cache {
        PageCache::Dropped => "page cache dropped",
        PageCache::Kept => "page cache kept: not root",
    };
    let cold = |f: &mut Formatter<'_>, name: &str, took: &Durations| {
        let (p50, worst) = (took.p50_ms(), took.longest_ms());
        writeln!(
            f,
            "| {name} ({dropped}) | {p50:.2} ms | worst {worst:.2} ms | | |"
        )
    };
    cold(f, "trace by id, first after a start", &answers.first_lookup)?;
    cold(f, "trace by id, later", &answers.uncached_lookup)?;
    for (name, asked) in [
        ("trace by id", &answers.lookup),
        ("absent id", &answers.absent),
        ("service, limit 20", &answers.service),
        (
            "service + status 500, limit 20",
            &answers.service_and_status,
        ),
        ("service + needle user.id, limit 20", &answers.needle),
        ("services", &answers.services),
    ] {
        let (p50, p99) = (asked.took.p50_ms(), asked.took.p99_ms());
        let Asked {
            found,
            questions,
            cpu_ms,
            ..
        } = asked;
        writeln!(
            f,
            "| {name} | {p50:.2} ms | {p99:.2} ms | {cpu_ms:.2} ms | {found} of {questions} |"
        )?;
    }
    let peak = answers.peak_resident_bytes as f64 / 1e6;
    writeln!(f, "\n- peak RSS of the process that answered: {peak:.0} MB")
}
