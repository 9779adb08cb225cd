//! Calls of a shop's cart with known durations.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::server::Server;

/// Calls of `cart` by `shop`, and as many of a database by `cart`, in each lot. The n-th call takes
/// the server n ms, and the client two more.
pub(super) const CALLS: u64 = 200;
/// The calls that fail on the server's side.
pub(super) const FAILED: u64 = CALLS / 10;

const MILLIS: u64 = 1_000_000;

/// A lot of traces that began a minute before it was made.
pub(super) struct Shop {
    lot: u64,
    start: u64,
}

type MakeSpan = fn(&Shop, u64) -> Value;

impl Shop {
    pub(super) fn new(lot: u64) -> Self {
        Self {
            lot,
            start: a_minute_ago(),
        }
    }

    /// Sends all spans.
    pub(super) async fn send(&self, server: &Server) {
        let spans = |kinds: &[MakeSpan]| -> Vec<Value> {
            let calls = (1..=CALLS).flat_map(|call| kinds.iter().map(move |of| of(self, call)));
            calls.collect()
        };
        let of_service = |service: &str, spans: Vec<Value>| {
            let name = json!({"key": "service.name", "value": {"stringValue": service}});
            json!({"resource": {"attributes": [name]}, "scopeSpans": [{"spans": spans}]})
        };
        let shop = of_service("shop", spans(&[Self::client]));
        let cart = of_service("cart", spans(&[Self::server, Self::database]));
        let body = json!({"resourceSpans": [shop, cart]});
        let answer = server.post("application/json", body.to_string()).await;
        assert_eq!(answer.unwrap().status, 200);
    }

    fn client(&self, call: u64) -> Value {
        self.span(call, (1, 0), (3, "GET"), (0, call + 2))
    }

    fn server(&self, call: u64) -> Value {
        let mut span = self.span(call, (2, 1), (2, "GET /cart"), (1, call));
        if call.is_multiple_of(CALLS / FAILED) {
            span["status"] = json!({"code": 2});
        }
        span
    }

    fn database(&self, call: u64) -> Value {
        let mut span = self.span(call, (3, 2), (3, "SELECT"), (1, 1));
        let value = |text: &str| json!({"stringValue": text});
        span["attributes"] = json!([
            {"key": "db.system.name", "value": value("postgresql")},
            {"key": "db.namespace", "value": value("orders")},
        ]);
        span
    }

    /// A span that begins so many milliseconds after its trace and takes so many.
    fn span(
        &self,
        call: u64,
        (id, parent): (u64, u64),
        (kind, name): (u64, &str),
        (offset, duration): (u64, u64),
    ) -> Value {
        let start = self.start + offset * MILLIS;
        let end = start + duration * MILLIS;
        let parent = match parent {
            0 => String::new(),
            parent => format!("{parent:016x}"),
        };
        json!({
            "traceId": format!("{:032x}", self.lot * 1_000 + call),
            "spanId": format!("{id:016x}"),
            "parentSpanId": parent,
            "name": name,
            "kind": kind,
            "startTimeUnixNano": start.to_string(),
            "endTimeUnixNano": end.to_string(),
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server tells what began lately"
)]
fn a_minute_ago() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (since_epoch.as_secs() - 60) * 1_000_000_000
}
