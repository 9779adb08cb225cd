//! What is sent to whom; pure.

use reqwest::Url;
use schemas::UnixNanos;
use serde_json::{Value, json};

use super::chat::{Chat, Flavour};
use super::due::Due;
use super::message::{AlertJson, Message};
use super::receiver::{Kind, Receiver};
use super::signature::{self, Sha256Mac};
use crate::instant;

/// Alertmanager takes an alert to be over when it was not sent again for so many repeats.
const REPEATS_UNTIL_OVER: u32 = 4;

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) url: Url,
    pub(crate) body: Value,
}

/// The request that tells a receiver what is due.
///
/// # Errors
/// Why its template gives no body.
pub(crate) fn request(
    receiver: &Receiver,
    due: &Due,
    now: UnixNanos,
    mac: Sha256Mac,
) -> Result<Request, String> {
    let mut url = receiver.url.clone();
    let body = match &receiver.kind {
        Kind::Webhook | Kind::Breakers => json!(Message::of(&receiver.name, due, now)),
        Kind::Alertmanager => alertmanager(receiver, due, now),
        Kind::Chat(chat) => {
            let mut body = chat.body(&Message::of(&receiver.name, due, now))?;
            sign(chat, &mut url, &mut body, now, mac);
            body
        }
    };
    Ok(Request { url, body })
}

/// A list of `postableAlert`, <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>.
fn alertmanager(receiver: &Receiver, due: &Due, now: UnixNanos) -> Value {
    let over_at = instant::after(now, receiver.repeat.saturating_mul(REPEATS_UNTIL_OVER));
    let all = due.firing.iter().chain(&due.resolved);
    let alerts = all.map(|alert| {
        let shown = AlertJson::of(alert, Vec::new());
        json!({
            "labels": shown.labels,
            "annotations": {
                "description": shown.description,
                "summary": format!("{} is {} ({})", shown.metric, shown.value_text, shown.threshold_text),
            },
            "startsAt": shown.starts_at,
            "endsAt": shown.ends_at.unwrap_or_else(|| instant::rfc3339(over_at)),
        })
    });
    alerts.collect()
}

fn sign(chat: &Chat, url: &mut Url, body: &mut Value, now: UnixNanos, mac: Sha256Mac) {
    let Some(secret) = &chat.secret else { return };
    match chat.flavour {
        Flavour::Feishu => {
            let seconds = now.0.div_euclid(1_000_000_000);
            if let Some(fields) = body.as_object_mut() {
                let sign = signature::feishu(mac, seconds, secret);
                fields.insert("timestamp".to_owned(), json!(seconds.to_string()));
                fields.insert("sign".to_owned(), json!(sign));
            }
        }
        Flavour::DingTalk => {
            let millis = now.0.div_euclid(1_000_000);
            let sign = signature::dingtalk(mac, millis, secret);
            url.query_pairs_mut()
                .append_pair("timestamp", &millis.to_string())
                .append_pair("sign", &sign);
        }
        Flavour::Slack | Flavour::Other => {}
    }
}
