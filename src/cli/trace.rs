//! `spanhouse trace <ID>`: fetches one trace from a running server and prints its call tree and
//! its diagnosis.

mod diagnosis;
mod document;
mod tree;

use anyhow::Context;
use reqwest::Url;
use schemas::TraceId;

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
    let url = trace_url(&arguments.server, &arguments.id)?;
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

/// The address of a trace, which the text that MTrace or SkyWalking sent may name, too.
fn trace_url(server: &str, id: &str) -> Result<String, UsageError> {
    if let Err(error) = TraceId::of_sent(id) {
        return Err(UsageError(format!(
            "`{id}` is not a trace id ({error}): 32 or 16 hexadecimal digits are expected, such as \
             4bf92f3577b34da6a3ce929d0e0e4736, or the id by which MTrace or SkyWalking sent the trace"
        )));
    }
    let base = api::url(server, "traces")?;
    let wrong = |reason: &str| UsageError(format!("--server {server}: {reason}"));
    let mut url = Url::parse(&base).map_err(|error| wrong(&error.to_string()))?;
    let segments = url.path_segments_mut();
    let mut segments = segments.map_err(|()| wrong("a path cannot be asked for there"))?;
    segments.push(id);
    drop(segments);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_before_the_network_is_asked() {
        let url = |id| trace_url("localhost:16686", id).ok();
        let traces = "http://localhost:16686/api/v1/traces";
        for (id, path) in [
            (
                "4bf92f3577b34da6a3ce929d0e0e4736",
                "4bf92f3577b34da6a3ce929d0e0e4736",
            ),
            ("A3CE929D0E0E4736", "A3CE929D0E0E4736"),
            ("order-42", "order-42"),
            ("a/b 订单", "a%2Fb%20%E8%AE%A2%E5%8D%95"),
        ] {
            assert_eq!(url(id), Some(format!("{traces}/{path}")));
        }
        for wrong in ["", "0", &"4".repeat(129)] {
            assert_eq!(url(wrong), None, "{wrong}");
        }
    }
}
