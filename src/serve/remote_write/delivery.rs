//! Delivers one request.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use query::EncodedWriteRequest;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Url, redirect};

use super::RemoteWriteCounters;
use super::answer::{Answer, Next, next};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// So much of a refusal is logged.
const LOGGED_BYTES: usize = 512;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    Delivered,
    /// The receiver will never take it.
    Refused,
    /// It was not taken after all attempts.
    GivenUp,
}

/// Where requests go.
#[derive(Debug)]
pub(super) struct Receiver {
    client: Client,
    url: Url,
    counters: Arc<RemoteWriteCounters>,
    /// What was logged last, so that a fault that lasts is logged once.
    last: Delivery,
}

impl Receiver {
    pub(super) fn new(url: Url, counters: Arc<RemoteWriteCounters>) -> reqwest::Result<Self> {
        let client = Client::builder()
            .user_agent(concat!("spanhouse/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self {
            client,
            url,
            counters,
            last: Delivery::Delivered,
        })
    }

    /// Sends a request until it is taken, refused, or was sent often enough.
    pub(super) async fn deliver(&mut self, request: &EncodedWriteRequest) -> Delivery {
        let compressed = snap::raw::Encoder::new().compress_vec(&request.bytes);
        let body = Bytes::from(compressed.expect("a request is far below 4 GiB"));
        let mut attempt = 1;
        loop {
            let (step, said) = self.attempt(body.clone(), attempt).await;
            match step {
                Next::Done => {
                    let samples = request.samples as u64;
                    self.counters.samples.fetch_add(samples, Relaxed);
                    return self.ended(Delivery::Delivered, &said);
                }
                Next::Refused => return self.ended(Delivery::Refused, &said),
                Next::GiveUp => return self.ended(Delivery::GivenUp, &said),
                Next::Again(wait) => {
                    tokio::time::sleep(wait).await;
                    self.counters.retries.fetch_add(1, Relaxed);
                    attempt += 1;
                }
            }
        }
    }

    /// What to do next, and what the receiver said.
    async fn attempt(&self, body: Bytes, attempt: u32) -> (Next, String) {
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/x-protobuf")
            .header(CONTENT_ENCODING, "snappy")
            .header("X-Prometheus-Remote-Write-Version", "0.1.0")
            .body(body);
        match request.send().await {
            Ok(response) => {
                let retry_after = response.headers().get(RETRY_AFTER);
                let retry_after = retry_after.and_then(|value| value.to_str().ok());
                let status = response.status();
                let step = next(Answer::Status(status, retry_after), attempt);
                let said = match step {
                    Next::Done => String::new(),
                    Next::Refused | Next::Again(_) | Next::GiveUp => beginning(response).await,
                };
                (step, format!("{status} {said}"))
            }
            // The URL may hold a password.
            Err(error) => (next(Answer::None, attempt), error.without_url().to_string()),
        }
    }

    /// Counts the end of a request, and logs it when the one before ended otherwise.
    fn ended(&mut self, delivery: Delivery, said: &str) -> Delivery {
        let counter = match delivery {
            Delivery::Delivered => &self.counters.delivered,
            Delivery::Refused => &self.counters.refused,
            Delivery::GivenUp => &self.counters.given_up,
        };
        counter.fetch_add(1, Relaxed);
        if delivery != self.last {
            match delivery {
                Delivery::Delivered => tracing::info!("remote write is taken again"),
                Delivery::Refused => tracing::warn!(said, "remote write is refused"),
                Delivery::GivenUp => tracing::warn!(said, "remote write is not taken"),
            }
            self.last = delivery;
        }
        delivery
    }
}

/// The beginning of an answer's body; it may be of any length.
async fn beginning(mut response: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < LOGGED_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        bytes.extend_from_slice(&chunk);
    }
    bytes.truncate(LOGGED_BYTES);
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::Router;
    use axum::extract::State;
    use axum::http::{HeaderMap, StatusCode};
    use axum::response::IntoResponse;
    use axum::routing::post;

    use super::*;

    /// Bodies and their encodings, as they came.
    type Taken = Arc<Mutex<Vec<(Vec<u8>, String)>>>;

    /// A receiver that is busy at first, then answers with `status`.
    async fn receiver(status: StatusCode) -> (Url, Taken) {
        let taken = Taken::default();
        let answer = move |State(taken): State<Taken>, headers: HeaderMap, body: Bytes| async move {
            let mut taken = taken.lock().expect("no test panics with it");
            let encoding = headers
                .get(CONTENT_ENCODING)
                .map(|value| value.as_bytes().to_vec());
            let encoding = String::from_utf8(encoding.unwrap_or_default()).expect("a text");
            taken.push((body.to_vec(), encoding));
            match taken.len() {
                1 => (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "0")]).into_response(),
                _ => status.into_response(),
            }
        };
        let routes = Router::new()
            .route("/write", post(answer))
            .with_state(Arc::clone(&taken));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let url = Url::parse(&format!("http://{address}/write")).expect("a URL");
        (url, taken)
    }

    async fn check(status: StatusCode, expect: Delivery, expect_samples: u64) {
        drop(rustls::crypto::ring::default_provider().install_default());
        let (url, taken) = receiver(status).await;
        let counters = Arc::new(RemoteWriteCounters::default());
        let mut receiver = Receiver::new(url, Arc::clone(&counters)).expect("a client");
        let request = EncodedWriteRequest {
            bytes: vec![7; 1_000],
            samples: 3,
        };
        assert_eq!(receiver.deliver(&request).await, expect);
        let taken = taken.lock().expect("no test panics with it");
        assert_eq!(taken.len(), 2, "a busy receiver is asked again");
        for (body, encoding) in taken.iter() {
            let body = snap::raw::Decoder::new()
                .decompress_vec(body)
                .expect("Snappy");
            assert_eq!((body, encoding.as_str()), (request.bytes.clone(), "snappy"));
        }
        let counted = [
            &counters.retries,
            &counters.samples,
            &counters.delivered,
            &counters.refused,
        ];
        let is_delivered = u64::from(expect == Delivery::Delivered);
        let expect = [1, expect_samples, is_delivered, 1 - is_delivered];
        assert_eq!(counted.map(|counter| counter.load(Relaxed)), expect);
    }

    #[tokio::test]
    async fn a_busy_receiver_is_asked_again() {
        check(StatusCode::NO_CONTENT, Delivery::Delivered, 3).await;
    }

    #[tokio::test]
    async fn what_is_refused_is_not_sent_again() {
        check(StatusCode::BAD_REQUEST, Delivery::Refused, 0).await;
    }
}
