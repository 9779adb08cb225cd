//! Asks a running server's API.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::StatusCode;

use super::{UsageError, text};

/// Time to reach the server, and time for the whole answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Characters shown of an answer that is not understood.
const SHOWN_OF_BODY: usize = 400;

/// The address of a path under `/api/v1`.
///
/// # Errors
/// [`UsageError`] for a server that is not spoken to over HTTP.
pub(super) fn url(server: &str, path: &str) -> Result<String, UsageError> {
    let base = server.trim_end_matches('/');
    match base.split_once("://") {
        None => Ok(format!("http://{base}/api/v1/{path}")),
        Some(("http", _)) => Ok(format!("{base}/api/v1/{path}")),
        Some((scheme, _)) => Err(UsageError(format!(
            "--server {server}: {scheme} is not spoken here, only http; \
             such as http://127.0.0.1:16686"
        ))),
    }
}

/// The body of the answer.
///
/// # Errors
/// A server that cannot be reached, and what it answers instead, in its own words.
pub(super) async fn fetch(url: &str) -> anyhow::Result<String> {
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
    fn servers_may_omit_the_scheme_and_end_in_a_slash() {
        let url = |server| super::url(server, "traces/1f").map_err(|error| error.to_string());
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
