//! Sends numbered batches and checks what became of them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::batches::{Reply, Sender, batch, hex, trace_id};
use crate::server::{Launch, Server};

/// Spans of one batch.
pub(crate) const SPANS: u64 = 3;

/// Connections that send, half of them gRPC.
const CONNECTIONS: u64 = 4;

/// Between two attempts of a sender that was refused.
const A_MOMENT: Duration = Duration::from_millis(5);

/// Traces asked for at once.
const LOOKUPS: u64 = 6;

/// What was sent into one data directory, over all lives of its server.
#[derive(Debug)]
pub(crate) struct Ledger {
    run: u64,
    next: AtomicU64,
    acked: Mutex<BTreeSet<u64>>,
    refused: AtomicU64,
}

impl Ledger {
    pub(crate) fn new(run: u64) -> Arc<Self> {
        Arc::new(Self {
            run,
            next: AtomicU64::new(0),
            acked: Mutex::default(),
            refused: AtomicU64::new(0),
        })
    }

    /// How many batches were acknowledged.
    pub(crate) fn acked(&self) -> u64 {
        self.acked.lock().unwrap().len() as u64
    }

    /// How many batches were refused for now.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The number of the first batch that was not yet sent.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Gives up on a batch whose loss the test itself brought about.
    pub(crate) fn forget(&self, number: u64) {
        assert!(
            self.acked.lock().unwrap().remove(&number),
            "batch {number} was not acknowledged"
        );
    }

    /// Sends the next batch, and tells how that ended.
    pub(crate) async fn send(&self, sender: &mut Sender) -> Reply {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let reply = sender.send(batch(self.run, number, SPANS)).await;
        match &reply {
            Reply::Acked => {
                self.acked.lock().unwrap().insert(number);
            }
            Reply::Retry { .. } => {
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            Reply::Lost => {}
            Reply::Refused { code, message } => panic!("batch {number}: {code}: {message}"),
        }
        reply
    }

    /// Checks the batches from number `from` on; returns how many spans of them are stored.
    pub(crate) async fn check(self: &Arc<Self>, server: &Server, from: u64) -> u64 {
        let sent = self.next();
        let mut lookups = JoinSet::new();
        for first in from..from + LOOKUPS {
            let ledger = Arc::clone(self);
            let numbers = (first..sent).step_by(usize::try_from(LOOKUPS).unwrap());
            let api = server.api.clone();
            lookups.spawn(async move {
                let client = reqwest::Client::new();
                let mut spans = 0;
                for number in numbers {
                    spans += ledger.check_batch(&client, &api, number).await;
                }
                spans
            });
        }
        lookups.join_all().await.into_iter().sum()
    }

    async fn check_batch(&self, client: &reqwest::Client, api: &str, number: u64) -> u64 {
        let id = hex(&trace_id(self.run, number));
        let answer = client
            .get(format!("{api}/api/v1/traces/{id}"))
            .send()
            .await
            .unwrap();
        let is_acked = self.acked.lock().unwrap().contains(&number);
        match answer.status().as_u16() {
            404 => {
                assert!(
                    !is_acked,
                    "batch {number} was acknowledged and is gone (trace {id})"
                );
                0
            }
            200 => {
                let trace: serde_json::Value = answer.json().await.unwrap();
                assert_eq!(
                    trace["spanCount"], SPANS,
                    "batch {number} is not whole: {trace}"
                );
                assert_eq!(
                    trace["duplicateCount"], 0,
                    "batch {number} is there more than once: {trace}"
                );
                SPANS
            }
            status => panic!("trace {id}: {status}: {}", answer.text().await.unwrap()),
        }
    }

    /// Stops the server, which moves everything into the table, and counts the table's rows: beside
    /// the batches that lookups find, there is nothing.
    pub(crate) async fn check_all(self: &Arc<Self>, server: Server, restart: &Launch) -> Server {
        let ended = server.terminate().await;
        assert!(ended.status.success(), "{}", ended.log);
        let server = restart.start().await;
        let spans = self.check(&server, 0).await;
        assert_eq!(server.metric("spanhouse_memory_spans").await, 0.0);
        assert_eq!(server.metric("spanhouse_table_spans").await, spans as f64);
        server
    }
}

/// Connections that send for as long as this lives and their server answers.
#[derive(Debug)]
pub(crate) struct Traffic {
    senders: JoinSet<()>,
    stop: CancellationToken,
}

impl Traffic {
    pub(crate) fn start(ledger: &Arc<Ledger>, server: &Server) -> Self {
        let stop = CancellationToken::new();
        let mut senders = JoinSet::new();
        for index in 0..CONNECTIONS {
            let mut sender = match index % 2 {
                0 => Sender::grpc(server),
                _ => Sender::http(server),
            };
            let ledger = Arc::clone(ledger);
            let stop = stop.clone();
            senders.spawn(async move {
                while !stop.is_cancelled() {
                    match ledger.send(&mut sender).await {
                        Reply::Lost => return,
                        Reply::Retry { .. } => tokio::time::sleep(A_MOMENT).await,
                        Reply::Acked | Reply::Refused { .. } => {}
                    }
                }
            });
        }
        Self { senders, stop }
    }

    /// Waits for what is in flight; fails if a sender failed.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.senders.join_all().await;
    }
}
