//! Starting servers.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::log::Log;
use super::{Ended, Server, eventually};

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_spanhouse");

/// The flags of all listeners, and the words by which their addresses are printed.
const LISTENERS: [&str; 9] = [
    "otlp-grpc",
    "otlp-http",
    "zipkin",
    "jaeger-http",
    "jaeger-grpc",
    "jaeger-udp-compact",
    "jaeger-udp-binary",
    "skywalking-grpc",
    "http",
];

/// How to start a server; starting it again is a restart.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    data_dir: PathBuf,
    flags: BTreeMap<String, String>,
    environment: Vec<(String, String)>,
}

impl Launch {
    /// Everything by default, but for the ports, which are any free ones of this machine alone.
    pub(crate) fn in_directory(data_dir: impl Into<PathBuf>) -> Self {
        let launch = Self {
            data_dir: data_dir.into(),
            flags: BTreeMap::new(),
            environment: Vec::new(),
        };
        LISTENERS
            .into_iter()
            .fold(launch, |launch, flag| launch.set(flag, "127.0.0.1:0"))
    }

    /// Sets a setting by its flag without dashes; the last value counts.
    pub(crate) fn set(mut self, flag: &str, value: &str) -> Self {
        self.flags.insert(flag.to_owned(), value.to_owned());
        self
    }

    /// Switches fail points on.
    pub(crate) fn fail_points(mut self, points: &str) -> Self {
        self.environment
            .push(("FAILPOINTS".to_owned(), points.to_owned()));
        self
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn start(&self) -> Server {
        let mut server = self.spawn().await;
        server.ready().await;
        server
    }

    /// Starts it and waits until it listens.
    pub(crate) async fn spawn(&self) -> Server {
        let mut server = self.run();
        let listens = eventually("the addresses are printed", async || {
            if let Some(status) = server.ended() {
                panic!(
                    "ended with {status} before it listened:\n{}",
                    server.log.when_closed()
                );
            }
            // The last line is the signal that the others are there.
            server.log.line("try")?;
            let url = |word: &str| {
                let line = server.log.line(word)?;
                line.split(' ').next().map(str::to_owned)
            };
            Some(LISTENERS.map(|word| url(word).unwrap_or_default()))
        });
        let [
            otlp_grpc,
            otlp_http,
            zipkin,
            jaeger_http,
            jaeger_grpc,
            jaeger_udp_compact,
            jaeger_udp_binary,
            skywalking_grpc,
            api,
        ] = listens.await;
        let host_and_port = |url: &str| url.replace("udp://", "");
        (server.otlp_grpc, server.otlp_http) = (otlp_grpc, otlp_http);
        (server.zipkin, server.skywalking_grpc) = (zipkin, skywalking_grpc);
        (server.jaeger_http, server.jaeger_grpc) = (jaeger_http, jaeger_grpc);
        server.jaeger_udp_compact = host_and_port(&jaeger_udp_compact);
        server.jaeger_udp_binary = host_and_port(&jaeger_udp_binary);
        server.api = api;
        server
    }

    /// Starts it and waits until it ends by itself, which a server that cannot start does.
    pub(crate) async fn refused(&self) -> Ended {
        self.run().end().await
    }

    fn run(&self) -> Server {
        // The first test of a process installs it for all clients.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut child = command()
            .arg("serve")
            .arg(format!("--data-dir={}", self.data_dir.display()))
            .args(
                self.flags
                    .iter()
                    .map(|(flag, value)| format!("--{flag}={value}")),
            )
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = Box::new(child.stdout.take().unwrap()) as Box<dyn Read + Send>;
        let stderr = Box::new(child.stderr.take().unwrap()) as Box<dyn Read + Send>;
        Server {
            child,
            log: Log::of(vec![stdout, stderr]),
            http: reqwest::Client::new(),
            otlp_grpc: String::new(),
            otlp_http: String::new(),
            zipkin: String::new(),
            jaeger_http: String::new(),
            jaeger_grpc: String::new(),
            jaeger_udp_compact: String::new(),
            jaeger_udp_binary: String::new(),
            skywalking_grpc: String::new(),
            api: String::new(),
        }
    }
}

/// The binary, without the settings and fail points of the environment that the tests run in.
pub(crate) fn command() -> Command {
    let mut command = Command::new(BINARY);
    command
        .stdin(Stdio::null())
        .env_remove("FAILPOINTS")
        .env("NO_COLOR", "1");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SPANHOUSE_") {
            command.env_remove(name);
        }
    }
    command
}
