//! A server under test: the built binary with a data directory of its own, on free ports.

mod launch;
mod log;

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

pub(crate) use launch::{Launch, command};
use log::Log;

/// How long anything may take before a test gives up: far longer than on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(10);

/// Waits until `attempt` gives something, and fails the test when it does not within `PATIENCE`.
pub(crate) async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    let mut ticks = tokio::time::interval(POLL);
    loop {
        ticks.tick().await;
        if let Some(found) = attempt().await {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
    }
}

/// A process that runs until it is killed, told to stop, or dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    log: Log,
    http: reqwest::Client,
    /// URL of the OTLP gRPC receiver.
    pub(crate) otlp_grpc: String,
    /// URL of the OTLP HTTP receiver.
    pub(crate) otlp_http: String,
    /// URL of the Zipkin receiver.
    pub(crate) zipkin: String,
    /// URL of the Jaeger receiver for Thrift over HTTP.
    pub(crate) jaeger_http: String,
    /// URL of the Jaeger gRPC receiver.
    pub(crate) jaeger_grpc: String,
    /// Host and port of the Jaeger agent's UDP receiver for Thrift's compact protocol.
    pub(crate) jaeger_udp_compact: String,
    /// Host and port of the Jaeger agent's UDP receiver for Thrift's binary protocol.
    pub(crate) jaeger_udp_binary: String,
    /// URL of the SkyWalking gRPC receiver.
    pub(crate) skywalking_grpc: String,
    /// URL of the HTTP API.
    pub(crate) api: String,
}

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The answer as it came.
    pub(crate) async fn of(response: reqwest::Response) -> reqwest::Result<Self> {
        Ok(Self {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await?,
        })
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value, or an empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Server {
    /// Gets a path of the HTTP API, with `Accept` when it is not empty.
    pub(crate) async fn try_get(&self, path: &str, accept: &str) -> reqwest::Result<Answer> {
        let mut request = self.http.get(format!("{}{path}", self.api));
        if !accept.is_empty() {
            request = request.header("accept", accept);
        }
        Answer::of(request.send().await?).await
    }

    /// Gets a path of the HTTP API.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_get(path, "").await.unwrap()
    }

    /// Gets a path and asserts that it is there.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Posts to the OTLP HTTP receiver.
    pub(crate) async fn post(
        &self,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> reqwest::Result<Answer> {
        let request = self.http.post(format!("{}/v1/traces", self.otlp_http));
        let request = request
            .header("content-type", content_type)
            .body(body.into());
        Answer::of(request.send().await?).await
    }

    /// A figure of `/metrics`, summed over its labels.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await.text();
        let of_name = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let is_whole_name = rest.starts_with([' ', '{']);
            is_whole_name.then(|| rest.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        });
        let values: Vec<f64> = of_name.collect();
        assert!(!values.is_empty(), "no metric {name}");
        values.iter().sum()
    }

    /// Waits until it takes spans and answers queries.
    pub(crate) async fn ready(&mut self) {
        let start = Instant::now();
        let mut ticks = tokio::time::interval(POLL);
        loop {
            ticks.tick().await;
            if let Ok(answer) = self.try_get("/readyz", "").await
                && answer.status == 200
            {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "ended before it was ready: {ended:?}\n{}",
                self.log.text()
            );
            assert!(start.elapsed() < PATIENCE, "not ready\n{}", self.log.text());
        }
    }

    /// Waits until nothing is left in memory that is not in the table.
    pub(crate) async fn flushed(&self) {
        eventually("everything is flushed", async || {
            (self.metric("spanhouse_memory_spans").await == 0.0).then_some(())
        })
        .await;
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// What it has written to its log so far.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, then waits for the end.
    pub(crate) async fn terminate(self) -> Ended {
        let told = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status();
        assert!(told.unwrap().success());
        self.end().await
    }

    /// Waits until it ends by itself.
    pub(crate) async fn end(mut self) -> Ended {
        let status = eventually("the server ends", async || self.ended()).await;
        Ended {
            status,
            log: self.log.when_closed(),
        }
    }
}

/// A server that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// Everything that it wrote, standard output and error.
    pub(crate) log: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a process that has ended, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("--- log of the server ---\n{}", self.log.tail());
        }
    }
}
