//! What a receiver may take.

use std::num::NonZeroUsize;
use std::time::Duration;

use schemas::UnixNanos;

/// Tells the present.
pub type Clock = fn() -> UnixNanos;

/// Limits of the receivers. All sizes are bytes.
#[derive(Clone, Debug)]
pub struct CollectorSettings {
    /// The largest body of a request, both as sent and decompressed.
    pub max_request_bytes: usize,
    /// The bytes of requests held in memory at once: bodies, decompressed bodies and the columns
    /// made of them. Beyond it, requests are refused as busy.
    pub in_flight_bytes: usize,
    /// The open connections of one listener; further ones wait in the kernel's queue.
    pub max_connections: NonZeroUsize,
    /// The requests decoded at once.
    pub decode_threads: NonZeroUsize,
    /// Origins whose browsers may export over HTTP, such as `https://shop.example`; `*` is any.
    pub cors_allowed_origins: Vec<String>,
    /// How long a sender should wait when too much is in flight.
    pub retry_after: Duration,
    /// How long the headers of an HTTP/1 request may take, from the end of the one before.
    pub header_timeout: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
    /// How long a connection may send nothing at all.
    pub idle_timeout: Duration,
    /// How long requests in flight may go on once the server stops.
    pub drain_timeout: Duration,
}

impl Default for CollectorSettings {
    fn default() -> Self {
        Self {
            max_request_bytes: 64 << 20,
            in_flight_bytes: 256 << 20,
            max_connections: NonZeroUsize::new(4096).expect("4096 is not zero"),
            decode_threads: NonZeroUsize::new(2).expect("2 is not zero"),
            cors_allowed_origins: vec!["*".to_owned()],
            retry_after: Duration::from_secs(1),
            header_timeout: Duration::from_secs(90),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(300),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
