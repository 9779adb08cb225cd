//! Pushing the circuit breakers to whoever acts on them.

use serde_json::json;

use super::receiver::Receiver;
use super::request::Request;
use crate::breaker::Breakers;

/// The request that tells a receiver how the breakers stand.
pub(super) fn request(receiver: &Receiver, breakers: &Breakers) -> Request {
    Request {
        url: receiver.url.clone(),
        body: json!(breakers),
    }
}
