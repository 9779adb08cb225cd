//! A receiver of webhooks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::server::PATIENCE;

/// A server that keeps what it is sent until it is asked for.
pub(super) struct Webhook {
    /// Where it listens.
    pub(super) url: String,
    messages: Mutex<mpsc::Receiver<Value>>,
    serving: JoinHandle<()>,
}

impl Webhook {
    /// Starts one that answers the first requests with 500.
    pub(super) async fn refusing(requests: usize) -> Self {
        let (sender, messages) = mpsc::channel(100);
        let left = Arc::new(AtomicUsize::new(requests));
        let take = move |body: Bytes| async move {
            let refuse = |left: usize| left.checked_sub(1);
            let refused = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refuse);
            if refused.is_ok() {
                return StatusCode::INTERNAL_SERVER_ERROR;
            }
            let message = serde_json::from_slice(&body).unwrap();
            sender.send(message).await.unwrap();
            StatusCode::OK
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(take));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            messages: Mutex::new(messages),
            serving,
        }
    }

    /// Waits for the next message that was taken.
    pub(super) async fn next(&self) -> Value {
        let mut messages = self.messages.lock().await;
        let message = timeout(PATIENCE, messages.recv()).await;
        message.expect("a message comes in time").unwrap()
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
