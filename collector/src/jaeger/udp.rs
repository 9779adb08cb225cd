//! The Jaeger agent's UDP: a datagram is a call of `emitBatch`.
//!
//! Nobody is told how a datagram fared, and none comes again. What cannot be taken at once is
//! dropped and counted; the log says when that begins and when it has ended, not each time.

mod losses;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::receiver::{BudgetExhausted, Compression, ExportError, Receipt, Receiver};
use crate::{Encoding, Protocol};

use losses::{Losses, Notice};

/// Jaeger's clients send up to 65,000 bytes; IP cannot carry more than this.
const LARGEST_DATAGRAM: usize = 65_535;
/// The datagrams that are decoded or stored at once. Each holds its bytes of the budget too.
const MAX_IN_FLIGHT: usize = 1024;
/// How long receiving pauses when the system fails to receive.
const RECEIVE_PAUSE: Duration = Duration::from_millis(100);

/// How the calls in datagrams are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpProtocol {
    /// Thrift's compact protocol, by default at port 6831.
    Compact,
    /// Thrift's binary protocol, by default at port 6832.
    Binary,
}

impl UdpProtocol {
    const fn protocol(self) -> Protocol {
        match self {
            Self::Compact => Protocol::JaegerUdpCompact,
            Self::Binary => Protocol::JaegerUdpBinary,
        }
    }

    const fn encoding(self) -> Encoding {
        match self {
            Self::Compact => Encoding::JaegerAgentCompact,
            Self::Binary => Encoding::JaegerAgentBinary,
        }
    }
}

/// Takes datagrams of the Jaeger agent's clients from `socket` until `shutdown`. Returns when the
/// ones in flight are stored, or the drain timeout is over.
pub async fn serve(
    socket: UdpSocket,
    receiver: Arc<Receiver>,
    protocol: UdpProtocol,
    shutdown: CancellationToken,
) {
    let mut agent = Agent::new(receiver, protocol);
    let mut buffer = vec![0; LARGEST_DATAGRAM];
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(ended) = agent.in_flight.join_next() => agent.note_ended(ended),
            received = socket.recv_from(&mut buffer) => match received {
                Ok((length, sender)) => agent.take(&buffer[..length], sender),
                Err(error) => {
                    tracing::warn!(%error, "a datagram cannot be received");
                    tokio::time::sleep(RECEIVE_PAUSE).await;
                }
            },
        }
    }
    drop(socket);
    agent.drain().await;
}

type Ended = Result<(Result<Receipt, ExportError>, SocketAddr), tokio::task::JoinError>;

struct Agent {
    receiver: Arc<Receiver>,
    protocol: UdpProtocol,
    in_flight: JoinSet<(Result<Receipt, ExportError>, SocketAddr)>,
    /// Datagrams for which there was no room.
    dropped: Losses,
    /// Datagrams that nobody could read.
    malformed: Losses,
}

impl Agent {
    fn new(receiver: Arc<Receiver>, protocol: UdpProtocol) -> Self {
        Self {
            receiver,
            protocol,
            in_flight: JoinSet::new(),
            dropped: Losses::default(),
            malformed: Losses::default(),
        }
    }

    /// Begins to store a datagram, or drops it.
    fn take(&mut self, datagram: &[u8], sender: SocketAddr) {
        let admitted = if self.in_flight.len() < MAX_IN_FLIGHT {
            self.receiver.admit(datagram)
        } else {
            Err(self.receiver.busy(BudgetExhausted))
        };
        let received = match admitted {
            Ok(received) => received,
            Err(error) => return self.note(Err(error), sender),
        };
        let receiver = Arc::clone(&self.receiver);
        let protocol_and_encoding = (self.protocol.protocol(), self.protocol.encoding());
        self.in_flight.spawn(async move {
            let result = receiver
                .export(protocol_and_encoding, Compression::Identity, received)
                .await;
            (result, sender)
        });
    }

    fn note_ended(&mut self, ended: Ended) {
        match ended {
            Ok((result, sender)) => self.note(result, sender),
            Err(error) => {
                tracing::error!(%error, "storing a datagram failed");
                self.receiver
                    .count_failure(self.protocol.protocol(), &ExportError::Internal);
            }
        }
    }

    /// Counts how a datagram ended, and tells the log when that is news.
    fn note(&mut self, result: Result<Receipt, ExportError>, sender: SocketAddr) {
        let protocol = self.protocol.protocol();
        self.receiver.count(protocol, &result);
        let now = Instant::now();
        match result {
            Ok(receipt) => {
                if receipt.rejected > 0 {
                    tracing::debug!(%sender, protocol = protocol.name(), reason = receipt.message, "spans of a datagram were refused");
                }
                let lost = self.dropped.note_success(now);
                tell(lost, protocol, "no datagrams are dropped any more");
                let lost = self.malformed.note_success(now);
                tell(lost, protocol, "no malformed datagrams come any more");
            }
            Err(
                error @ (ExportError::Busy { .. }
                | ExportError::Unavailable { .. }
                | ExportError::Internal),
            ) => {
                if self.dropped.note_loss(now) == Some(Notice::Begins) {
                    tracing::warn!(
                        protocol = protocol.name(),
                        ?error,
                        "datagrams are dropped; see the metrics for how many"
                    );
                }
            }
            Err(error) => {
                if self.malformed.note_loss(now) == Some(Notice::Begins) {
                    tracing::warn!(protocol = protocol.name(), %sender, ?error, "malformed datagrams come; see the metrics for how many");
                }
            }
        }
    }

    async fn drain(mut self) {
        let timeout = self.receiver.settings().drain_timeout;
        let finish = async {
            while let Some(ended) = self.in_flight.join_next().await {
                self.note_ended(ended);
            }
        };
        if tokio::time::timeout(timeout, finish).await.is_err() {
            tracing::warn!(
                datagrams = self.in_flight.len(),
                "datagrams were still being stored and are given up"
            );
            self.in_flight.shutdown().await;
        }
    }
}

fn tell(notice: Option<Notice>, protocol: Protocol, message: &'static str) {
    if let Some(Notice::Ended { lost }) = notice {
        tracing::info!(protocol = protocol.name(), lost, message);
    }
}

#[cfg(test)]
mod tests;
