//! Calls of `payment` by `web`, half of which fail.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::server::Server;

/// Sends two calls for each second of a range around now, one of which fails.
pub(super) async fn send_errors(server: &Server, seconds: Range<i64>) {
    let spans = |service: &str| -> Vec<Value> {
        let seconds = seconds.clone();
        let calls = seconds.flat_map(|second| [(second, true), (second, false)]);
        let spans = calls.map(|(second, fails)| span(service, now() + second, fails));
        spans.collect()
    };
    let of_service = |service: &str| {
        let name = json!({"key": "service.name", "value": {"stringValue": service}});
        json!({"resource": {"attributes": [name]}, "scopeSpans": [{"spans": spans(service)}]})
    };
    let of_both = ["web", "payment"].map(of_service);
    let body = json!({"resourceSpans": of_both});
    let answer = server.post("application/json", body.to_string()).await;
    assert_eq!(answer.unwrap().status, 200);
}

/// The client's half of a call for `web`, the server's for `payment`.
fn span(service: &str, second: i64, fails: bool) -> Value {
    let is_client = service == "web";
    let start = second * 1_000_000_000;
    let (client, server) = ("00000000000000c1", "00000000000000a1");
    json!({
        "traceId": format!("{:032x}", second * 2 + i64::from(fails)),
        "spanId": if is_client { client } else { server },
        "parentSpanId": if is_client { "" } else { client },
        "name": "pay",
        "kind": if is_client { 3 } else { 2 },
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": (start + 5_000_000).to_string(),
        "status": {"code": if fails { 2 } else { 0 }},
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server looks at windows that end now"
)]
fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since_epoch.as_secs()).unwrap()
}
