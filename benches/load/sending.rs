//! Sends all requests, and times how long the server takes to acknowledge them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use super::clock::pause;
use super::durations::Durations;
use super::http::Connection;
use super::traffic::Request;

/// How to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Connections, each with one request under way at a time.
    pub(crate) connections: usize,
    /// Spans a second; as fast as the server takes them if none.
    pub(crate) spans_per_second: Option<u64>,
    /// A server that is busy names a time in whole seconds; a sender at full rate asks sooner.
    pub(crate) longest_retry_pause: Duration,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    /// From the first byte sent to the last acknowledgement.
    pub(crate) wall: Duration,
    /// From the first byte of a request to its acknowledgement, retries included.
    pub(crate) acknowledged_after: Durations,
    /// Answers "busy, retry".
    pub(crate) refusals: u64,
}

/// Returns once every request is acknowledged.
///
/// # Errors
/// A refusal that is not "retry", a span that was not taken, a broken connection.
pub(crate) fn send(authority: &str, requests: &[Request], manner: Manner) -> anyhow::Result<Sent> {
    let spans: u64 = requests.iter().map(|request| request.spans).sum();
    let interval = manner.spans_per_second.map(|rate| {
        let seconds = spans as f64 / rate as f64;
        Duration::from_secs_f64(seconds / requests.len() as f64)
    });
    let queue = Queue {
        requests,
        next: AtomicUsize::new(0),
        interval,
        started: Instant::now(),
    };
    let senders = thread::scope(|scope| {
        let spawned: Vec<_> = (0..manner.connections)
            .map(|_| scope.spawn(|| send_some(authority, &queue, manner.longest_retry_pause)))
            .collect();
        let joined = spawned
            .into_iter()
            .map(|sender| sender.join().unwrap_or_else(|_| bail!("a sender panicked")));
        joined.collect::<anyhow::Result<Vec<Sent>>>()
    })?;
    let mut all = Sent {
        wall: queue.started.elapsed(),
        ..Sent::default()
    };
    for sent in senders {
        all.refusals += sent.refusals;
        all.acknowledged_after.append(sent.acknowledged_after);
    }
    Ok(all)
}

/// What is still to be sent.
struct Queue<'a> {
    requests: &'a [Request],
    next: AtomicUsize,
    interval: Option<Duration>,
    started: Instant,
}

impl<'a> Queue<'a> {
    /// The next request, once it is its turn.
    fn take(&self) -> Option<&'a Request> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let request = self.requests.get(number)?;
        if let Some(interval) = self.interval {
            let turn = self.started + interval.mul_f64(number as f64);
            pause(turn.saturating_duration_since(Instant::now()));
        }
        Some(request)
    }
}

fn send_some(authority: &str, queue: &Queue<'_>, longest_pause: Duration) -> anyhow::Result<Sent> {
    let mut connection = Connection::open(authority)?;
    let mut sent = Sent::default();
    while let Some(request) = queue.take() {
        let started = Instant::now();
        while let Some(retry_after) = post(&mut connection, request)? {
            sent.refusals += 1;
            pause(retry_after.min(longest_pause));
        }
        sent.acknowledged_after.add(started.elapsed());
    }
    Ok(sent)
}

/// Posts once; when the server is busy, after what time it wants the request again.
fn post(connection: &mut Connection, request: &Request) -> anyhow::Result<Option<Duration>> {
    let answer = connection.post("/v1/traces", &request.body)?;
    match answer.status {
        200 => {
            // A full success is an empty message; anything else tells of spans that were refused.
            ensure!(
                answer.body.is_empty(),
                "not all spans were taken: {:?}",
                answer.body
            );
            Ok(None)
        }
        429 | 503 => Ok(Some(answer.retry_after.unwrap_or(Duration::MAX))),
        status => bail!("status {status}: {}", String::from_utf8_lossy(&answer.body)),
    }
}
