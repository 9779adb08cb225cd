//! `spanhouse red [SERVICE]`: asks a running server for figures and prints them as a table.

mod document;
mod sparkline;
mod table;

use anyhow::Context;
use reqwest::Url;

use super::UsageError;
use super::api;
use super::arguments::RedArguments;
use super::terminal::Terminal;
use document::RedDocument;

/// Fetches and prints the figures.
///
/// # Errors
/// A server that cannot be right ([`UsageError`]) or reached, a range or
/// dimension that it does not know, an answer that is no figures.
pub(super) fn run(arguments: &RedArguments) -> anyhow::Result<()> {
    let url = red_url(arguments)?;
    let body = super::runtime()?.block_on(api::fetch(&url))?;
    if arguments.json {
        return super::print(&body);
    }
    let document: RedDocument = serde_json::from_str(&body)
        .with_context(|| format!("the answer of {url} is not figures"))?;
    let title = title(arguments);
    super::print(&table::draw(&document, &title, Terminal::of_stdout()))
}

fn red_url(arguments: &RedArguments) -> Result<String, UsageError> {
    let base = api::url(&arguments.server, "red")?;
    let default_by = match arguments.service {
        Some(_) => "operation",
        None => "service",
    };
    let from = format!("now-{}", arguments.last);
    let mut parameters = vec![
        ("from", from.as_str()),
        ("by", arguments.by.as_deref().unwrap_or(default_by)),
        ("percentiles", "50,90,99,99.9"),
    ];
    parameters.extend(arguments.service.as_deref().map(|name| ("service", name)));
    parameters.extend(arguments.exact.then_some(("exact", "true")));
    let url = Url::parse_with_params(&base, parameters).map_err(|error| {
        let server = &arguments.server;
        UsageError(format!(
            "--server {server}: {error}; an address is such as http://127.0.0.1:16686"
        ))
    })?;
    Ok(url.into())
}

fn title(arguments: &RedArguments) -> String {
    let of = arguments.service.as_deref().unwrap_or("all services");
    format!("{of}, last {}", arguments.last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> RedArguments {
        RedArguments {
            service: None,
            last: "15m".to_owned(),
            by: None,
            exact: false,
            server: "localhost:1".to_owned(),
            json: false,
        }
    }

    #[test]
    fn questions_are_written_as_addresses() {
        let check = |arguments: &RedArguments, expect: &str| {
            let url = red_url(arguments).expect("an address");
            assert_eq!(url, format!("http://localhost:1/api/v1/red?{expect}"));
        };
        let all = arguments();
        check(
            &all,
            "from=now-15m&by=service&percentiles=50%2C90%2C99%2C99.9",
        );
        let one = RedArguments {
            service: Some("结账 & co".to_owned()),
            by: Some("version,zone".to_owned()),
            exact: true,
            ..arguments()
        };
        check(
            &one,
            "from=now-15m&by=version%2Czone&percentiles=50%2C90%2C99%2C99.9\
             &service=%E7%BB%93%E8%B4%A6+%26+co&exact=true",
        );
        let elsewhere = RedArguments {
            server: "http://[".to_owned(),
            ..arguments()
        };
        assert!(red_url(&elsewhere).is_err());
    }
}
