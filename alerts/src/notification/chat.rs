//! Messages of chats, by template.

use std::collections::BTreeSet;

use minijinja::{Environment, UndefinedBehavior};
use schemas::UnixNanos;
use serde_json::{Value, json};

use super::due::Due;
use super::message::Message;
use super::receiver::ReceiverSpec;
use crate::book::{Alert, Told};
use crate::rule::InvalidSetting;

/// What a template may cost: far more than any sensible one does.
const FUEL: u64 = 1_000_000;

/// How a chat is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chat {
    pub(super) flavour: Flavour,
    pub(super) secret: Option<String>,
    /// A Jinja template that gives the body as JSON.
    template: String,
    language: &'static str,
}

/// Whose form a message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    Feishu,
    DingTalk,
    Slack,
    /// That of a template of one's own.
    Other,
}

impl Flavour {
    const fn template(self) -> &'static str {
        match self {
            Self::Feishu => include_str!("templates/feishu.json.jinja"),
            Self::DingTalk => include_str!("templates/dingtalk.json.jinja"),
            Self::Slack => include_str!("templates/slack.json.jinja"),
            Self::Other => "{{ message | tojson }}",
        }
    }
}

impl Chat {
    pub(super) fn check(flavour: Flavour, spec: &ReceiverSpec) -> Result<Self, InvalidSetting> {
        let language = match spec.language.as_deref() {
            None | Some("en") => "en",
            Some("zh") => "zh",
            Some(other) => {
                let problem = format!("there are no texts in `{other}`");
                return Err(InvalidSetting::new("language", problem, "en or zh"));
            }
        };
        let template = spec.template.as_deref().unwrap_or(flavour.template());
        let chat = Self {
            flavour,
            secret: spec.secret.clone(),
            template: template.to_owned(),
            language,
        };
        // Better now than when something burns.
        let [firing, resolved] = Message::examples();
        let tried = chat.body(&firing).and_then(|_| chat.body(&resolved));
        tried.map_err(|problem| {
            let expected = "a Jinja template that gives JSON; docs/alerts.md has examples";
            InvalidSetting::new("template", problem, expected)
        })?;
        Ok(chat)
    }

    /// The body of a message.
    pub(super) fn body(&self, message: &Message) -> Result<Value, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_fuel(Some(FUEL));
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        let render = |template: &str, context: Value| {
            let text = environment.render_str(template, context);
            text.map_err(|error| error.to_string())
        };
        let mut context = json!(message);
        context["language"] = json!(self.language);
        context["message"] = json!(message);
        for (name, template) in [
            ("title", include_str!("templates/title.jinja")),
            ("text", include_str!("templates/text.jinja")),
        ] {
            let text = render(template, context.clone())?;
            context[name] = json!(text.trim_end());
        }
        let body = render(&self.template, context)?;
        serde_json::from_str(&body).map_err(|error| format!("it gives no JSON: {error}"))
    }
}

impl Message {
    /// Messages with which templates are tried: of an alert that fires, and of one that is over.
    fn examples() -> [Self; 2] {
        let [firing, resolved] = Alert::examples();
        let message = |firing, resolved| {
            let told = Told {
                at: UnixNanos(0),
                firing: BTreeSet::new(),
            };
            let due = Due {
                rule: "example".to_owned(),
                firing,
                resolved,
                told,
            };
            Self::of("example", &due, UnixNanos(0))
        };
        [
            message(vec![firing], Vec::new()),
            message(Vec::new(), vec![resolved]),
        ]
    }
}
