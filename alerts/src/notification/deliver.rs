//! Sending a request, and judging the answer.

use std::error::Error;
use std::fmt::Write as _;

use reqwest::{Client, StatusCode};
use serde_json::Value;

use super::receiver::Receiver;
use super::request::Request;

/// So much of an answer is looked at; chats answer in a few words.
const LONGEST_ANSWER: usize = 64 << 10;

/// Sends a request, and waits until the receiver has taken it.
///
/// # Errors
/// What went wrong, without the URL, which may hold secrets.
pub(crate) async fn deliver(
    client: Client,
    receiver: Receiver,
    request: Request,
) -> Result<(), String> {
    let sending = client
        .post(request.url)
        .headers(receiver.headers)
        .timeout(receiver.timeout)
        .json(&request.body)
        .send();
    let mut response = sending.await.map_err(|error| told(&error.without_url()))?;
    let status = response.status();
    let mut answer = Vec::new();
    while answer.len() < LONGEST_ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => answer.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(told(&error.without_url())),
        }
    }
    judge(status, &answer)
}

/// An error and its causes on one line.
fn told(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, ": {error}").expect("a String takes any text");
        cause = error.source();
    }
    text
}

/// Whether an answer says that the message was taken. Feishu and DingTalk say no with status 200
/// and a code in the body.
pub(super) fn judge(status: StatusCode, answer: &[u8]) -> Result<(), String> {
    let shown = || -> String { String::from_utf8_lossy(answer).chars().take(200).collect() };
    if !status.is_success() {
        return Err(format!("it answered {status}: {}", shown()));
    }
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else {
        return Ok(());
    };
    let codes = ["code", "StatusCode", "errcode"].map(|name| answer[name].as_i64());
    match codes.into_iter().flatten().any(|code| code != 0) {
        true => Err(format!("it refused: {}", shown())),
        false => Ok(()),
    }
}
