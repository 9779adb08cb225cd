//! The server under load: a process of its own, as users run it.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::clock::pause;
use super::http::Connection;
use super::usage;

const READY_WITHIN: Duration = Duration::from_secs(120);
const STOPPED_WITHIN: Duration = Duration::from_secs(120);
/// Longer than spans may wait in memory by default, or than what is stored may take to be rolled up.
const DONE_WITHIN: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOOK_AT_METRICS_EVERY: Duration = Duration::from_millis(500);

/// Receivers that are not measured.
const UNUSED_LISTENERS: [&str; 6] = [
    "--zipkin",
    "--jaeger-http",
    "--jaeger-grpc",
    "--jaeger-udp-compact",
    "--jaeger-udp-binary",
    "--skywalking-grpc",
];

/// A running `spanhouse serve`; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    /// Kept open: a server that prints into a closed pipe dies.
    _output: BufReader<ChildStdout>,
    /// Host and port of the OTLP HTTP receiver.
    pub(crate) otlp_http: String,
    /// Host and port of the HTTP API.
    pub(crate) http: String,
}

impl Server {
    /// Starts `binary` on `dir/data` with free ports and default settings, and returns once it is
    /// ready. Its log goes to `dir/server.log`.
    pub(crate) fn start(binary: &Path, dir: &Path) -> anyhow::Result<Self> {
        Self::start_with(binary, dir, &[])
    }

    /// As [`Self::start`], with further arguments.
    pub(crate) fn start_with(
        binary: &Path,
        dir: &Path,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(dir.join("server.log"))?;
        let mut command = Command::new(binary);
        command.arg("serve").arg("--data-dir").arg(dir.join("data"));
        for listener in ["--otlp-grpc", "--otlp-http", "--http"] {
            command.args([listener, "127.0.0.1:0"]);
        }
        for listener in UNUSED_LISTENERS {
            command.args([listener, "off"]);
        }
        command.args(arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut process = command
            .spawn()
            .with_context(|| binary.display().to_string())?;
        let output = process.stdout.take().context("stdout is piped")?;
        let mut server = Self {
            process,
            _output: BufReader::new(output),
            otlp_http: String::new(),
            http: String::new(),
        };
        server.read_addresses()?;
        server.await_ready()?;
        Ok(server)
    }

    fn read_addresses(&mut self) -> anyhow::Result<()> {
        while self.otlp_http.is_empty() || self.http.is_empty() {
            let mut line = String::new();
            let count = self._output.read_line(&mut line)?;
            ensure!(
                count > 0,
                "the server ended before it listened; see server.log"
            );
            let mut words = line.split_whitespace();
            let (word, url) = (words.next(), words.next().unwrap_or_default());
            let authority = url.trim_start_matches("http://").to_owned();
            match word {
                Some("otlp-http") => self.otlp_http = authority,
                Some("http") => self.http = authority,
                _ => {}
            }
        }
        Ok(())
    }

    fn await_ready(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut connection = Connection::open(&self.http)?;
        while connection.get("/readyz")?.status != 200 {
            ensure!(
                started.elapsed() < READY_WITHIN,
                "the server does not get ready"
            );
            pause(LOOK_EVERY);
        }
        Ok(())
    }

    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        usage::cpu_seconds(self.process.id())
    }

    pub(crate) fn peak_resident_bytes(&self) -> anyhow::Result<u64> {
        usage::peak_resident_bytes(self.process.id())
    }

    /// Waits until the table holds what was acknowledged, and checks that it is all.
    pub(crate) fn await_flushed(&self, spans: u64) -> anyhow::Result<()> {
        let mut connection = Connection::open(&self.http)?;
        await_zero(&mut connection, "spanhouse_memory_spans")?;
        let stored = metric(&mut connection, "spanhouse_table_spans")?;
        ensure!(
            stored == spans as f64,
            "{spans} spans were acknowledged, but the table has {stored}"
        );
        Ok(())
    }

    /// Waits until the rollups count all spans of the table.
    pub(crate) fn await_rolled_up(&self) -> anyhow::Result<()> {
        let mut connection = Connection::open(&self.http)?;
        await_zero(&mut connection, "spanhouse_unrolled_spans")
    }

    /// Tells it to stop in order and waits until it has.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let told = Command::new("kill")
            .arg(self.process.id().to_string())
            .status()?;
        ensure!(told.success(), "the server has ended already");
        let started = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait()? {
                ensure!(
                    status.success(),
                    "the server ended with {status}; see server.log"
                );
                return Ok(());
            }
            if started.elapsed() > STOPPED_WITHIN {
                bail!("the server does not stop");
            }
            pause(LOOK_EVERY);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After an orderly end both do nothing; otherwise the bench fails already.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn await_zero(connection: &mut Connection, name: &str) -> anyhow::Result<()> {
    let started = Instant::now();
    while metric(connection, name)? > 0.0 {
        ensure!(
            started.elapsed() < DONE_WITHIN,
            "{name} does not become zero; see server.log"
        );
        pause(LOOK_AT_METRICS_EVERY);
    }
    Ok(())
}

/// One sample of the server's own metrics, without labels.
fn metric(connection: &mut Connection, name: &str) -> anyhow::Result<f64> {
    let answer = connection.get("/metrics")?;
    let text = String::from_utf8(answer.body)?;
    let line = text.lines().find_map(|line| {
        let value = line.strip_prefix(name)?;
        value.strip_prefix(' ')
    });
    let value = line.with_context(|| format!("/metrics has no {name}"))?;
    Ok(value.parse()?)
}
