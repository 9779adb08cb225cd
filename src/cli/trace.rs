//! `spanhouse trace <ID>`: fetches one trace from a running server and prints its call tree and
//! its diagnosis.

mod diagnosis;
mod document;
mod tree;

use anyhow::Context;

use super::UsageError;
use super::api;
use super::arguments::TraceArguments;
use super::terminal::Terminal;
use diagnosis::DiagnosisDocument;
use document::TraceDocument;

/// Fetches and prints the trace.
///
/// # Errors
/// An id or server that cannot be right ([`UsageError`]), a server that cannot be reached, an
/// unknown trace, an answer that is not a trace.
pub(super) fn run(arguments: &TraceArguments) -> anyhow::Result<()> {
    let id = trace_id(&arguments.id)?;
    let url = api::url(&arguments.server, &format!("traces/{id}"))?;
    let runtime = super::runtime()?;
    let body = runtime.block_on(api::fetch(&url))?;
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
    let body = api::fetch(url).await?;
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
}
