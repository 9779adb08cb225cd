//! Debian's Prometheus.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::server::eventually;

const PROGRAM: &str = "prometheus";

/// A running Prometheus.
pub(super) struct Prometheus {
    /// Where it listens.
    pub(super) url: String,
    child: Child,
    http: reqwest::Client,
}

impl Prometheus {
    /// Starts it with its files in a directory; on a machine without it, none.
    pub(super) async fn start(directory: &Path, config: &str) -> Option<Self> {
        if Command::new(PROGRAM).arg("--version").output().is_err() {
            let is_needed = std::env::var_os("SPANHOUSE_CLIENTS").is_some_and(|all| all == "all");
            assert!(!is_needed, "{PROGRAM} is not there: run `make clients`");
            eprintln!("NOT TESTED: there is no {PROGRAM} (Debian: the package of this name)");
            return None;
        }
        drop(rustls::crypto::ring::default_provider().install_default());
        let file = directory.join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let child = Command::new(PROGRAM)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.join("prometheus").display()
            ))
            .arg(format!("--web.listen-address={free}"))
            .arg("--web.enable-remote-write-receiver")
            .arg("--enable-feature=native-histograms,exemplar-storage")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let prometheus = Self {
            url: format!("http://{free}"),
            child,
            http: reqwest::Client::new(),
        };
        let ready = format!("{}/-/ready", prometheus.url);
        eventually("Prometheus is ready", async || {
            let answer = prometheus.http.get(&ready).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        Some(prometheus)
    }

    /// The data of an answer of its API.
    pub(super) async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let url = format!("{}{path}", self.url);
        let url = reqwest::Url::parse_with_params(&url, parameters).unwrap();
        let answer: Value = self
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(
            answer["status"], "success",
            "{path} {parameters:?}: {answer}"
        );
        answer["data"].clone()
    }

    /// The values of an instant query's series, now.
    pub(super) async fn values(&self, query: &str) -> Vec<f64> {
        let data = self.get("/api/v1/query", &[("query", query)]).await;
        let series = data["result"].as_array().unwrap().iter();
        series
            .map(|series| series["value"][1].as_str().unwrap().parse().unwrap())
            .collect()
    }

    /// The exemplars of the series that a query selects.
    pub(super) async fn exemplars(&self, query: &str) -> Value {
        let all_time = [("query", query), ("start", "0"), ("end", "9999999999")];
        self.get("/api/v1/query_exemplars", &all_time).await
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Both fail only for a process that has ended, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
