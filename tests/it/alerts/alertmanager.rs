//! Debian's Alertmanager.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::server::eventually;

/// A running Alertmanager that tells nobody.
pub(super) struct Alertmanager {
    /// Where it listens.
    pub(super) url: String,
    child: Child,
}

const CONFIG: &str = "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n";

impl Alertmanager {
    /// Starts it with its files in a directory; on a machine without it, none.
    pub(super) async fn start(directory: &Path) -> Option<Self> {
        let program = "prometheus-alertmanager";
        if Command::new(program).arg("--version").output().is_err() {
            let is_needed = std::env::var_os("SPANHOUSE_CLIENTS").is_some_and(|all| all == "all");
            assert!(!is_needed, "{program} is not there: run `make clients`");
            eprintln!("NOT TESTED: there is no {program} (Debian: the package of this name)");
            return None;
        }
        let config = directory.join("alertmanager.yml");
        std::fs::write(&config, CONFIG).unwrap();
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.path={}",
                directory.join("alertmanager").display()
            ))
            .arg(format!("--web.listen-address={free}"))
            .arg("--cluster.listen-address=")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let alertmanager = Self {
            url: format!("http://{free}"),
            child,
        };
        let ready = format!("{}/-/ready", alertmanager.url);
        eventually("Alertmanager is ready", async || {
            let answer = reqwest::get(&ready).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        Some(alertmanager)
    }

    /// Waits until an alert of a rule fires there, and gives its labels.
    pub(super) async fn firing(&self, rule: &str) -> Value {
        eventually("Alertmanager has the alert", async || {
            let alerts = self.alerts(rule).await;
            let active = alerts
                .iter()
                .find(|alert| alert["status"]["state"] == "active");
            active.map(|alert| alert["labels"].clone())
        })
        .await
    }

    /// Waits until no alert of a rule fires there.
    pub(super) async fn resolved(&self, rule: &str) {
        eventually("Alertmanager takes the alert to be over", async || {
            self.alerts(rule).await.is_empty().then_some(())
        })
        .await;
    }

    async fn alerts(&self, rule: &str) -> Vec<Value> {
        let answer = reqwest::get(format!("{}/api/v2/alerts", self.url)).await;
        let alerts: Value = answer.unwrap().json().await.unwrap();
        let mut alerts = alerts.as_array().unwrap().clone();
        alerts.retain(|alert| alert["labels"]["alertname"] == rule);
        alerts
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        // Both fail only for a process that has ended, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
