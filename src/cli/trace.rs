//! `spanhouse trace <ID>`: fetches one trace from a running server and prints its call tree and
//! its diagnosis.

mod diagnosis;
mod document;
mod instant;
mod paint;
mod text;
mod tree;

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::StatusCode;

use super::UsageError;
use super::arguments::TraceArguments;
use super::terminal::Terminal;
use diagnosis::DiagnosisDocument;
use document::TraceDocument;

/// Time to reach the server, and time for the whole answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Characters shown of an answer that is not understood.
const SHOWN_OF_BODY: usize = 400;

/// Fetches and prints the trace.
///
/// # Errors
/// An id or server that cannot be right ([`UsageError`]), a server that cannot be reached, an
/// unknown trace, an answer that is not a trace.
pub(super) fn run(arguments: &TraceArguments) -> anyhow::Result<()> {
    let id = trace_id(&arguments.id)?;
    let url = trace_url(&arguments.server, id)?;
    let runtime = super::runtime()?;
    let body = runtime.block_on(fetch(&url))?;
    if arguments.json {
        return super::print(&body);
    }
    let document: TraceDocument = serde_json::from_str(&body)
        .with_context(|| format!("the answer of {url} is not a trace"))?;
    let terminal = Terminal::of_stdout();
    if arguments.no_diagnosis {
        return super::print(&tree::draw(&document, &[], terminal));
    }
    match runtime.block_on(fetch_diagnosis(&format!("{url}/diagnosis"))) {
        Ok(found) => {
            let tree = tree::draw(&document, &found.rows(), terminal);
            super::print(&(tree + &diagnosis::tell(&found, terminal)))
        }
        Err(error) => {
            super::print(&tree::draw(&document, &[], terminal))?;
            Err(error.context("the trace has no diagnosis; --no-diagnosis does without"))
        }
    }
}

async fn fetch_diagnosis(url: &str) -> anyhow::Result<DiagnosisDocument> {
    let body = fetch(url).await?;
    serde_json::from_str(&body).with_context(|| format!("the answer of {url} is not a diagnosis"))
}

fn trace_id(text: &str) -> Result<&str, UsageError> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && matches!(text.len(), 16 | 32) {
        return Ok(text);
    }
    Err(UsageError(format!(
        "`{text}` is not a trace id: 32 or 16 hexadecimal digits are expected, such as \
         4bf92f3577b34da6a3ce929d0e0e4736"
    )))
}

fn trace_url(server: &str, id: &str) -> Result<String, UsageError> {
    let base = server.trim_end_matches('/');
    match base.split_once("://") {
        None => Ok(format!("http://{base}/api/v1/traces/{id}")),
        Some(("http", _)) => Ok(format!("{base}/api/v1/traces/{id}")),
        Some((scheme, _)) => Err(UsageError(format!(
            "--server {server}: {scheme} is not spoken here, only http; \
             such as http://127.0.0.1:16686"
        ))),
    }
}

async fn fetch(url: &str) -> anyhow::Result<String> {
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        .build()?;
    let response = client
        .get(url)
        .header("accept", "application/json")
        .send()
        .await
        .with_context(|| {
            format!("cannot reach {url}; is `spanhouse serve` running? (--server says where)")
        })?;
    let status = response.status();
    let body = response.text().await?;
    match status {
        StatusCode::OK => Ok(body),
        StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => bail!("{}", told(&body)),
        _ => bail!("{url} answered {status}: {}", told(&body)),
    }
}

/// The words of an error body: its message and hint if it is the API's JSON, else itself.
fn told(body: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let part = |name: &str| json.get("error")?.get(name)?.as_str();
    let words = match (part("message"), part("hint")) {
        (Some(message), Some(hint)) => text::printable(&format!("{message}; {hint}")),
        (Some(message), None) => text::printable(message),
        (None, _) => text::printable(body),
    };
    words.chars().take(SHOWN_OF_BODY).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_before_the_network_is_asked() {
        assert!(trace_id("4bf92f3577b34da6a3ce929d0e0e4736").is_ok());
        assert!(trace_id("A3CE929D0E0E4736").is_ok());
        for wrong in ["", "4bf9", "4bf92f3577b34da6a3ce929d0e0e473g"] {
            assert!(trace_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn servers_may_omit_the_scheme_and_end_in_a_slash() {
        let url = |server| trace_url(server, "1f").map_err(|error| error.to_string());
        let expected = || Ok("http://localhost:16686/api/v1/traces/1f".to_owned());
        assert_eq!(url("http://localhost:16686/"), expected());
        assert_eq!(url("localhost:16686"), expected());
        assert!(url("https://localhost").is_err());
    }

    #[test]
    fn error_bodies_are_told_in_their_own_words() {
        let error = r#"{"error":{"code":"x","message":"unknown","hint":"look again"}}"#;
        assert_eq!(told(error), "unknown; look again");
        assert_eq!(told(r#"{"error":{"message":"unknown"}}"#), "unknown");
        assert_eq!(told("a proxy's page"), "a proxy's page");
    }
}
