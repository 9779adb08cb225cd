//! Receivers: as people write them, and as they are used.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use super::chat;
use crate::rule::InvalidSetting;
use crate::units;

/// A chat is told again after this time; Alertmanager forgets alerts that are not sent again.
const DEFAULT_REPEAT: Duration = Duration::from_secs(4 * 3_600);
const ALERTMANAGER_REPEAT: Duration = Duration::from_secs(60);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Whom alerts are told to, as written in the configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiverSpec {
    /// Its name, which no other receiver has.
    pub name: String,
    /// `webhook`, `alertmanager`, `feishu`, `dingtalk`, `slack` or `breakers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it listens, with `http` or `https`.
    pub url: String,
    /// The secret with which Feishu and DingTalk want messages signed.
    pub secret: Option<String>,
    /// The body, as a Jinja template that gives JSON, in place of the built-in one.
    pub template: Option<String>,
    /// The language of built-in templates: `en` (default) or `zh`.
    pub language: Option<String>,
    /// Headers that are sent along, such as `Authorization`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How often it is told again of what still fires; `4h`, and `1m` for Alertmanager.
    pub repeat: Option<String>,
    /// How long it may take to answer; `10s` by default.
    pub timeout: Option<String>,
    /// Whether it is told of the end of alerts; true by default.
    pub send_resolved: Option<bool>,
}

impl ReceiverSpec {
    /// The names of all fields.
    pub const FIELDS: [&str; 10] = [
        "name",
        "type",
        "url",
        "secret",
        "template",
        "language",
        "headers",
        "repeat",
        "timeout",
        "send_resolved",
    ];
}

/// Whom alerts are told to.
#[derive(Clone)]
pub struct Receiver {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) repeat: Duration,
    pub(crate) timeout: Duration,
    pub(crate) tells_resolved: bool,
}

/// How a receiver is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Webhook,
    Alertmanager,
    Breakers,
    Chat(chat::Chat),
}

impl fmt::Debug for Receiver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL and the headers may hold secrets.
        let mut shown = formatter.debug_struct("Receiver");
        shown.field("name", &self.name).finish_non_exhaustive()
    }
}

impl Receiver {
    /// Checks a receiver.
    ///
    /// # Errors
    /// The first field that is wrong, with what would be right.
    pub fn check(spec: ReceiverSpec) -> Result<Self, InvalidSetting> {
        if spec.name.trim().is_empty() {
            let expected = "a name, such as `on call`";
            return Err(InvalidSetting::new("name", "it is empty", expected));
        }
        let kind = kind(&spec)?;
        let default_repeat = match kind {
            Kind::Alertmanager => ALERTMANAGER_REPEAT,
            Kind::Webhook | Kind::Breakers | Kind::Chat(_) => DEFAULT_REPEAT,
        };
        Ok(Self {
            url: url(&spec.url, &kind)?,
            headers: headers(&spec.headers)?,
            repeat: duration("repeat", spec.repeat.as_deref())?.unwrap_or(default_repeat),
            timeout: duration("timeout", spec.timeout.as_deref())?.unwrap_or(DEFAULT_TIMEOUT),
            tells_resolved: spec.send_resolved.unwrap_or(true),
            name: spec.name,
            kind,
        })
    }

    /// Its name, which no other receiver has.
    pub fn name(&self) -> &str {
        &self.name
    }
}

fn kind(spec: &ReceiverSpec) -> Result<Kind, InvalidSetting> {
    let flavour = match spec.kind.as_str() {
        "feishu" => Some(chat::Flavour::Feishu),
        "dingtalk" => Some(chat::Flavour::DingTalk),
        "slack" => Some(chat::Flavour::Slack),
        "webhook" if spec.template.is_some() => Some(chat::Flavour::Other),
        "webhook" | "alertmanager" | "breakers" => None,
        other => {
            let problem = format!("`{other}` is no type of receivers");
            let expected = "webhook, alertmanager, feishu, dingtalk, slack or breakers";
            return Err(InvalidSetting::new("type", problem, expected));
        }
    };
    let is_signed = matches!(
        flavour,
        Some(chat::Flavour::Feishu | chat::Flavour::DingTalk)
    );
    if spec.secret.is_some() && !is_signed {
        let problem = "only Feishu and DingTalk have one";
        return Err(InvalidSetting::new(
            "secret",
            problem,
            "nothing; see `headers`",
        ));
    }
    if let Some(flavour) = flavour {
        return chat::Chat::check(flavour, spec).map(Kind::Chat);
    }
    for (field, value) in [("template", &spec.template), ("language", &spec.language)] {
        if value.is_some() {
            let problem = format!("receivers of the type `{}` have none", spec.kind);
            return Err(InvalidSetting::new(field, problem, "nothing"));
        }
    }
    Ok(match spec.kind.as_str() {
        "alertmanager" => Kind::Alertmanager,
        "breakers" => Kind::Breakers,
        _ => Kind::Webhook,
    })
}

const ALERTMANAGER_PATH: &str = "/api/v2/alerts";

fn url(text: &str, kind: &Kind) -> Result<Url, InvalidSetting> {
    let expected = "an address such as https://example.com/hook";
    let wrong = |problem: &str| InvalidSetting::new("url", problem, expected);
    let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(wrong("it begins with neither http:// nor https://"));
    }
    if *kind == Kind::Alertmanager && !url.path().ends_with(ALERTMANAGER_PATH) {
        let path = format!("{}{ALERTMANAGER_PATH}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    Ok(url)
}

fn headers(given: &BTreeMap<String, String>) -> Result<HeaderMap, InvalidSetting> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let parsed = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::from_str(value),
        );
        let (Ok(name), Ok(mut value)) = parsed else {
            let problem = format!("`{name}` cannot be a header with its value");
            return Err(InvalidSetting::new(
                "headers",
                problem,
                "names and values of HTTP",
            ));
        };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn duration(field: &'static str, text: Option<&str>) -> Result<Option<Duration>, InvalidSetting> {
    let Some(text) = text else { return Ok(None) };
    let expected = "a time with its unit, such as 30s or 4h";
    let wrong = |problem| InvalidSetting::new(field, problem, expected);
    let duration = units::parse_duration(text).map_err(wrong)?;
    match duration >= Duration::from_secs(1) {
        true => Ok(Some(duration)),
        false => Err(wrong("it is below a second".to_owned())),
    }
}
